"""Which cases were looked at openly, and by which model: none of them can be sealed any more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.store.workspace import Workspace

OPEN = "seen/open.ids"


def note_open(workspace: Workspace, names: NDArray[np.uint64]) -> None:
    """Adds to the cases that were ever trained on or judged openly here; nothing is taken away.

    ``names`` are stable hashes, shape (names,).
    """
    before = open_names(workspace)
    kept = np.concatenate([before, names])
    # a stable sort merges what is in order already
    kept.sort(kind="stable")
    new = np.ones(len(kept), dtype=bool)
    np.not_equal(kept[1:], kept[:-1], out=new[1:])
    if int(new.sum()) > len(before):
        workspace.write(OPEN, kept[new].astype("<u8", copy=False).data)


def open_names(workspace: Workspace) -> NDArray[np.uint64]:
    """What ``note_open`` was told since the workspace began."""
    path = workspace.path(OPEN)
    return read_names(path) if path.exists() else np.empty(0, dtype=np.uint64)


def read_names(path: Path) -> NDArray[np.uint64]:
    """Hashes as they were written; a file that was cut off is an error, not a shorter list."""
    content = path.read_bytes()
    if len(content) % 8:
        raise BadInput(
            "this file of the workspace was cut off.",
            code="broken_workspace",
            where=str(path),
            next_step="Restore it from a backup.",
        )
    return np.frombuffer(content, dtype="<u8").astype(np.uint64)


def note_seen(
    workspace: Workspace, model: str, fitted: NDArray[np.uint64], chose: NDArray[np.uint64]
) -> None:
    """Keeps hashes of cases and units, shape (names,): those that fitted, those that chose."""
    for use, ids in (("fitted", fitted), ("chose", chose)):
        workspace.write(_file(model, use), np.sort(ids).astype("<u8").tobytes())


def fitted_ids(workspace: Workspace, model: str) -> NDArray[np.uint64]:
    """The cases that the model with this fingerprint was fitted on.

    Raises:
        BadInput: nothing was kept, so nobody can say what the model has seen.
    """
    found = _read(workspace, _file(model, "fitted"))
    # no model is fitted on nothing: an empty file was emptied
    if not len(found):
        raise _unknown(workspace.path(_file(model, "fitted")))
    return found


def seen_ids(workspace: Workspace, model: str) -> NDArray[np.uint64]:
    """The cases that fitted the model with this fingerprint, or chose for it.

    Raises:
        BadInput: nothing was kept, so nobody can say what the model has seen.
    """
    kept = (_read(workspace, _file(model, use)) for use in ("fitted", "chose"))
    return np.sort(np.concatenate(list(kept)))


def _read(workspace: Workspace, name: str) -> NDArray[np.uint64]:
    path = workspace.path(name)
    if not path.exists():
        raise _unknown(path)
    return read_names(path)


def _unknown(path: Path) -> BadInput:
    return BadInput(
        "it is not known which cases this model was trained on.",
        code="unknown_training",
        where=str(path),
        next_step="Run `roadworthy train` again.",
    )


def _file(model: str, use: str) -> str:
    return f"seen/{model[:16]}.{use}.ids"
