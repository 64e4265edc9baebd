"""Openings that roadworthy wrote down before there was a vault: their cases stay spent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.seen import read_names
from roadworthy.store.workspace import Workspace

OPENINGS = "openings"


def opened_before(workspace: Workspace) -> NDArray[np.uint64]:
    """Stable hashes of the ids of every case that was opened then, shape (cases,).

    Raises:
        Refused: one of the files cannot be read, so nobody can say which cases were looked at.
    """
    kept = []
    for note in sorted(workspace.path(OPENINGS).glob("*.opened.json")):
        ids = note.with_name(note.name.replace(".opened.json", ".ids"))
        try:
            kept.append(read_names(ids))
        except (BadInput, OSError) as problem:
            raise Refused(
                "an earlier opening cannot be read, so nobody can say which cases were looked at.",
                code="broken_opening",
                where=str(ids),
                next_step="Restore the folder from a backup, or collect a fresh test set.",
            ) from problem
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.uint64)
