"""A team's own ``nn.Module``: built by its function, given plain tensors as weights, called."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.models.callable import importable, imported, raised

_TORCH, _NUMPY = (".pt", ".pth", ".bin", ".ckpt"), ".npz"


@dataclass(frozen=True)
class Sizes:
    """What a function that builds a net may ask for; 0 of what there is not."""

    channels: int
    height: int
    width: int
    columns: int
    outputs: int


def built(source: str, folder: Path, sizes: Sizes) -> tuple[nn.Module, tuple[Path, ...]]:
    """The module that ``module:function`` builds, on the CPU, and the function's own file.

    The function is handed those of the ``sizes`` that it has parameters for, by name.

    Raises:
        BadInput: it cannot be imported, wants something else, raises, or gives no module.
    """
    function, files = imported(source, folder)
    handed = _handed(function, source, sizes)
    with importable(folder), redirect_stdout(sys.stderr):
        try:
            found = function(**handed)
        except (Exception, SystemExit) as problem:  # a stranger's code may raise anything
            told = ", ".join(f"{name}={value}" for name, value in handed.items())
            raise _wrong(
                source, f"It raised {raised(problem)}, called with ({told}).", "Mend it."
            ) from problem
    if not isinstance(found, nn.Module):
        raise _wrong(
            source,
            f"It returned a {type(found).__name__}, not a torch.nn.Module.",
            "Return the module, built and without its weights loaded.",
        )
    return found, files


def load_weights(net: nn.Module, path: Path) -> None:
    """Gives a module the weights of a file: a state_dict of plain tensors; nothing is executed.

    Raises:
        BadInput: the file is none, or holds the weights of another module.
    """
    state = _state(path)
    try:
        net.load_state_dict(state)
    except (RuntimeError, TypeError, ValueError) as problem:
        said = " ".join(str(problem).split())[:400]
        raise _weights(path, f"holds the weights of another net: {said}", "") from problem


def called(net: nn.Module, source: str, given: Mapping[str, Tensor]) -> Tensor:
    """What the module gives, called with each of ``given`` by its name.

    Raises:
        BadInput: it raises, or gives no tensor.
    """
    try:
        found = net(**given)
    except Exception as problem:  # a stranger's code may raise anything
        shapes = ", ".join(f"{name} {tuple(one.shape)}" for name, one in given.items())
        step = f"Its forward is called with {shapes}, each by its name."
        raise _wrong(source, f"Its forward raised {raised(problem)}.", step) from problem
    if not isinstance(found, Tensor):
        raise _wrong(
            source,
            f"Its forward returned a {type(found).__name__}, not a tensor.",
            "Return the logits alone, shape (batch, outputs).",
        )
    return found


def _handed(function: Any, source: str, sizes: Sizes) -> dict[str, int]:
    has = asdict(sizes)
    try:
        wanted = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    if any(one.kind is one.VAR_KEYWORD for one in wanted):
        return has
    for one in wanted:
        needed = one.default is one.empty and one.kind is not one.VAR_POSITIONAL
        if needed and (one.name not in has or one.kind is one.POSITIONAL_ONLY):
            raise _wrong(
                source,
                f"It asks for '{one.name}', which nothing gives it.",
                f"It may have the parameters {', '.join(has)}, and others with a default.",
            )
    return {one.name: has[one.name] for one in wanted if one.name in has}


def _state(path: Path) -> dict[str, Tensor]:
    if path.suffix not in (*_TORCH, _NUMPY):
        step = f"Save the state_dict as one of {', '.join((*_TORCH, _NUMPY))}."
        raise _weights(path, f"has an ending that is not read: '{path.suffix}'", step)
    try:
        found = _arrays(path) if path.suffix == _NUMPY else _tensors(path)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
        KeyError,
        BadZipFile,
    ) as problem:
        said = type(problem).__name__
        raise _weights(path, f"cannot be read as plain tensors ({said})", "") from problem
    if not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
        keys = f"a mapping of {', '.join(map(str, found))[:80]}" if isinstance(found, dict) else ""
        told = keys or f"a {type(found).__name__}"
        raise _weights(path, f"holds {told}, and no state_dict of tensors", "")
    return found


def _arrays(path: Path) -> dict[str, Tensor]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def _tensors(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _weights(path: Path, what: str, step: str) -> BadInput:
    return BadInput(
        f"'{path.name}' {what}.",
        code="unreadable_weights",
        where="model.weights",
        value=path.name,
        next_step=step
        or "Write it with `torch.save(net.state_dict(), 'weights.pt')`, or with "
        "`np.savez('weights.npz', **{k: v.numpy() for k, v in net.state_dict().items()})`.",
    )


def _wrong(source: str, message: str, step: str) -> BadInput:
    return BadInput(message, code="own_module", where=source, value=source, next_step=step)
