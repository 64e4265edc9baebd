"""What was tried on cases is remembered as long as one of them is still there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.store.tried import TRIED, note_tried, tried_on
from roadworthy.store.workspace import Workspace

ONE, OTHER = (np.arange(a, b, dtype=np.uint64) for a, b in ((0, 10), (10, 20)))
BOTH = np.arange(5, 15, dtype=np.uint64)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_at_first_nothing_was_tried(workspace: Workspace) -> None:
    assert tried_on(workspace, ONE) == {}


def test_other_cases_know_nothing_of_it_and_shared_ones_know_all(workspace: Workspace) -> None:
    note_tried(workspace, ONE, {"a": 1, "b": 25})
    assert tried_on(workspace, ONE) == tried_on(workspace, BOTH) == {"a": 1, "b": 25}
    assert tried_on(workspace, OTHER) == {}


def test_the_same_model_counts_once_and_its_most_thresholds_count(workspace: Workspace) -> None:
    note_tried(workspace, ONE, {"a": 25})
    note_tried(workspace, ONE, {"a": 1, "b": 1})
    note_tried(workspace, OTHER, {"a": 30})
    assert tried_on(workspace, ONE) == {"a": 25, "b": 1}
    assert tried_on(workspace, BOTH) == {"a": 30, "b": 1}


@pytest.mark.parametrize("content", ["[]", '{"x": 3}', '{"x": {"a": "many"}}', "no json"])
def test_a_file_that_nobody_here_wrote_is_told(workspace: Workspace, content: str) -> None:
    note_tried(workspace, ONE, {"a": 1})
    workspace.write(TRIED, content)
    with pytest.raises(BadInput) as told:
        tried_on(workspace, ONE)
    assert told.value.code == "broken_workspace"


def test_lost_names_are_no_free_choice(workspace: Workspace) -> None:
    note_tried(workspace, ONE, {"a": 1})
    for path in workspace.folder.glob("seen/*.tried.ids"):
        path.unlink()
    with pytest.raises(BadInput):
        tried_on(workspace, ONE)
