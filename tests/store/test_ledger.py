"""Nothing in the ledger changes unnoticed, and what is wrong is named."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from tests.databases import tamper

from roadworthy.store import ledger
from roadworthy.store.database import Database
from roadworthy.store.ledger import Broken, Head

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_an_entry_holds_its_number_its_time_and_the_hash_of_the_one_before(
    database: Database,
) -> None:
    with database.writing() as connection:
        first = ledger.append(connection, "trained", {"model": "a"}, NOON)
        second = ledger.append(connection, "checked", {"outcome": "PASS", "n": 12, "p": 0.5}, NOON)
    assert (first.number, first.at, first.previous) == (1, "2026-05-04T12:00:00.000000Z", "0" * 64)
    assert (second.number, second.previous) == (2, first.hash)
    with database.reading() as connection:
        assert list(ledger.entries(connection)) == [first, second]
        assert ledger.head(connection) == Head(2, second.hash)
        assert ledger.verify(connection) is None
    assert second.content == {"outcome": "PASS", "n": 12, "p": 0.5}


def test_anybody_can_check_an_exported_line_with_rfc_8785_and_sha_256(database: Database) -> None:
    with database.writing() as connection:
        entry = ledger.append(connection, "note", {"é": '"\\\n\u2028', "x": [1e21, 1e-7, -0.0]})
    told = json.loads(ledger.line(entry))
    assert rfc8785.dumps(told).decode() == ledger.line(entry)
    own = told.pop("hash")
    assert sha256(rfc8785.dumps(told)).hexdigest() == own == entry.hash


def test_an_empty_ledger_is_whole(database: Database) -> None:
    with database.reading() as connection:
        assert ledger.head(connection) == Head(0, ledger.START)
        assert ledger.verify(connection) is None
        assert ledger.clock_set_back(connection) == []


def test_entries_are_found_by_kind_by_number_and_from_the_end(database: Database) -> None:
    with database.writing() as connection:
        ledger.append_all(connection, [("even" if i % 2 else "odd", {"i": i}) for i in range(9)])

    def numbers(**asked: object) -> list[int]:
        with database.reading() as connection:
            return [one.number for one in ledger.entries(connection, **asked)]  # type: ignore[arg-type]

    assert numbers(kind="even") == [2, 4, 6, 8]
    assert numbers(after=7) == [8, 9]
    assert numbers(newest=3) == [7, 8, 9]
    assert numbers(newest=2, kind="odd") == [7, 9]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET content = '{}' WHERE number = 2",
        "UPDATE ledger SET hash = hash",
        "DELETE FROM ledger WHERE number = 3",
        "DELETE FROM ledger",
        "INSERT INTO ledger VALUES (9, 'a', 'b', 'c', 'd', 'e')",
        "INSERT INTO ledger VALUES (2, 'a', 'b', 'c', 'd', 'e')",
        "INSERT OR REPLACE INTO ledger VALUES (2, 'a', 'b', 'c', 'd', 'e')",
        "REPLACE INTO ledger SELECT number, at, kind, '{}', previous, hash FROM ledger",
        "TRUNCATE ledger",
    ],
)
def test_the_database_itself_refuses_everything_but_a_next_entry(
    database: Database, statement: str
) -> None:
    of_one_kind = {"REPLACE": "SQLite", "TRUNCATE": "PostgreSQL"}
    if any(word in statement and database.kind != kind for word, kind in of_one_kind.items()):
        pytest.skip("no such statement there")
    before = _three(database)
    with pytest.raises(IntegrityError, match="the ledger only grows"), database.writing() as c:
        c.exec_driver_sql(statement)
    with database.reading() as connection:
        assert list(ledger.entries(connection)) == before


@pytest.mark.parametrize(
    ("statements", "number", "told"),
    [
        (["UPDATE ledger SET content = '{\"i\":7}' WHERE number = 2"], 2, "hash differs"),
        (["UPDATE ledger SET at = '2026-05-04T11:00:00.000000Z' WHERE number = 3"], 3, "hash"),
        (["UPDATE ledger SET kind = 'other' WHERE number = 1"], 1, "hash differs"),
        (["DELETE FROM ledger WHERE number = 2"], 2, "missing"),
        (["DELETE FROM ledger WHERE number = 1"], 1, "missing"),
        (
            [
                "DELETE FROM ledger WHERE number = 2",
                "UPDATE ledger SET number = 2 WHERE number = 3",
            ],
            2,
            "hash differs",
        ),
        (
            [
                "UPDATE ledger SET number = 9 WHERE number = 1",
                "UPDATE ledger SET number = 1 WHERE number = 2",
                "UPDATE ledger SET number = 2 WHERE number = 9",
            ],
            1,
            "hash differs",
        ),
        (
            [
                "UPDATE ledger SET number = 4 WHERE number = 3",
                "INSERT INTO ledger SELECT 3, at, kind, content, 'x', 'y' FROM ledger "
                "WHERE number = 1",
            ],
            3,
            "hash differs",
        ),
        (["INSERT INTO ledger VALUES (0, 'a', 'note', '{}', 'x', 'y')"], 1, "calls itself 0"),
        (["INSERT INTO ledger VALUES (4, 'a', 'note', '{}', 'x', 'y')"], 4, "hash differs"),
        (["UPDATE ledger SET previous = 'x' WHERE number = 2"], 2, "hash differs"),
    ],
)
def test_the_first_wrong_entry_is_named(
    database: Database, statements: list[str], number: int, told: str
) -> None:
    _three(database)
    tamper(database, *statements)
    with database.reading() as connection:
        broken = ledger.verify(connection)
    assert broken is not None
    assert broken.number == number
    assert told in broken.problem


@given(bit=st.integers(0, 7), place=st.integers(0, 10_000), column=st.integers(1, 5))
def test_any_flipped_bit_of_any_entry_is_found(
    flipped: Database, bit: int, place: int, column: int
) -> None:
    name = ("number", "at", "kind", "content", "previous", "hash")[column]
    assert flipped.file is not None
    with flipped.writing() as connection:
        (value,) = connection.exec_driver_sql(
            f"SELECT CAST({name} AS BLOB) FROM ledger WHERE number = 2"
        ).one()
        changed = bytearray(value)
        changed[place % len(value)] ^= 1 << bit
        connection.exec_driver_sql(
            f"UPDATE ledger SET {name} = CAST(? AS TEXT) WHERE number = 2", (bytes(changed),)
        )
        broken = ledger.verify(connection)
        connection.exec_driver_sql(
            f"UPDATE ledger SET {name} = CAST(? AS TEXT) WHERE number = 2", (value,)
        )
        assert ledger.verify(connection) is None
    assert broken is not None
    assert broken.number == 2


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A ledger whose triggers are gone already."""
    database = Database.open(tmp_path_factory.mktemp("flipped") / "store.db")
    _three(database)
    tamper(database)
    return database


