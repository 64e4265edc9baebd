"""The ledger of openings: of any set of ids, each can be opened once, by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, ExitCode, Refused
from roadworthy.core.seal import Opening, Seal
from roadworthy.store.seal import OPENINGS, open_seal, refuse_opened
from roadworthy.store.workspace import Workspace

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def ids(*numbers: int) -> NDArray[np.uint64]:
    return np.array(numbers, dtype=np.uint64)


def opened(workspace: Workspace, numbers: NDArray[np.uint64], print_: str = "f") -> Opening:
    return open_seal(workspace, Seal(print_, len(numbers), 1), numbers, "v3 (abc)", "p", NOON)


def test_an_opening_names_the_seal_the_subject_and_the_time(tmp_path: Path) -> None:
    assert opened(Workspace(tmp_path), ids(1, 2)) == Opening(
        "f", "v3 (abc)", "p", "2026-05-04T12:00:00+00:00"
    )


def test_a_spent_seal_is_refused_with_who_and_when_and_what_next(tmp_path: Path) -> None:
    opened(Workspace(tmp_path), ids(1, 2))
    with pytest.raises(Refused) as told:
        opened(Workspace(tmp_path), ids(1, 2))
    text = str(told.value)
    assert told.value.exit_code is ExitCode.REFUSED
    assert "v3" in text and "2026-05-04" in text and "validation" in text


MANY = st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=6)


@given(MANY, MANY)
def test_a_set_is_refused_exactly_when_a_case_of_it_was_opened(
    tmp_path_factory: pytest.TempPathFactory, first: set[int], second: set[int]
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("seal"))
    opened(workspace, ids(*first), "one")
    if first & second:
        with pytest.raises(Refused):
            opened(workspace, ids(*second), "two")
    else:
        assert opened(workspace, ids(*second), "two").seal == "two"
        with pytest.raises(Refused):
            refuse_opened(workspace, Seal("three", 1, 1), ids(*first))


def test_the_same_fingerprint_is_refused_even_without_the_ids(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    opened(workspace, ids(1, 2))
    for note in (tmp_path / OPENINGS).glob("*.ids"):
        note.unlink()
    with pytest.raises(Refused):
        opened(workspace, ids(7), "f")


def test_ids_without_a_note_are_no_opening(tmp_path: Path) -> None:
    """A crash between the two files leaves ids only: nothing was looked at."""
    workspace = Workspace(tmp_path)
    opened(workspace, ids(1, 2))
    for note in (tmp_path / OPENINGS).glob("*.json"):
        note.unlink()
    assert opened(workspace, ids(1, 2)).seal == "f"


def test_a_damaged_note_opens_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    opened(workspace, ids(1, 2))
    (note,) = (tmp_path / OPENINGS).glob("*.json")
    note.write_text("")
    with pytest.raises((BadInput, Refused)):
        opened(workspace, ids(1, 2))


def test_of_many_who_open_at_once_one_succeeds(tmp_path: Path) -> None:
    def attempt(_: int) -> bool:
        try:
            opened(Workspace(tmp_path), ids(1, 2, 3))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 1


def test_two_sets_that_share_cases_are_never_both_opened_at_once(tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        try:
            opened(Workspace(tmp_path), ids(0, number + 1), f"set {number}")
        except Refused:
            return False
        return True

    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(8))) <= 1
