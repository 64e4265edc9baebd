"""Every look at calibration cases, written down before their labels are used; never taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.seen import read_names
from roadworthy.store.workspace import Workspace

CERTIFICATES = "certificates"
_NOTE, _NAMES, _ANSWER = ".look.json", ".ids", ".certificate.json"


@dataclass(frozen=True)
class Asked:
    """What a certificate is about, by fingerprint, and how many looks were declared for it."""

    model: str
    decision: str
    data: str
    looks: int


@dataclass(frozen=True)
class Look:
    """A look that was taken: the ``number``-th at these cases, whether or not it was answered."""

    name: str
    asked: Asked
    number: int
    at: str


def look(workspace: Workspace, names: NDArray[np.uint64], asked: Asked, now: datetime) -> Look:
    """A new look, written down before it is returned.

    ``names`` are hashes of the cases and their units, shape (names,). A look at a set that shares
    any of them counts. One that was begun and never answered is spent for everything else.

    Raises:
        Refused: the declared looks are spent, or others were declared at the first look.
    """
    number = refuse_spent(workspace, names, asked) + 1
    new = Look(f"{set_name(names)}-{number}", asked, number, now.isoformat(timespec="seconds"))
    workspace.write(_file(new.name, _NAMES), np.sort(names).astype("<u8").tobytes())
    if not workspace.create(_file(new.name, _NOTE), asdict(new)):
        raise _spent(sharing(workspace, names), asked)
    # another look at some of these cases may have been taken meanwhile: better none than both
    others = [one for one in sharing(workspace, names) if one.name != new.name]
    if len(others) != number - 1:
        raise _spent(others, asked)
    return new


def set_name(names: NDArray[np.uint64]) -> str:
    """What looks at exactly these cases are called by."""
    return sha256(np.sort(names).astype("<u8").tobytes()).hexdigest()[:16]


def same(workspace: Workspace, names: NDArray[np.uint64], asked: Asked) -> Look | None:
    """The look that asked the very same before; its answer is the same, so nothing is learnt."""
    return next((one for one in sharing(workspace, names) if one.asked == asked), None)


def refuse_spent(workspace: Workspace, names: NDArray[np.uint64], asked: Asked) -> int:
    """How many looks at some of these cases were taken, where one more may be.

    Raises:
        Refused: the declared looks are spent, or others were declared at the first look.
    """
    taken = sharing(workspace, names)
    _refuse_spent(taken, asked)
    return len(taken)


def sharing(workspace: Workspace, names: NDArray[np.uint64]) -> list[Look]:
    """Looks at sets that share a case with these, the first one first."""
    found = []
    for note in sorted(workspace.path(CERTIFICATES).glob(f"*{_NOTE}")):
        name = note.name.removesuffix(_NOTE)
        try:
            words = workspace.read_json(_file(name, _NOTE)) or {}
            known = read_names(workspace.path(_file(name, _NAMES)))
            one = Look(name, Asked(**words["asked"]), int(words["number"]), str(words["at"]))
        except (BadInput, OSError, KeyError, TypeError, ValueError) as problem:
            raise Refused(
                "an earlier look at calibration cases cannot be read, so nobody can say what was "
                "looked at.",
                code="broken_look",
                where=str(note),
                next_step="Restore the folder from a backup, or bring fresh calibration cases.",
            ) from problem
        if np.isin(names, known).any():
            found.append(one)
    return sorted(found, key=lambda one: one.number)


def answer(workspace: Workspace, taken: Look) -> dict[str, Any] | None:
    """What the look found, as it was kept; None: it was never answered."""
    return workspace.read_json(_file(taken.name, _ANSWER))


def keep_answer(workspace: Workspace, taken: Look, found: Mapping[str, Any]) -> None:
    """Keeps what the look found."""
    workspace.write_json(_file(taken.name, _ANSWER), found)


def certified_names(workspace: Workspace) -> NDArray[np.uint64]:
    """Names of all cases that were ever used for a certificate here."""
    files = sorted(workspace.path(CERTIFICATES).glob(f"*{_NAMES}"))
    kept = [read_names(file) for file in files]
    return np.unique(np.concatenate(kept)) if kept else np.empty(0, dtype=np.uint64)


def told(theirs: Asked, ours: Asked) -> str:
    """In what one thing that was certified is another than a second one."""
    what = {"model": "another model", "decision": "another decision", "data": "other values"}
    differs = [what[word] for word in what if getattr(theirs, word) != getattr(ours, word)]
    return " and ".join(differs) or "the same"


def _refuse_spent(taken: list[Look], asked: Asked) -> None:
    if not taken:
        return
    declared = taken[0].asked.looks
    if any(one.asked.looks != asked.looks for one in taken):
        raise Refused(
            f"`looks: {asked.looks}` was written, and the first look at these calibration cases "
            f"declared {declared}: each look had its share of the error, which cannot be changed "
            "afterwards.",
            code="looks_changed",
            where="decision.looks",
            value=asked.looks,
            next_step=f"Write `looks: {declared}`, or bring fresh calibration cases.",
        )
    if len(taken) >= declared:
        raise _spent(taken, asked)


def _spent(taken: list[Look], asked: Asked) -> Refused:
    last = taken[-1]
    spent = f"all {last.asked.looks} declared looks are" if last.asked.looks > 1 else "that is"
    return Refused(
        f"these calibration cases certified {told(last.asked, asked)} on {last.at[:10]}, and "
        f"{spent} all they can do: a policy chosen after looking would be flattered by them.",
        code="calibration_spent",
        where="the calibration split",
        value=last.at,
        next_step="Bring fresh calibration cases, or restore what was certified. Who plans several "
        "policies declares `looks: 2` before the first.",
    )


def _file(name: str, kind: str) -> str:
    return f"{CERTIFICATES}/{name}{kind}"
