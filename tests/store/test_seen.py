"""What a model has learnt from is known, or the model is not judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.store.seen import note_seen, seen_ids
from roadworthy.store.workspace import Workspace


def test_what_is_noted_of_one_model_is_not_mixed_with_another(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    note_seen(workspace, "a" * 64, np.array([3, 2**64 - 1], dtype=np.uint64))
    note_seen(workspace, "b" * 64, np.array([5], dtype=np.uint64))
    assert seen_ids(workspace, "a" * 64).tolist() == [3, 2**64 - 1]
    assert seen_ids(workspace, "b" * 64).tolist() == [5]


def test_a_model_of_which_nothing_is_noted_is_not_taken_for_innocent(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        seen_ids(Workspace(tmp_path), "c" * 64)
    assert told.value.code == "unknown_training"