def test_a_rewritten_entry_with_its_own_new_hash_is_found_at_the_next(database: Database) -> None:
    before = _three(database)
    _rewrite(database, before[1], "second")
    with database.reading() as connection:
        broken = ledger.verify(connection)
    assert broken == Broken(3, "it does not follow the entry before: one of the two was replaced")


def test_a_boundary_that_was_moved_is_found_although_the_hash_is_the_same(
    database: Database,
) -> None:
    with database.writing() as connection:
        one = ledger.append(connection, "note", {"a": "v", "content": {"b": 1}}, NOON)
    at, text = one.at + '","content":{"a":"v', '{"b":1}}'
    moved = ledger.Entry(1, at, "note", text, one.previous, one.hash)
    assert ledger.hash_of(moved) == one.hash
    tamper(database)
    with database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE ledger SET at = '{}', content = '{}'".format(at.replace("%", "%%"), text)
        )
        assert ledger.verify(connection) is not None


class TestAgainstAHeadThatWasKept:
    """Who holds the database can write a new, whole ledger: only a copy elsewhere tells."""

    def test_the_same_ledger_and_a_longer_one_are_whole(self, database: Database) -> None:
        _three(database)
        with database.writing() as connection:
            kept = ledger.head(connection)
            assert ledger.verify(connection, kept) is None
            ledger.append(connection, "note", {})
            assert ledger.verify(connection, kept) is None

    def test_cut_off_entries_are_found(self, database: Database) -> None:
        _three(database)
        with database.reading() as connection:
            kept = ledger.head(connection)
        tamper(database, "DELETE FROM ledger WHERE number > 1")
        with database.reading() as connection:
            assert ledger.verify(connection) is None
            broken = ledger.verify(connection, kept)
        assert broken is not None and broken.number == 2
        assert "ends after 1 entry" in broken.problem

    def test_a_ledger_that_was_written_anew_is_found(self, database: Database) -> None:
        _three(database)
        with database.reading() as connection:
            kept = ledger.head(connection)
        tamper(database, "DELETE FROM ledger")
        _three(database, "other")
        with database.reading() as connection:
            assert ledger.verify(connection) is None
            broken = ledger.verify(connection, kept)
        assert broken is not None and broken.number == 3
        assert "anew" in broken.problem


