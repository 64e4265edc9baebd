"""The nets: a small convolutional one, a residual one, and one for columns, each in three sizes.

Every ReLU is a module of its own, pooling is a mean and a maximum over the map, and striding halves
it: what explanations, pruning and deterministic GPUs can work with.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from roadworthy.core.images import Pool
from roadworthy.models.nets.shape import Shape

_CNN = {"S": (16, 32, 48, 64), "M": (24, 48, 96, 128), "L": (32, 64, 128, 256)}
_RESNET = {"S": (1, (16, 32, 64, 128)), "M": (2, (24, 48, 96, 192)), "L": (3, (32, 64, 128, 256))}
_MLP = {"S": (32, 32), "M": (64, 64, 64), "L": (256, 256, 256)}


class Net(nn.Module):
    """Images (cases, images a case, channels, height, width) and numbers (cases, columns) in.

    Logits or values (cases, outputs) out: every image of a case is answered, with the same numbers
    beside it, and the answers are pooled.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.pool = shape.pool
        self.trunk: nn.Module | None = None
        width = shape.columns
        if shape.kind == "mlp":
            self.body: nn.Module = _hidden(shape)
            width = shape.slimmed(_MLP[shape.size])[-1]
        else:
            self.trunk, found = (_cnn if shape.kind == "cnn" else _resnet)(shape)
            width += 2 * found
        self.head = nn.Sequential(nn.Dropout(shape.dropout), nn.Linear(width, shape.outputs))

    def forward(self, images: Tensor | None, numbers: Tensor) -> Tensor:
        """The answers, shape (cases, outputs)."""
        if self.trunk is None or images is None:
            out: Tensor = self.head(self.body(numbers))
            return out
        cases, each = images.shape[:2]
        seen = both_pools(self.trunk(images.flatten(0, 1)))
        beside = numbers.repeat_interleave(each, dim=0)
        answers: Tensor = self.head(torch.cat([seen, beside], dim=1)).unflatten(0, (cases, each))
        return answers.amax(dim=1) if self.pool is Pool.MAX else answers.mean(dim=1)


def both_pools(maps: Tensor) -> Tensor:
    """The mean and the maximum of each channel: a whole texture, and one small thing."""
    return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def _hidden(shape: Shape) -> nn.Module:
    layers: list[nn.Module] = []
    width = shape.columns
    for following in shape.slimmed(_MLP[shape.size]):
        layers += [nn.Linear(width, following), nn.ReLU(), nn.Dropout(shape.dropout)]
        width = following
    return nn.Sequential(*layers)


def _cnn(shape: Shape) -> tuple[nn.Module, int]:
    widths = shape.slimmed(_CNN[shape.size][: shape.stages])
    layers, width = _block(shape.channels, widths[0], 1), widths[0]
    for following in widths:
        layers += [*_block(width, following, 2), *_block(following, following, 1)]
        width = following
    return nn.Sequential(*layers), width


def _resnet(shape: Shape) -> tuple[nn.Module, int]:
    blocks, all_widths = _RESNET[shape.size]
    widths = shape.slimmed(all_widths[: shape.stages])
    layers, width = _block(shape.channels, widths[0], 1), widths[0]
    for following in widths:
        layers.append(_Residual(width, following, 2))
        layers += [_Residual(following, following, 1) for _ in range(blocks - 1)]
        width = following
    return nn.Sequential(*layers), width


def _block(before: int, after: int, stride: int) -> list[nn.Module]:
    convolved = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
    return [convolved, nn.BatchNorm2d(after), nn.ReLU()]


class _Residual(nn.Module):
    """Two convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            *_block(before, after, stride),
            nn.Conv2d(after, after, 3, 1, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.short: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            one = nn.Conv2d(before, after, 1, stride, bias=False)
            self.short = nn.Sequential(one, nn.BatchNorm2d(after))
        self.last = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of half the size where it strides."""
        out: Tensor = self.last(self.way(maps) + self.short(maps))
        return out
