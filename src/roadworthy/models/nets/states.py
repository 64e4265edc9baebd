"""Weights and states of training as plain arrays in a file: nothing in it can be executed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.models import archive

_ARRAYS = "arrays"
Arrays = dict[str, NDArray[Any]]


def arrays_of(state: Mapping[str, Tensor]) -> Arrays:
    """Tensors as arrays, on the CPU."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}


def load_into(net: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Gives a net its weights.

    Raises:
        ValueError: they are those of another net.
    """
    wanted = net.state_dict()
    if set(wanted) != set(arrays):
        raise ValueError("these are the weights of another net")
    for name, tensor in wanted.items():
        found = arrays[name]
        if tuple(tensor.shape) != found.shape or found.dtype.kind not in "fiu":
            raise ValueError(f"{name} has the shape {found.shape} and not {tuple(tensor.shape)}")
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays in the order of their names, each in NumPy's own plain format."""
    found = BytesIO()
    for name in sorted(arrays):
        encoded = name.encode()
        found.write(len(encoded).to_bytes(2, "little") + encoded)
        np.lib.format.write_array(found, np.asarray(arrays[name]), (1, 0), allow_pickle=False)
    return found.getvalue()


def from_bytes(content: bytes) -> Arrays:
    """What ``to_bytes`` gave.

    Raises:
        ValueError: it is none, or is cut off.
    """
    source, found = BytesIO(content), Arrays()
    while head := source.read(2):
        name = source.read(int.from_bytes(head, "little")).decode()
        found[name] = np.lib.format.read_array(source, allow_pickle=False, max_header_size=1000)
    return found


def keep(path: Path, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes a state whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".state-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(archive.pack(card, {_ARRAYS: to_bytes(arrays)}))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def kept(path: Path) -> tuple[dict[str, Any], Arrays] | None:
    """What ``keep`` wrote; None: nothing that is whole."""
    if not path.exists():
        return None
    try:
        card, parts, _ = archive.unpack(path, [_ARRAYS])
        return card, from_bytes(parts[_ARRAYS])
    except (BadInput, ValueError, EOFError):
        return None
