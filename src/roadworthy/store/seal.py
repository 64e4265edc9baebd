"""Every opening of a sealed set, written down before the set is opened; never taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.seal import Opening, Seal
from roadworthy.store.seen import read_names
from roadworthy.store.workspace import Workspace

OPENINGS = "openings"


def refuse_opened(
    workspace: Workspace, seal: Seal, ids: NDArray[np.uint64], own: str | None = None
) -> None:
    """Refuses a set of which any case was opened before, whatever the set is called now.

    ``ids`` are stable hashes of the case ids, shape (cases,); ``own`` is a note to pass over.
    """
    for note in sorted(workspace.path(OPENINGS).glob("*.opened.json")):
        if note.name == f"{own}.opened.json":
            continue
        words, known = _read(workspace, note)
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
    own = _name(ids)
    workspace.write(f"{OPENINGS}/{own}.ids", np.sort(ids).astype("<u8").tobytes())
    note = f"{OPENINGS}/{own}.opened.json"
    if not workspace.create(note, {**vars(opening), "cases": seal.cases}):
        raise _already_opened(_read(workspace, workspace.path(note))[0], seal, seal.cases)
    # another set with some of these cases may have been opened meanwhile: better none than both
    refuse_opened(workspace, seal, ids, own)
    return opening


def unanswered(
    workspace: Workspace, seal: Seal, ids: NDArray[np.uint64], subject: str, product: str
) -> Opening | None:
    """The opening of this very set for this very subject and product that never got its answer.

    Whoever was interrupted may go on: the answer is the same, so nothing is learnt twice.
    """
    own = _name(ids)
    note = workspace.path(f"{OPENINGS}/{own}.opened.json")
    if not note.exists() or workspace.path(f"{OPENINGS}/{own}.answer.json").exists():
        return None
    words, _ = _read(workspace, note)
    opening = Opening(seal.fingerprint, subject, product, str(words.get("at")))
    same = all(words.get(key) == value for key, value in vars(opening).items())
    return opening if same else None


def note_answer(workspace: Workspace, ids: NDArray[np.uint64], answer: Mapping[str, Any]) -> None:
    """Keeps the answer beside its opening: from now on the opening is spent."""
    workspace.write_json(f"{OPENINGS}/{_name(ids)}.answer.json", answer)


def _name(ids: NDArray[np.uint64]) -> str:
    # by the ids alone: of two processes that open the same cases, one finds the file there
    return sha256(np.sort(ids).astype("<u8").tobytes()).hexdigest()[:16]


def _read(workspace: Workspace, note: Path) -> tuple[dict[str, Any], NDArray[np.uint64]]:
    """An opening and its cases; one that cannot be read counts as spent, for whatever it was."""
    ids = note.with_name(note.name.replace(".opened.json", ".ids"))
    try:
        words = workspace.read_json(f"{OPENINGS}/{note.name}")
        known = read_names(ids)
    except (BadInput, OSError) as problem:
        raise Refused(
            "an earlier opening cannot be read, so nobody can say which cases were looked at.",
            code="broken_opening",
            where=str(note),
            next_step="Restore the folder from a backup, or collect a fresh test set.",
        ) from problem
    return words or {}, known


def _already_opened(words: dict[str, Any], seal: Seal, shared: int) -> Refused:
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
        next_step="Its answer is kept: `roadworthy dossier --set sealed`. Check on the validation "
        "set, or collect a fresh test set.",
    )
