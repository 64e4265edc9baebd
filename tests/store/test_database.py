"""All of a transaction is kept, or nothing; and whoever waits in vain is told why."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.databases import IMPATIENT

from roadworthy.core.errors import BadInput
from roadworthy.store import ledger
from roadworthy.store.database import Database, Patience
from roadworthy.store.schema import REVISION_TABLE, revisions


def count(database: Database) -> int:
    with database.reading() as connection:
        assert ledger.verify(connection) is None
        return ledger.head(connection).number


def note(database: Database) -> None:
    with database.writing() as connection:
        ledger.append(connection, "note", {})


class TestOpening:
    def test_a_new_store_has_the_newest_schema(self, database: Database) -> None:
        assert database.revision() == revisions()[-1]

    def test_what_was_written_is_there_when_it_is_opened_again(self, where: str | Path) -> None:
        first = Database.open(where)
        note(first)
        first.close()
        second = Database.open(where, create=False)
        assert count(second) == 1
        second.close()

    def test_a_store_that_is_not_there_is_not_made_for_whoever_only_looks(
        self, where: str | Path
    ) -> None:
        with pytest.raises(BadInput) as caught:
            Database.open(where, create=False)
        assert caught.value.code == "no_store"
        if isinstance(where, Path):
            assert not where.exists()

    def test_a_newer_store_than_the_program_is_refused(self, database: Database) -> None:
        note(database)
        _pretend(database, "9999")
        with pytest.raises(BadInput) as caught:
            Database.open(_address(database), upgrade=True)
        assert caught.value.code == "store_newer"
        assert caught.value.value == "9999"

    def test_a_ledger_that_does_not_say_its_version_is_not_built_over(
        self, database: Database
    ) -> None:
        with database.writing() as connection:
            connection.exec_driver_sql(f"DROP TABLE {REVISION_TABLE}")
        with pytest.raises(BadInput) as caught:
            Database.open(_address(database))
        assert caught.value.code == "store_broken"

    def test_a_file_that_is_no_database_is_left_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        file.write_bytes(b"not a database" * 1000)
        with pytest.raises(BadInput) as caught:
            Database.open(file)
        assert caught.value.code == "store_broken"
        assert file.read_bytes() == b"not a database" * 1000

    @pytest.mark.parametrize("address", ["postgresql://host:port/x", "postgres+nothing://x:y:z/"])
    def test_what_is_no_address_is_told(self, address: str) -> None:
        with pytest.raises(BadInput) as caught:
            Database.open(address)
        assert caught.value.code == "store_address"

    def test_no_password_is_ever_told(self) -> None:
        with pytest.raises(BadInput) as caught:
            Database.open("postgresql://ann:s3cret@127.0.0.1:1/x", patience=IMPATIENT)
        assert caught.value.code == "store_gone"
        assert "s3cret" not in f"{caught.value} {caught.value.value}"

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(BadInput) as caught:
            Database.open(tmp_path / "file" / "store.db")
        assert caught.value.code == "store_unwritable"


class TestWriting:
    def test_an_error_inside_takes_everything_back(self, database: Database) -> None:
        note(database)
        with pytest.raises(ZeroDivisionError), database.writing() as connection:
            ledger.append(connection, "note", {})
            raise ZeroDivisionError
        assert count(database) == 1

    def test_what_is_not_committed_is_seen_by_nobody(self, database: Database) -> None:
        with database.writing() as connection:
            ledger.append(connection, "note", {})
            assert count(database) == 0
        assert count(database) == 1

    def test_whoever_reads_sees_one_state_whatever_is_written_meanwhile(
        self, database: Database
    ) -> None:
        note(database)
        with database.reading() as connection:
            assert ledger.head(connection).number == 1
            note(database)
            assert ledger.head(connection).number == 1
        assert count(database) == 2

    def test_a_broken_rule_is_no_fault_of_the_database(self, database: Database) -> None:
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO artifacts VALUES ('a', 1, NULL)")

    def test_the_database_settles_what_was_committed_on_the_disk(self, database: Database) -> None:
        asked: dict[str, object] = {"synchronous_commit": "on"}
        if database.kind == "SQLite":
            asked = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        word = "PRAGMA" if database.kind == "SQLite" else "SHOW"
        with database.writing() as connection:
            for setting, value in asked.items():
                assert connection.exec_driver_sql(f"{word} {setting}").scalar() == value


class TestLocked:
    def test_a_writer_is_waited_for_and_then_told_of(self, where: str | Path) -> None:
        waits: list[float] = []
        patience = Patience(tries=4, wait_s=0.5, lock_ms=5, sleep=waits.append)
        holder, other = Database.open(where), Database.open(where, patience=patience)
        with holder.writing() as connection:
            ledger.append(connection, "note", {})
            with pytest.raises(BadInput) as caught:
                note(other)
        assert caught.value.code == "store_locked"
        assert waits == [0.5, 1.0, 2.0]
        note(other)
        assert count(other) == 2
        holder.close()
        other.close()

    def test_whoever_finishes_while_another_waits_lets_it_in(self, where: str | Path) -> None:
        holder = Database.open(where)
        turn = holder.writing()
        connection = turn.__enter__()
        ledger.append(connection, "note", {})

        def finish(_: float) -> None:
            turn.__exit__(None, None, None)

        other = Database.open(where, patience=Patience(3, 0.0, 5, finish))
        note(other)
        assert count(other) == 2
        holder.close()
        other.close()


class TestGone:
    def test_a_server_that_cannot_be_reached_is_tried_again_and_then_told_of(self) -> None:
        waits: list[float] = []
        patience = Patience(tries=3, wait_s=1.0, sleep=waits.append)
        with pytest.raises(BadInput) as caught:
            Database.open("postgresql://127.0.0.1:1/x", patience=patience)
        assert caught.value.code == "store_gone"
        assert waits == [1.0, 2.0]

    def test_a_database_that_does_not_exist_is_told_of(self, postgresql: str) -> None:
        url = sa.make_url(postgresql).set(database="nowhere")
        with pytest.raises(BadInput) as caught:
            Database.open(url.render_as_string(hide_password=False), patience=IMPATIENT)
        assert caught.value.code == "store_gone"
        assert "nowhere" in str(caught.value.value)

    def test_a_connection_that_breaks_in_the_middle_keeps_nothing(self, postgresql: str) -> None:
        database = Database.open(_fresh(postgresql))
        note(database)
        with pytest.raises(BadInput) as caught, database.writing() as connection:
            ledger.append(connection, "note", {})
            _end(database, connection)
            ledger.append(connection, "note", {})
        assert caught.value.code == "store_gone"
        assert count(database) == 1
        database.close()

    def test_a_connection_that_breaks_at_the_commit_promises_nothing(self, postgresql: str) -> None:
        database = Database.open(_fresh(postgresql))
        with pytest.raises(BadInput, match="not known whether") as caught, database.writing() as c:
            ledger.append(c, "note", {})
            _end(database, c)
        assert caught.value.code == "store_gone"
        assert count(database) == 0
        database.close()

    def test_a_file_that_was_removed_is_not_begun_anew(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        database = Database.open(file)
        note(database)
        file.unlink()
        for attempt in (database.reading, database.writing):
            with pytest.raises(BadInput) as caught, attempt():
                pass
            assert caught.value.code == "store_gone"
        assert not file.exists()

    def test_a_file_that_was_removed_in_the_middle_is_told_of(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        database = Database.open(file)
        with pytest.raises(BadInput) as caught, database.writing() as connection:
            ledger.append(connection, "note", {})
            file.unlink()
        assert caught.value.code == "store_gone"

    def test_a_file_that_was_replaced_is_told_of(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        database = Database.open(file)
        note(database)
        shutil.copy(file, tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(file)
        with pytest.raises(BadInput) as caught:
            note(database)
        assert caught.value.code == "store_gone"


class TestFull:
    def test_a_full_database_keeps_nothing_of_what_was_being_written(self, tmp_path: Path) -> None:
        database = Database.open(tmp_path / "store.db")
        note(database)
        with pytest.raises(BadInput) as caught, database.writing() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
            ledger.append_all(connection, [("note", {"x": "y" * 4_000}) for _ in range(50)])
        assert caught.value.code == "store_full"
        assert count(database) == 1

    def test_a_disk_that_takes_no_more_is_told_of(self, tmp_path: Path) -> None:
        database = Database.open(tmp_path / "store.db")
        note(database)
        # what is beyond this size cannot be written by the process, as on a full disk
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(BadInput) as caught, database.writing() as connection:
                ledger.append_all(connection, [("note", {"x": "y" * 9_000}) for _ in range(900)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.code == "store_full"
        assert count(database) == 1
        note(database)
        assert count(database) == 2

    def test_a_server_whose_disk_is_full_is_told_of(self, postgresql: str) -> None:
        database = Database.open(_fresh(postgresql))
        note(database)
        with database.writing() as connection:
            # what the server itself says: https://www.postgresql.org/docs/current/errcodes-appendix
            connection.exec_driver_sql(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "RAISE EXCEPTION 'could not extend file: No space left on device' "
                "USING ERRCODE = 'disk_full'; END $$"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER full_disk BEFORE INSERT ON artifacts EXECUTE FUNCTION full_disk()"
            )
        with pytest.raises(BadInput) as caught, database.writing() as connection:
            ledger.append(connection, "note", {})
            connection.exec_driver_sql("INSERT INTO artifacts VALUES ('a', 1, 'b')")
        assert caught.value.code == "store_full"
        assert count(database) == 1
        database.close()


def test_a_member_who_may_only_read_and_add_can_work_and_not_take_the_rules_away(
    postgresql: str,
) -> None:
    owner = Database.open(_fresh(postgresql))
    schema = owner.engine.url.query["options"]
    name = str(schema).split("=")[1]
    with owner.writing() as connection:
        for statement in (
            f"CREATE ROLE {name}_member LOGIN",
            f"GRANT USAGE ON SCHEMA {name} TO {name}_member",
            f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {name} TO {name}_member",
        ):
            connection.exec_driver_sql(statement)
    url = owner.engine.url.set(username=f"{name}_member")
    member = Database.open(url.render_as_string(hide_password=False))
    note(member)
    for statement in (
        "ALTER TABLE ledger DISABLE TRIGGER USER",
        "DROP TRIGGER ledger_is_kept ON ledger",
        "DELETE FROM ledger",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(BadInput) as caught, member.writing() as connection:
            connection.exec_driver_sql(statement)
        assert caught.value.code == "store_unwritable"
    assert count(member) == 1
    member.close()
    owner.close()


KILLED = """
import sys
from roadworthy.store import ledger
from roadworthy.store.database import Database
database = Database.open(sys.argv[1])
with database.writing() as connection:
    ledger.append_all(connection, [("note", {"i": i}) for i in range(3000)])
    print("written", flush=True)
    sys.stdin.readline()
"""


def test_a_writer_that_is_killed_leaves_nothing_and_blocks_nobody(where: str | Path) -> None:
    database = Database.open(where)
    note(database)
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(where)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"written\n"
        writer.send_signal(signal.SIGKILL)
    note(database)
    assert count(database) == 2
    database.close()


def test_a_folder_that_may_only_be_read_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "store.db"
    database = Database.open(file)
    note(database)
    database.close()
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    opened = Database.open(file, create=False)
    assert count(opened) == 1
    with pytest.raises(BadInput) as caught:
        note(opened)
    assert caught.value.code == "store_unwritable"
    opened.close()
    # nothing was put beside it either, which a folder of somebody else would refuse
    assert sorted(tmp_path.iterdir()) == before == [file]


def _fresh(postgresql: str) -> str:
    from tests.databases import fresh_schema

    return fresh_schema(postgresql)


def _address(database: Database) -> str | Path:
    return database.file or database.engine.url.render_as_string(hide_password=False)


def _pretend(database: Database, revision: str) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {REVISION_TABLE} SET version_num = '{revision}'")


def _end(database: Database, connection: sa.Connection) -> None:
    """The server ends a connection, as when it is stopped."""
    process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with database.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({process})")
