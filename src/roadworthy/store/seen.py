"""Which cases a model learnt from, so that it is never judged on them as if unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.store.workspace import Workspace


def note_seen(workspace: Workspace, model: str, ids: NDArray[np.uint64]) -> None:
    """Keeps stable hashes of the ids, shape (cases,), that fitting and choosing ``model`` used."""
    workspace.write(_file(model), np.sort(ids).astype("<u8").tobytes())


def seen_ids(workspace: Workspace, model: str) -> NDArray[np.uint64]:
    """What ``note_seen`` kept for the model with this fingerprint.

    Raises:
        BadInput: nothing was kept, so nobody can say what the model has seen.
    """
    path = workspace.path(_file(model))
    if not path.exists():
        raise BadInput(
            "it is not known which cases this model was trained on.",
            code="unknown_training",
            where=str(path),
            next_step="Run `roadworthy train` again.",
        )
    return np.frombuffer(path.read_bytes(), dtype="<u8").astype(np.uint64)


def _file(model: str) -> str:
    return f"seen/{model[:16]}.ids"
