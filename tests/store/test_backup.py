"""What was backed up comes back, into either database; anything else comes back as an error."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.databases import fresh_schema, tamper

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts, kept
from roadworthy.store.backup import backup, restore
from roadworthy.store.database import Database
from roadworthy.store.health import check


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "files")


@pytest.fixture
def saved(database: Database, artifacts: Artifacts, tmp_path: Path) -> Path:
    """A backup of a store with two entries and a file."""
    with database.writing() as connection:
        digest = artifacts.put(connection, b"\x00a model\xff")
        ledger.append(connection, "note", {"é": "\u2028\n"})
        ledger.append(connection, "note", {"artifacts": {"model": digest}})
    backup(database, artifacts, tmp_path / "store.backup")
    return tmp_path / "store.backup"


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another, empty store, of either kind."""
    if request.param == "sqlite":
        opened = Database.open(tmp_path / "other" / "store.db")
    else:
        opened = Database.open(fresh_schema(request.getfixturevalue("postgresql")))
    yield opened
    opened.close()


def everything(database: Database) -> tuple[list[ledger.Entry], list[tuple[str, int]]]:
    with database.reading() as connection:
        return list(ledger.entries(connection)), kept(connection)


def test_a_backup_of_either_database_comes_back_in_either(
    database: Database, saved: Path, other: Database, tmp_path: Path
) -> None:
    files = Artifacts(tmp_path / "elsewhere")
    moved = restore(other, files, saved)
    assert moved.head.number == 2 and moved.files == 1
    assert everything(other) == everything(database)
    with other.reading() as connection:
        assert check(connection, files, moved.head).whole
    # and it goes on from there, under the same rules
    with other.writing() as connection:
        assert ledger.append(connection, "note", {}).number == 3
    with pytest.raises(Exception, match="only grows"), other.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ledger")


def test_nothing_is_restored_over_what_was_written(
    database: Database, saved: Path, artifacts: Artifacts
) -> None:
    before = everything(database)
    with pytest.raises(Refused) as caught:
        restore(database, artifacts, saved)
    assert caught.value.code == "store_not_empty"
    assert everything(database) == before


def test_a_backup_is_not_written_over_another(
    database: Database, saved: Path, artifacts: Artifacts
) -> None:
    before = saved.read_bytes()
    with pytest.raises(BadInput) as caught:
        backup(database, artifacts, saved)
    assert caught.value.code == "file_exists"
    assert saved.read_bytes() == before


def test_a_store_that_is_not_whole_gives_no_backup(
    database: Database, saved: Path, artifacts: Artifacts, tmp_path: Path
) -> None:
    tamper(database, "UPDATE ledger SET content = '{}' WHERE number = 1")
    with pytest.raises(BadInput) as caught:
        backup(database, artifacts, tmp_path / "another")
    assert caught.value.code == "ledger_tampered" and caught.value.value == 1
    assert not (tmp_path / "another").exists()


def _cut(archive: dict[str, bytes]) -> None:
    lines = archive["tables/ledger.jsonl"].splitlines(keepends=True)
    archive["tables/ledger.jsonl"] = b"".join(lines[:-1])


def _changed(archive: dict[str, bytes]) -> None:
    archive["tables/ledger.jsonl"] = archive["tables/ledger.jsonl"].replace(b'"note"', b'"nope"', 1)


def _without_first(archive: dict[str, bytes]) -> None:
    lines = archive["tables/ledger.jsonl"].splitlines(keepends=True)
    archive["tables/ledger.jsonl"] = b"".join(lines[1:])


def _other_file(archive: dict[str, bytes]) -> None:
    name = next(name for name in archive if name.startswith("artifacts/"))
    archive[name] = b"another model"


def _no_file(archive: dict[str, bytes]) -> None:
    del archive[next(name for name in archive if name.startswith("artifacts/"))]


def _no_table(archive: dict[str, bytes]) -> None:
    del archive["tables/artifacts.jsonl"]


def _no_json(archive: dict[str, bytes]) -> None:
    archive["store.json"] = b"{"


def _unreadable_line(archive: dict[str, bytes]) -> None:
    archive["tables/ledger.jsonl"] = b"[1]\n"


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _changed,
        _without_first,
        _other_file,
        _no_file,
        _no_table,
        _no_json,
        _unreadable_line,
    ],
)
def test_a_damaged_backup_restores_nothing(
    saved: Path, other: Database, tmp_path: Path, damage: Callable[[dict[str, bytes]], None]
) -> None:
    _rewrite(saved, damage)
    with pytest.raises(BadInput) as caught:
        restore(other, Artifacts(tmp_path / "elsewhere"), saved)
    assert caught.value.code == "broken_backup"
    assert everything(other) == ([], [])


@pytest.mark.parametrize("content", [b"", b"not an archive" * 100])
def test_what_is_no_backup_is_told(other: Database, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for name in ("file", "nothing"):
        with pytest.raises(BadInput) as caught:
            restore(other, Artifacts(tmp_path / "elsewhere"), tmp_path / name)
        assert caught.value.code == "broken_backup"


def test_a_backup_that_is_newer_than_the_program_is_refused(
    saved: Path, other: Database, tmp_path: Path
) -> None:
    def newer(archive: dict[str, bytes]) -> None:
        archive["store.json"] = archive["store.json"].replace(b'"revision": "', b'"revision": "9')

    _rewrite(saved, newer)
    with pytest.raises(BadInput) as caught:
        restore(other, Artifacts(tmp_path / "elsewhere"), saved)
    assert caught.value.code == "store_newer"


def _rewrite(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with tarfile.open(file) as archive:
        content = {name: _read(archive, name) for name in archive.getnames()}
    change(content)
    with tarfile.open(file, "w") as archive:
        for name, data in content.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
