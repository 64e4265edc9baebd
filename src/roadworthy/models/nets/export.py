"""A net as ONNX: one graph that answers without torch, on servers and on small devices."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.models.nets import room
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.model import TrainedNet

if TYPE_CHECKING:
    from roadworthy.models.nets.shape import Shape

OPSET = 18
# the exporter warns of torchvision, which is never there, at each of its operators
_LOUD = "torch.onnx._internal.exporter._registration"


def to_onnx(net: TrainedNet) -> bytes:
    """The graph of a net, weights and all; the same bytes for the same net.

    Inputs: ``images`` float32 (batch, images a case, channels, height, width) where it sees images,
    ``numbers`` float32 (batch, columns) where it reads columns. Output: ``out`` float32 (batch,
    outputs), logits or values, and where the net says of one thing where it is, ``maps`` float32
    (batch, images a case, rows, columns), the logits that ``out`` is pooled from. Only the batch is
    free.

    Raises:
        BadInput: onnx or onnxscript is not installed.
    """
    _require_exporter()
    shape, images = net.card.shape, len(net.card.images)
    seen = _example(shape, images)
    where = isinstance(net.net, Net) and bool(images) and net.card.task is Task.BINARY
    batch = torch.export.Dim("batch")
    with room.steady(), _quiet():
        program = torch.onnx.export(
            _of(copy.deepcopy(net.net).cpu().eval(), seen, where),
            kwargs=seen,
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            verbose=False,
            output_names=["out", "maps"] if where else ["out"],
            dynamic_shapes={name: {0: batch} for name in seen},
        )
    assert program is not None
    return _plain(program.model_proto)


class _SeesImages(nn.Module):
    """A net without columns: an empty tensor would be an input that nobody can give."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The answers to images alone."""
        nothing = images.new_zeros((images.shape[0], 0))
        found: Tensor | tuple[Tensor, Tensor] = self.net(images, nothing)
        return found


class _ReadsColumns(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, numbers: Tensor) -> Tensor:
        """The answers to columns alone."""
        found: Tensor = self.net(None, numbers)
        return found


class _SaysWhere(nn.Module):
    """A net that answers and shows the map that its answer is pooled from."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """The answers, and the logits of one output at every place."""
        maps = self.net.maps(images, numbers)
        return self.net.pooled(maps, images), maps[:, :, 0]


def _of(net: nn.Module, seen: dict[str, Tensor], where: bool) -> nn.Module:
    if "images" not in seen:
        return _ReadsColumns(net)
    net = _SaysWhere(net) if where and isinstance(net, Net) else net
    return net if "numbers" in seen else _SeesImages(net)


def _example(shape: Shape, images: int) -> dict[str, Tensor]:
    """Two cases: of one, the exporter would take the batch for fixed."""
    found = {}
    if images:
        found["images"] = torch.zeros(2, images, shape.channels, shape.height, shape.width)
    if shape.columns or not images:
        found["numbers"] = torch.zeros(2, shape.columns)
    return found


def _plain(model: Any) -> bytes:
    """Without what tells of this machine (lines of source) or of the run (names of sizes)."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")
    for port in (*graph.input, *graph.output):
        port.type.tensor_type.shape.dim[0].dim_param = "batch"
    found: bytes = model.SerializeToString(deterministic=True)
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing that a user could act on is said by the exporter; its errors are exceptions."""
    log = logging.getLogger(_LOUD)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _require_exporter() -> None:
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"a net becomes ONNX with {' and '.join(missing)}, which is not installed.",
            code="missing_extra",
            where="models",
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )
