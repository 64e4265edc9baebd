"""Which cases the present model learnt from, so that it is never judged on them as if unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.store.workspace import Workspace

FILE = "seen.ids"


def note_seen(workspace: Workspace, ids: NDArray[np.uint64]) -> None:
    """Keeps stable hashes of the ids, shape (cases,), that training and choosing used."""
    workspace.write(FILE, np.sort(ids).astype("<u8").tobytes())


def seen_ids(workspace: Workspace) -> NDArray[np.uint64]:
    """What ``note_seen`` kept; empty when nothing was trained here."""
    path = workspace.path(FILE)
    if not path.exists():
        return np.empty(0, dtype=np.uint64)
    return np.frombuffer(path.read_bytes(), dtype="<u8").astype(np.uint64)
