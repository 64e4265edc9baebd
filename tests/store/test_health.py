"""A store is whole, or what is wrong with it is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.databases import tamper

from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts
from roadworthy.store.database import Database
from roadworthy.store.health import Health, check
from roadworthy.store.ledger import Head


@pytest.fixture
def artifacts(database: Database, tmp_path: Path) -> Artifacts:
    """The files of a store with an entry that names one of them."""
    found = Artifacts(tmp_path / "files")
    with database.writing() as connection:
        digest = found.put(connection, b"a model")
        ledger.append(connection, "note", {"artifacts": {"model": digest}})
    return found


def looked_at(database: Database, artifacts: Artifacts, known: Head | None = None) -> Health:
    with database.reading() as connection:
        return check(connection, artifacts, known)


def test_a_whole_store_has_no_problems(database: Database, artifacts: Artifacts) -> None:
    found = looked_at(database, artifacts)
    assert found.whole and found.problems == found.notes == ()
    assert (found.head.number, found.files) == (1, 1)


def test_a_changed_entry_is_named(database: Database, artifacts: Artifacts) -> None:
    tamper(database, "UPDATE ledger SET kind = 'other'")
    found = looked_at(database, artifacts)
    assert not found.whole
    assert found.problems == ("Entry 1: it is not what was written: its hash differs.",)


def test_a_cut_off_entry_is_named_against_a_kept_head(
    database: Database, artifacts: Artifacts
) -> None:
    assert not looked_at(database, artifacts, Head(2, "a" * 64)).whole


def test_a_changed_and_a_missing_file_are_named(database: Database, artifacts: Artifacts) -> None:
    (file,) = artifacts.folder.glob("??/*")
    file.chmod(0o644)
    file.write_bytes(b"another")
    assert "its SHA-256 differs" in looked_at(database, artifacts).problems[0]
    file.unlink()
    assert "is not there" in looked_at(database, artifacts).problems[0]


@pytest.mark.parametrize("changed", ["size = 3", "digest = 'no digest'"])
def test_a_changed_row_of_a_file_is_named(
    database: Database, artifacts: Artifacts, changed: str
) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE artifacts SET {changed}")
    assert not looked_at(database, artifacts).whole


def test_an_entry_that_names_a_file_that_nobody_knows_is_named(
    database: Database, artifacts: Artifacts
) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM artifacts")
    found = looked_at(database, artifacts)
    assert "Entry 1 names a file (model," in found.problems[0]
    assert "1 files beside the store are named by nothing" in found.notes[0]


def test_a_clock_that_was_set_back_is_noted_and_no_problem(
    database: Database, artifacts: Artifacts
) -> None:
    with database.writing() as connection:
        ledger.append(connection, "note", {}, datetime(2020, 1, 1, tzinfo=UTC))
    found = looked_at(database, artifacts)
    assert found.whole
    assert "set back before entry 2:" in found.notes[0]
