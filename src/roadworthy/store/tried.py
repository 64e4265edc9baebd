"""Which models were ever tried on which open cases: whoever chooses again goes on paying."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.store.seen import read_names
from roadworthy.store.workspace import Workspace

TRIED = "tried.json"


def note_tried(
    workspace: Workspace, names: NDArray[np.uint64], thresholds: Mapping[str, int]
) -> None:
    """Adds how many thresholds of which model were tried on cases; nothing is taken away.

    ``names`` are stable hashes of the cases and their units, shape (names,); ``thresholds`` is by
    the fingerprint of the model.
    """
    content = np.sort(names).astype("<u8").tobytes()
    cases = hashlib.sha256(content).hexdigest()[:16]
    kept = _kept(workspace)
    known = kept.setdefault(cases, {})
    new = {model: max(n, known.get(model, 0)) for model, n in thresholds.items()}
    if all(known.get(model) == n for model, n in new.items()):
        return
    known.update(new)
    workspace.write(_file(cases), content)
    workspace.write_json(TRIED, kept)


def tried_on(workspace: Workspace, names: NDArray[np.uint64]) -> dict[str, int]:
    """How many thresholds of which model were tried on any of these cases, or of their units."""
    found: dict[str, int] = {}
    for cases, thresholds in _kept(workspace).items():
        if np.isin(read_names(workspace.path(_file(cases))), names).any():
            for model, n in thresholds.items():
                found[model] = max(n, found.get(model, 0))
    return found


def _file(cases: str) -> str:
    return f"seen/{cases}.tried.ids"


def _kept(workspace: Workspace) -> dict[str, dict[str, int]]:
    kept = workspace.read_json(TRIED) or {}
    for cases, thresholds in kept.items():
        whole = isinstance(thresholds, dict) and all(type(n) is int for n in thresholds.values())
        if not whole or not workspace.path(_file(cases)).exists():
            raise BadInput(
                "this file of the workspace does not hold what roadworthy wrote.",
                code="broken_workspace",
                where=str(workspace.path(TRIED)),
                next_step="Restore it from a backup: it says among how many a model was chosen.",
            )
    return kept
