"""What was measured on a device, kept beside product.yaml for the model it was measured of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from roadworthy.core.errors import BadInput
from roadworthy.store.workspace import Workspace

FOLDER = "devices"


def kept_measurement(workspace: Workspace, device: str, model: str) -> dict[str, Any] | None:
    """What was last brought back of this model from this device; None: nothing.

    Raises:
        BadInput: what is kept there is of something else.
    """
    name = _place(device, model)
    found = workspace.read_json(name)
    if found is None or (found.get("device"), found.get("model")) == (device, model):
        return found
    raise BadInput(
        "this file holds what was measured of another model, or on another device.",
        code="broken_workspace",
        where=str(workspace.path(name)),
        next_step="Remove it, and read what was measured again.",
    )


def keep_measurement(workspace: Workspace, found: Mapping[str, Any]) -> None:
    """Keeps it in the place of an earlier one."""
    workspace.write_json(_place(found["device"], found["model"]), found)


def keep_bundle(workspace: Workspace, bundle: str, said: Mapping[str, Any]) -> None:
    """Keeps what a bundle was made of, so that only its own results are read back."""
    workspace.write_json(f"{FOLDER}/bundle-{bundle[:16]}.json", said)


def kept_bundle(workspace: Workspace, bundle: str) -> dict[str, Any] | None:
    """What ``keep_bundle`` kept; None: no such bundle was made here."""
    found = workspace.read_json(f"{FOLDER}/bundle-{bundle[:16]}.json")
    return found if found is not None and found.get("bundle") == bundle else None


def _place(device: str, model: str) -> str:
    return f"{FOLDER}/{hashlib.sha256(device.encode()).hexdigest()[:8]}-{model[:16]}.json"
