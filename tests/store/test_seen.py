"""What a model has learnt from is known, or the model is not judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.store.seen import fitted_ids, note_seen, seen_ids
from roadworthy.store.workspace import Workspace


def ids(*numbers: int) -> NDArray[np.uint64]:
    return np.array(numbers, dtype=np.uint64)


def test_what_is_noted_of_one_model_is_not_mixed_with_another(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    note_seen(workspace, "a" * 64, ids(3, 2**64 - 1), ids(1))
    note_seen(workspace, "b" * 64, ids(5), ids())
    assert seen_ids(workspace, "a" * 64).tolist() == [1, 3, 2**64 - 1]
    assert fitted_ids(workspace, "a" * 64).tolist() == [3, 2**64 - 1]
    assert seen_ids(workspace, "b" * 64).tolist() == [5]


def test_a_model_of_which_nothing_is_noted_is_not_taken_for_innocent(tmp_path: Path) -> None:
    for asked in (seen_ids, fitted_ids):
        with pytest.raises(BadInput) as told:
            asked(Workspace(tmp_path), "c" * 64)
        assert told.value.code == "unknown_training"
