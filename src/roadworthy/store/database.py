"""The store: SQLite in the workspace, PostgreSQL for a team; one writes, and all or nothing."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.store import faults
from roadworthy.store.schema import REVISION_TABLE, revisions

FILE = "store.db"
WRITERS = 0x726F6164  # "road": the advisory lock that every writer to a PostgreSQL store takes


@dataclass(frozen=True)
class Patience:
    """How long a locked or unreachable store is waited for before the user is told."""

    tries: int = 5
    wait_s: float = 0.2
    lock_ms: int = 3_000
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Database:
    """An open store. ``place`` names it for people; no password is in it."""

    engine: Engine
    place: str
    file: Path | None = None
    inode: int | None = None
    patience: Patience = Patience()

    @staticmethod
    def open(
        where: str | Path,
        *,
        create: bool = True,
        upgrade: bool = False,
        patience: Patience | None = None,
    ) -> Database:
        """The store in a file (SQLite), or at an address ``postgresql://...``.

        A new one gets its tables; with ``upgrade`` an older one gets what it lacks.

        Raises:
            BadInput: ``no_store`` (and not ``create``), ``store_older``, ``store_newer``,
                ``store_locked``, ``store_gone``, ``store_full`` and others of `faults`.
        """
        patience = patience or Patience()
        address = str(where)
        if address.startswith("postgres"):
            database = _postgresql(address, patience)
        else:
            database = _sqlite(Path(address.removeprefix("sqlite:///")), create, patience)
        try:
            database._bring_to_head(create, upgrade)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def kind(self) -> str:
        """The name of the database system."""
        return "SQLite" if self.file else "PostgreSQL"

    def close(self) -> None:
        """Lets go of all connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""
        with self._told(), self._patiently(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that writes alone; everything is kept at the end, or nothing.

        Raises:
            BadInput: the store is locked, gone or full; nothing was written.
        """
        with self._told(), self._patiently(writing=True) as connection:
            yield connection
            self._commit(connection)

    def revision(self) -> str | None:
        """The migration that the store has; None: it is empty."""
        with self.reading() as connection:
            return revision_of(connection)

    def upgrade(self, to: str = "head") -> None:
        """Runs the migrations that are missing, all of them or none.

        Raises:
            BadInput: a migration failed, and the store is as it was.
        """
        from roadworthy.store.migrating import migrate

        with self.writing() as connection:
            migrate(connection, to, self.place)

    def _bring_to_head(self, create: bool, upgrade: bool) -> None:
        known, found = revisions(), self.revision()
        if found == known[-1]:
            return
        if (found is None and create) or (found in known and upgrade):
            self.upgrade()
            return
        if found is None:
            raise no_store(self.place)
        raise _other_revision(found, known, self.place)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the database says becomes an error for the user."""
        try:
            yield
        except DBAPIError as problem:
            error = faults.told(problem, self.place)
            if error is None:
                raise
            raise error from problem

    @contextmanager
    def _patiently(self, writing: bool) -> Iterator[Connection]:
        """A transaction that has begun. Only the beginning is tried again: nothing ran yet."""
        connection = self._begun(writing)
        try:
            yield connection
        finally:
            # what was not committed is rolled back
            with suppress(DBAPIError):
                connection.close()

    def _begun(self, writing: bool) -> Connection:
        patience = self.patience
        for left in reversed(range(patience.tries)):
            try:
                return self._begin(writing)
            except DBAPIError as problem:
                if left == 0 or faults.kind_of(problem) not in (faults.LOCKED, faults.GONE):
                    raise
            patience.sleep(patience.wait_s * 2 ** (patience.tries - 1 - left))
        raise AssertionError("the last try returns or raises")

    def _begin(self, writing: bool) -> Connection:
        self._require_same_file()
        connection = self.engine.connect()
        try:
            if self.file:
                connection = connection.execution_options(immediate=writing)
                connection.begin()
            elif writing:
                connection.begin()
                self._take_turn(connection)
            else:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                connection.begin()
        except BaseException:
            with suppress(DBAPIError):
                connection.close()
            raise
        return connection

    def _take_turn(self, connection: Connection) -> None:
        """One writer at a time: every statement after this sees all that was committed before."""
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {self.patience.lock_ms}")
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except DBAPIError as problem:
            if faults.kind_of(problem) != faults.GONE:
                raise
            raise BadInput(
                "the store went away while it was asked to keep what was written, so it is not "
                "known whether it did.",
                code="store_gone",
                where=self.place,
                next_step="When it is back, `roadworthy ledger show` says what it holds.",
            ) from problem
        self._require_same_file()

    def _require_same_file(self) -> None:
        """SQLite would go on writing to a file that was removed, and into nothing."""
        if self.file is None:
            return
        try:
            same = self.file.stat().st_ino == self.inode
        except OSError:
            same = False
        if not same:
            raise BadInput(
                "the file of the store was removed or replaced while it was in use.",
                code="store_gone",
                where=self.place,
                next_step="Put the file back, or restore a backup: `roadworthy store restore`.",
            )


def revision_of(connection: Connection) -> str | None:
    """The migration that the store has; None: it is empty.

    Raises:
        BadInput: it holds a ledger and does not say of which version.
    """
    there = sa.inspect(connection)
    if there.has_table(REVISION_TABLE):
        found = connection.exec_driver_sql(f"SELECT version_num FROM {REVISION_TABLE}").scalars()
        return next(iter(found), None)
    if there.has_table("ledger"):
        raise BadInput(
            "there is a ledger here that does not say which version it has.",
            code="store_broken",
            where=str(connection.engine.url.database),
            next_step="Restore it from a backup: `roadworthy store restore`.",
        )
    return None


def no_store(place: str) -> BadInput:
    """Nothing was ever written down there."""
    return BadInput(
        "there is no store here yet: nothing was written down.",
        code="no_store",
        where=place,
        next_step="`roadworthy train`, `check` and `certify` begin one.",
    )


def _other_revision(found: str, known: tuple[str, ...], place: str) -> RoadworthyError:
    if found in known:
        return BadInput(
            f"the store has revision {found}, and this roadworthy works with {known[-1]}.",
            code="store_older",
            where=place,
            value=found,
            next_step="Make a backup (`roadworthy store backup FILE`), then run `roadworthy store "
            "upgrade`.",
        )
    return BadInput(
        f"the store has revision {found}, which this roadworthy does not know: the newest that it "
        f"knows is {known[-1]}.",
        code="store_newer",
        where=place,
        value=found,
        next_step="Use the roadworthy that wrote it, or a newer one.",
    )


def _sqlite(file: Path, create: bool, patience: Patience) -> Database:
    place = str(file)
    # absolute, so that a change of folder later does not open another file
    file = Path(os.path.abspath(file))  # noqa: PTH100  (resolve would follow links)
    if not file.exists():
        if not create:
            raise no_store(place)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        except OSError as problem:
            raise BadInput(
                f"the store cannot be made: {problem.strerror or problem}.",
                code="store_unwritable",
                where=place,
                next_step="Make the folder writable, or name another store.",
            ) from problem

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{file.as_uri()}?{_mode(file)}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # bytes that are no text any more are found by their hash, not by a traceback
            raw.text_factory = _text
            for setting in (
                f"busy_timeout={patience.lock_ms}",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "cache_size=-32000",  # hashes come in no order: their index must stay in memory
            ):
                raw.execute(f"PRAGMA {setting}").close()
        except BaseException:
            raw.close()
            raise
        return raw

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, place, file, file.stat().st_ino, patience)


