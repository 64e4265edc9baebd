"""Whole channels taken out of a net: it stays an ordinary dense net, only narrower."""

from __future__ import annotations

import copy
import warnings
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.models.nets.shape import Shape


def pruned(net: nn.Module, shape: Shape, images: int, share: float) -> nn.Module:
    """A copy without ``share`` of the channels of every group that hangs together.

    Those go whose weights are smallest (Li et al. 2017); layers that are added to each other or
    read each other lose the same channels (DepGraph, Fang et al. 2023). What it reads and gives
    stays as it was. ``images`` is how many a case has.

    Raises:
        BadInput: torch-pruning is not installed.
    """
    _require_pruner()
    import torch_pruning

    found = copy.deepcopy(net).cpu().eval()
    example = _example(shape, images)
    with warnings.catch_warnings():
        # it warns of parameters that belong to no layer, and leaves them alone
        warnings.simplefilter("ignore")
        pruner = torch_pruning.pruner.BasePruner(
            found,
            example,
            importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=share,
            ignored_layers=_answering(found, shape.outputs),
            forward_fn=lambda asked, given: asked(*given),
        )
        pruner.step()
    for parameter in found.parameters():
        parameter.grad = None
    return found


def _answering(net: nn.Module, outputs: int) -> list[nn.Module]:
    """The layers that give the answers: of these nothing may go."""
    widths = ((one, getattr(one, "out_features", None)) for one in net.modules())
    of_maps = ((one, getattr(one, "out_channels", None)) for one in net.modules())
    return [one for one, width in (*widths, *of_maps) if width == outputs]


def _example(shape: Shape, images: int) -> tuple[Tensor | None, Tensor]:
    numbers = torch.zeros(2, shape.columns)
    if not images:
        return None, numbers
    return torch.zeros(2, images, shape.channels, shape.height, shape.width), numbers


def _require_pruner() -> None:
    if find_spec("torch_pruning") is None:
        raise BadInput(
            "pruning needs torch-pruning, which is not installed.",
            code="missing_extra",
            where="compress",
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )
