"""A module of torch that the team brings as its model: fed and read as an ONNX file is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images
from roadworthy.core.own_net import NetInput, TorchSource
from roadworthy.core.product import Task
from roadworthy.models import shipped
from roadworthy.models.callable import importable
from roadworthy.models.nets import room
from roadworthy.models.nets.own_module import Sizes, built, called, load_weights
from roadworthy.models.onnx.session import Port
from roadworthy.models.own_net import OwnNet, own_net


def named(source: TorchSource, folder: Path, task: Task, images: Images | None) -> OwnNet:
    """The model that product.yaml names, built and with its weights.

    Raises:
        BadInput: it cannot be built, its weights do not fit, or an image is not described.
    """
    ports = tuple(_port(one) for one in source.net.inputs)
    with room.steady():
        module, own = built(source.torch, folder, _sizes(source, task))
    kept = [] if source.weights is None else [source.weights]
    weights = shipped.declared(kept, folder, "model.weights")
    for path in weights:
        load_weights(module, path)
    files = tuple(dict.fromkeys((*own, *weights, *shipped.declared(source.files, folder))))
    module = module.to(room.device()).eval()
    said = ["torch", asdict(source), str(task), None if images is None else str(images.pool)]
    fingerprint = shipped.digest(said, files, folder)
    names = ", ".join(one.name for one in files)
    notes = (f"The fingerprint of {source.torch} covers {names}, and how product.yaml feeds it.",)
    ask = _Asking(module, source.torch, folder)
    return own_net(source.torch, task, source.net, images, ports, ask, files, fingerprint, notes)


@dataclass(frozen=True)
class _Asking:
    module: nn.Module
    source: str
    folder: Path

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        device = room.device()
        given = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        quiet = redirect_stdout(sys.stderr)
        with room.steady(), importable(self.folder), quiet, torch.inference_mode():
            out = called(self.module, self.source, given)
        found: NDArray[Any] = out.float().cpu().numpy()
        return found


def _port(one: NetInput) -> Port:
    """A module says nothing of its inputs: product.yaml has to."""
    if one.images is None:
        return Port(one.name, ("batch", len(one.columns)), "tensor(float)")
    lacking = [key for key in ("size", "channels") if getattr(one.images, key) is None]
    if lacking:
        example = {"size": "size: [224, 224]", "channels": "channels: rgb"}
        raise BadInput(
            f"The input '{one.name}' does not say its {' and '.join(lacking)}, and a module of "
            "torch does not either.",
            code="net_input",
            where=f"model.inputs.{one.name}",
            value=one.name,
            next_step=f"Write `{', '.join(example[key] for key in lacking)}`.",
        )
    assert one.images.size is not None and one.images.channels is not None
    return Port(one.name, ("batch", one.images.channels.number, *one.images.size), "tensor(float)")


def _sizes(source: TorchSource, task: Task) -> Sizes:
    """Those of its first input with images, and all its columns."""
    seen = [one.images for one in source.net.inputs if one.images is not None]
    height, width = (seen[0].size or (0, 0)) if seen else (0, 0)
    channels = seen[0].channels.number if seen and seen[0].channels is not None else 0
    read = sum(len(one.columns) for one in source.net.inputs)
    outputs = len(source.net.classes) if task is Task.MULTICLASS else 1
    return Sizes(channels, height, width, read, outputs)
