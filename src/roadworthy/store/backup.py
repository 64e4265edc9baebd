"""One file that holds a whole store, and moves it from SQLite to PostgreSQL or back."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts, kept
from roadworthy.store.database import Database, revision_of
from roadworthy.store.ledger import Head
from roadworthy.store.migrating import migrate
from roadworthy.store.schema import REVISION_TABLE, metadata, revisions
from roadworthy.store.workspace import unwritable

FORMAT = 1
_ABOUT, _TABLES, _FILES = "store.json", "tables/", "artifacts/"
_BATCH = 1_000
# what a file that is no backup, or not a whole one, may lead to
_DAMAGE = (
    *(OSError, EOFError, tarfile.TarError),
    *(KeyError, ValueError, TypeError, AttributeError, SQLAlchemyError),
)


@dataclass(frozen=True)
class Moved:
    """What a backup holds, or a restored store: where its ledger ends, and how many files."""

    head: Head
    files: int


def backup(database: Database, artifacts: Artifacts, file: Path) -> Moved:
    """Writes everything to one file, as it was at one moment; each kept file is verified.

    Raises:
        BadInput: the file exists or cannot be written, the ledger is not whole, or a kept file is
            missing or changed: what could not be restored is no backup.
    """
    if file.exists():
        raise BadInput(
            "there is such a file already, and a backup is never written over another.",
            code="file_exists",
            where=str(file),
            next_step="Name a new file.",
        )
    beside = file.with_name(f".{file.name}.{uuid4().hex}.new")
    try:
        with database.reading() as connection, tarfile.open(beside, "w") as archive:
            found = _write(connection, artifacts, archive)
        beside.replace(file)
    except OSError as problem:
        raise unwritable(file, problem) from problem
    finally:
        beside.unlink(missing_ok=True)
    return found


def restore(database: Database, artifacts: Artifacts, file: Path) -> Moved:
    """Fills an empty store from a backup, after everything in it was verified; all or nothing.

    A backup of an older schema is brought up to this one.

    Raises:
        Refused: something was written to the store already.
        BadInput: the file is no backup, is damaged, or is newer than the program.
    """
    try:
        with tarfile.open(file) as archive, database.writing() as connection:
            return _read(connection, artifacts, archive, database.place)
    except _DAMAGE as problem:
        raise _no_backup(file, problem) from problem


def _write(connection: Connection, artifacts: Artifacts, archive: tarfile.TarFile) -> Moved:
    broken = ledger.verify(connection)
    if broken:
        raise ledger.tampered(broken)
    head = ledger.head(connection)
    about = {
        "format": FORMAT,
        "revision": revision_of(connection),
        "head": {"number": head.number, "hash": head.hash},
    }
    _add(archive, _ABOUT, json.dumps(about, indent=2).encode())
    for table in metadata.sorted_tables:
        _add(archive, f"{_TABLES}{table.name}.jsonl", b"".join(_lines(connection, table)))
    files = kept(connection)
    for digest, _ in files:
        _add(archive, f"{_FILES}{digest}", artifacts.get(digest))
    return Moved(head, len(files))


def _lines(connection: Connection, table: sa.Table) -> Iterator[bytes]:
    asked = sa.select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(asked).mappings():
        told = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(told, ensure_ascii=True).encode() + b"\n"


def _read(
    connection: Connection, artifacts: Artifacts, archive: tarfile.TarFile, place: str
) -> Moved:
    about = json.loads(_content(archive, _ABOUT))
    revision = str(about["revision"])
    _refuse_newer(about, revision)
    _make_room(connection, place)
    migrate(connection, revision, place)
    there = sa.MetaData()
    there.reflect(connection)
    for table in metadata.sorted_tables:
        if table.name in there.tables:
            _fill(connection, there.tables[table.name], archive)
    migrate(connection, "head", place)
    head = Head(int(about["head"]["number"]), str(about["head"]["hash"]))
    broken = ledger.verify(connection, head)
    if broken or ledger.head(connection) != head:
        where = f"entry {broken.number}: {broken.problem}" if broken else "it does not end there"
        raise ValueError(f"its ledger is not whole ({where})")
    files = kept(connection)
    for digest, _ in files:
        if artifacts.put_file(_content(archive, f"{_FILES}{digest}"))[0] != digest:
            raise ValueError(f"its file {digest[:12]} is not what was kept")
    return Moved(head, len(files))


def _refuse_newer(about: dict[str, Any], revision: str) -> None:
    if about["format"] == FORMAT and revision in revisions():
        return
    raise BadInput(
        f"the backup has revision {revision}, which this roadworthy does not know: the newest "
        f"that it knows is {revisions()[-1]}.",
        code="store_newer",
        where=_ABOUT,
        value=revision,
        next_step="Use the roadworthy that wrote it, or a newer one.",
    )


def _make_room(connection: Connection, place: str) -> None:
    """Takes the tables of an empty store away; they are made again as the backup had them.

    Raises:
        Refused: it is not empty.
    """
    if revision_of(connection) is None:
        return
    for table in metadata.sorted_tables:
        if connection.execute(sa.select(table).limit(1)).first() is not None:
            raise Refused(
                "something was written to this store already, and a ledger is never replaced.",
                code="store_not_empty",
                where=place,
                next_step="Restore into a new one: set ROADWORTHY_STORE to another place.",
            )
    metadata.drop_all(connection)
    connection.exec_driver_sql(f"DROP TABLE {REVISION_TABLE}")
    if connection.dialect.name == "postgresql":
        for name in ("ledger_grows", "ledger_is_kept"):
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name}()")


def _fill(connection: Connection, table: sa.Table, archive: tarfile.TarFile) -> None:
    lines = _content(archive, f"{_TABLES}{table.name}.jsonl").splitlines()
    for start in range(0, len(lines), _BATCH):
        rows = [json.loads(line) for line in lines[start : start + _BATCH]]
        told = [{name: _rich(value) for name, value in row.items()} for row in rows]
        connection.execute(table.insert(), told)


def _plain(value: object) -> object:
    """JSON has no bytes; nothing else that it lacks stands in a table."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value


def _rich(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size = len(content)
    archive.addfile(about, BytesIO(content))


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    # by exact name, and only plain files: nothing is ever unpacked to where an archive says
    member = archive.getmember(name)
    found = archive.extractfile(member) if member.isfile() else None
    if found is None:
        raise ValueError(f"{name} is no file in it")
    return found.read()


def _no_backup(file: Path, problem: Exception) -> BadInput:
    # a database says the whole statement after its first line
    said = str(problem).strip("'\"").splitlines()[:1] or [type(problem).__name__]
    return BadInput(
        f"this is no whole backup of a store: {said[0]}. Nothing was restored.",
        code="broken_backup",
        where=str(file),
        next_step="Name a file that `roadworthy store backup` wrote.",
    )
