"""Every opening of a sealed set, written down before the set is opened; never taken back."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import Refused
from roadworthy.core.seal import Opening, Seal
from roadworthy.store.workspace import Workspace

OPENINGS = "openings"


def refuse_opened(workspace: Workspace, seal: Seal, ids: NDArray[np.uint64]) -> None:
    """Refuses a set of which any case was opened before, whatever the set is called now.

    ``ids`` are stable hashes of the case ids, shape (cases,).
    """
    for note in sorted(workspace.path(OPENINGS).glob("*.json")):
        words = workspace.read_json(f"{OPENINGS}/{note.name}") or {}
        known = (
            np.frombuffer(_ids_of(note).read_bytes(), dtype="<u8")
            if _ids_of(note).exists()
            else np.empty(0, dtype=np.uint64)
        )
        shared = int(np.isin(ids, known).sum())
        same = words.get("seal") == seal.fingerprint
        if same or shared:
            raise _already_opened(words, seal, shared)


def open_seal(
    workspace: Workspace,
    seal: Seal,
    ids: NDArray[np.uint64],
    subject: str,
    product: str,
    at: datetime,
) -> Opening:
    """Writes the opening down, exclusively, and only then returns it."""
    refuse_opened(workspace, seal, ids)
    opening = Opening(seal.fingerprint, subject, product, at.isoformat(timespec="seconds"))
    # named by the ids alone: of two processes that open the same cases, one finds the file there
    content = np.sort(ids).astype("<u8").tobytes()
    name = f"{OPENINGS}/{sha256(content).hexdigest()[:16]}"
    workspace.write(f"{name}.ids", content)
    if not workspace.create(f"{name}.json", {**vars(opening), "cases": seal.cases}):
        raise _already_opened(workspace.read_json(f"{name}.json") or {}, seal, seal.cases)
    return opening


def _ids_of(note: Path) -> Path:
    return note.with_suffix(".ids")


def _already_opened(words: dict[str, object], seal: Seal, shared: int) -> Refused:
    when = str(words.get("at", "an unknown day"))[:10]
    if words.get("seal") == seal.fingerprint:
        what = f"The sealed set was opened {seal.looks} of {seal.looks} times"
    else:
        what = f"{shared} of its {seal.cases} cases were already opened in another sealed set"
    return Refused(
        f"{what} (last for {str(words.get('subject', 'an unknown subject'))!r}, {when}).",
        code="seal_spent",
        where="the sealed set",
        value=words.get("at"),
        next_step="Its answer is kept: `roadworthy dossier`. Check on the validation set, or "
        "collect a fresh test set.",
    )