def test_a_clock_that_was_set_back_is_written_down_and_shown(database: Database) -> None:
    with database.writing() as connection:
        ledger.append(connection, "note", {}, NOON)
        ledger.append(connection, "note", {}, NOON - timedelta(hours=3))
        ledger.append(connection, "note", {}, NOON)
        assert ledger.clock_set_back(connection) == [2]
        assert ledger.verify(connection) is None
        at = [one.at for one in ledger.entries(connection)]
    assert at[1] == "2026-05-04T09:00:00.000000Z"


def test_times_of_other_zones_become_utc_and_those_of_no_zone_are_refused(
    database: Database,
) -> None:
    with database.writing() as connection:
        told = NOON.astimezone(timezone(timedelta(hours=2)))
        assert ledger.append(connection, "note", {}, told).at == "2026-05-04T12:00:00.000000Z"
        with pytest.raises(ValueError, match="time zone"):
            ledger.append(connection, "note", {}, NOON.replace(tzinfo=None))


@pytest.mark.parametrize("kind", ["", "Trained", 'a"b', "seal opened", "ünder", "a\n"])
def test_a_kind_is_a_plain_word(database: Database, kind: str) -> None:
    with database.writing() as connection, pytest.raises(ValueError, match="no kind of entry"):
        ledger.append(connection, kind, {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: 2}, b"x"])
def test_what_json_cannot_say_is_refused_before_anything_is_written(
    database: Database, value: object
) -> None:
    with database.writing() as connection:
        with pytest.raises(ValueError, match=r"."):
            ledger.append_all(connection, [("note", {}), ("note", {"x": value})])
        assert ledger.head(connection).number == 0


WRITER = """
import sys
from roadworthy.store import ledger
from roadworthy.store.database import Database
database = Database.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(sys.argv[2])):
    with database.writing() as connection:
        ledger.append(connection, "note", {"by": sys.argv[3], "i": i})
"""


def test_two_processes_at_once_make_one_whole_chain(where: str | Path) -> None:
    # the store itself is made by both at once, too
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(where), "30", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for one in writers:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in writers:
        one.communicate("\n")
        assert one.returncode == 0
    database = Database.open(where)
    with database.reading() as connection:
        assert ledger.verify(connection) is None
        found = list(ledger.entries(connection))
    database.close()
    assert [one.number for one in found] == list(range(1, 61))
    for name in "ab":
        assert [one.content["i"] for one in found if one.content["by"] == name] == list(range(30))


def _three(database: Database, word: str = "note") -> list[ledger.Entry]:
    with database.writing() as connection:
        return ledger.append_all(connection, [(word, {"i": i}) for i in range(3)], NOON)


def _rewrite(database: Database, entry: ledger.Entry, kind: str) -> None:
    new = ledger.Entry(entry.number, entry.at, kind, entry.text, entry.previous, "")
    tamper(
        database,
        f"UPDATE ledger SET kind = '{kind}', hash = '{ledger.hash_of(new)}' "
        f"WHERE number = {entry.number}",
    )