def _mode(file: Path) -> str:
    """How to open a file; one that is gone is an error, and never a new, empty ledger."""
    if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return "mode=rw"
    # an auditor's copy that nobody writes: SQLite must not want to put its own files beside it
    waiting = file.with_name(f"{file.name}-wal").exists()
    return "mode=ro" if waiting else "mode=ro&immutable=1"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _begin_sqlite(connection: Connection) -> None:
    # Python's driver would begin late, and not at all before it creates tables
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _postgresql(address: str, patience: Patience) -> Database:
    try:
        url = make_url(address)
        url = url.set(drivername="postgresql+psycopg")
        place = url.set(query={}).render_as_string(hide_password=True)
        settings: dict[str, Any] = {"connect_timeout": 10, "application_name": "roadworthy"}
        engine = sa.create_engine(url, connect_args=settings, pool_pre_ping=True)
    except (ArgumentError, ValueError) as problem:
        raise BadInput(
            "this is no address of a PostgreSQL database.",
            code="store_address",
            where="store",
            next_step="Write it as postgresql+psycopg://user@host:5432/database.",
        ) from problem
    except ModuleNotFoundError as problem:
        raise BadInput(
            "PostgreSQL needs the package psycopg, which is not installed.",
            code="missing_extra",
            where="store",
            next_step="Run `pip install 'roadworthy[postgres]'`.",
        ) from problem
    return Database(engine, place, patience=patience)
