"""Every revision that was ever released comes up to the newest with all that was in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import roadworthy.store.migrations
from roadworthy.core.errors import BadInput
from roadworthy.store import ledger
from roadworthy.store.database import Database, revision_of
from roadworthy.store.migrating import migrate
from roadworthy.store.schema import REVISION_TABLE, metadata, revisions

SCRIPTS = Path(roadworthy.store.migrations.__path__[0])


@contextmanager
def empty(where: str | Path) -> Iterator[Database]:
    """A database with nothing in it."""
    database = Database.open(where)
    with database.writing() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {REVISION_TABLE}")
        if database.kind == "PostgreSQL":
            connection.exec_driver_sql("DROP FUNCTION ledger_grows, ledger_is_kept")
    yield database
    database.close()


def test_the_revisions_follow_each_other_in_the_order_of_their_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    walked = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in walked)[::-1] == revisions()


def test_the_migrations_build_the_tables_that_the_program_works_with(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": REVISION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("revision", revisions())
def test_a_store_of_every_revision_keeps_its_rows_on_the_way_up(
    where: str | Path, revision: str
) -> None:
    with empty(where) as database:
        database.upgrade(revision)
        with database.writing() as connection:
            written = ledger.append_all(connection, [("note", {"i": i}) for i in range(3)])
            tables = sa.MetaData()
            tables.reflect(connection)
            put = {name: _a_row(connection, tables.tables[name]) for name in _others(tables)}
        old = None if revision == revisions()[-1] else _refused(where)
        assert old in (None, "store_older")
        Database.open(where, upgrade=True).close()
        with database.reading() as connection:
            assert revision_of(connection) == revisions()[-1]
            assert ledger.verify(connection) is None
            assert list(ledger.entries(connection)) == written
            for name, row in put.items():
                found = connection.execute(sa.text(f"SELECT * FROM {name}")).mappings().all()
                assert any(row.items() <= dict(one).items() for one in found), name


@pytest.mark.parametrize("fault", ["op.execute('this is no SQL')", "raise ZeroDivisionError"])
def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was(
    database: Database, tmp_path: Path, fault: str
) -> None:
    with database.writing() as connection:
        ledger.append(connection, "note", {})
        before = sorted(sa.inspect(connection).get_table_names())
    scripts = copytree(SCRIPTS, tmp_path / "scripts")
    (scripts / "versions" / "9999_bad.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{revisions()[-1]}'\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('x', sa.Integer))\n"
        "    op.execute('INSERT INTO half VALUES (1)')\n"
        "    op.add_column('artifacts', sa.Column('more', sa.Text))\n"
        f"    {fault}\n"
    )
    with pytest.raises(BadInput) as caught, database.writing() as connection:
        migrate(connection, place="here", scripts=str(scripts))
    assert caught.value.code == "migration_failed"
    assert caught.value.value == revisions()[-1]
    with database.reading() as connection:
        inspected = sa.inspect(connection)
        assert sorted(inspected.get_table_names()) == before
        assert "more" not in [column["name"] for column in inspected.get_columns("artifacts")]
        assert revision_of(connection) == revisions()[-1]
        assert ledger.verify(connection) is None
        assert ledger.head(connection).number == 1


def _others(tables: sa.MetaData) -> list[str]:
    """The tables that come with the revision, but for those that are filled by other means."""
    known = [table.name for table in tables.sorted_tables]
    return [name for name in known if name not in ("ledger", REVISION_TABLE)]


def _a_row(connection: sa.Connection, table: sa.Table) -> dict[str, Any]:
    """A row with a value in every column, whatever the table is."""
    told = {column.name: _value(connection, column) for column in table.columns}
    connection.execute(table.insert(), told)
    return told


def _value(connection: sa.Connection, column: sa.Column[Any]) -> object:
    for key in column.foreign_keys:
        return connection.execute(sa.select(key.column).limit(1)).scalar_one()
    if isinstance(column.type, sa.LargeBinary):
        return b"\x00\xff"
    return 1 if isinstance(column.type, sa.Integer) else "a" * 64


def _refused(where: str | Path) -> str:
    with pytest.raises(BadInput) as caught:
        Database.open(where)
    return caught.value.code
