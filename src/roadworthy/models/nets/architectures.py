"""The nets: a small convolutional one, a residual one, and one for columns, each in three sizes.

Those for images give a map of logits, and what they say of an image is pooled from it: its labels
alone teach the map where to look. Every ReLU is a module of its own, and nothing is concatenated
or pooled to a size that hangs on the input: what explanations, pruning and ONNX can work with.
"""

from __future__ import annotations

from torch import Tensor, nn

from roadworthy.models.nets.pooling import pooled
from roadworthy.models.nets.shape import Shape, Step

_MLP = {"S": (32, 32), "M": (64, 64, 64), "L": (256, 256, 256)}
# an image is answered by so large a share of its places, the highest, and never by more than so
# many: what is looked for is small, and no larger where the image is
SHARE, MOST_PLACES = 0.01, 16


class Net(nn.Module):
    """Images (cases, images a case, channels, height, width) and numbers (cases, columns) in.

    Logits or values (cases, outputs) out: every image of a case is answered, with the same numbers
    beside it, and the answers are pooled.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.trunk: nn.Module | None = None
        self.beside: nn.Module | None = None
        if shape.kind == "mlp":
            self.body: nn.Module = _hidden(shape)
            width = shape.slimmed(_MLP[shape.size])[-1]
            self.head = nn.Sequential(nn.Dropout(shape.dropout), nn.Linear(width, shape.outputs))
            return
        self.trunk = _trunk(shape)
        width = shape.trunk[-1].width
        self.texture = nn.Linear(width, shape.outputs, bias=False)
        if shape.columns:
            self.beside = nn.Linear(shape.columns, shape.outputs, bias=False)
        for linear in filter(None, (self.texture, self.beside)):
            # at first the map alone says everything
            nn.init.zeros_(linear.weight)
        self.head = nn.Sequential(nn.Dropout2d(shape.dropout), nn.Conv2d(width, shape.outputs, 1))

    def forward(self, images: Tensor | None, numbers: Tensor) -> Tensor:
        """The answers, shape (cases, outputs)."""
        if self.trunk is None or images is None:
            out: Tensor = self.head(self.body(numbers))
            return out
        return self.pooled(self.maps(images, numbers), images)

    def pooled(self, maps: Tensor, images: Tensor) -> Tensor:
        """The answers (cases, outputs) of the ``maps`` of ``images``."""
        return pooled(highest(maps), images, self.shape)

    def maps(self, images: Tensor, numbers: Tensor) -> Tensor:
        """A logit a place, shape (cases, images a case, outputs, rows, columns).

        The mean of the highest places is what is said of an image. What its mean features say of
        a whole texture, and the numbers beside it, is added to every place, and so to the image.
        """
        assert self.trunk is not None
        features = self.trunk(images.flatten(0, 1))
        whole = self.texture(features.mean(dim=(2, 3)))
        found: Tensor = self.head(features) + whole[:, :, None, None]
        found = found.unflatten(0, images.shape[:2])
        if self.beside is not None:
            found = found + self.beside(numbers)[:, None, :, None, None]
        return found


def highest(maps: Tensor) -> Tensor:
    """The mean of the highest places of (..., rows, columns), shape (...).

    Top-t % pooling (Shen et al. 2021, "An interpretable classifier for high-resolution breast
    cancer screening images"); the maximum alone (Ilse, Tomczak & Welling 2018 name it and
    the mean) and a log-mean-exp (Pinheiro & Collobert 2015) each failed on one of cloth and
    synthetic exams (decision 027). What is added to every place is added to what is said.

    >>> import torch
    >>> round(float(highest(torch.arange(400.0).view(20, 20))), 4)
    397.5
    """
    places = maps.flatten(-2)
    count = max(1, min(MOST_PLACES, round(SHARE * places.shape[-1])))
    return places.topk(count, dim=-1).values.mean(dim=-1)


def _hidden(shape: Shape) -> nn.Module:
    layers: list[nn.Module] = []
    width = shape.columns
    for following in shape.slimmed(_MLP[shape.size]):
        layers += [nn.Linear(width, following), nn.ReLU(), nn.Dropout(shape.dropout)]
        width = following
    return nn.Sequential(*layers)


def _trunk(shape: Shape) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = shape.channels
    for step in shape.trunk:
        layers += [_Residual(width, step)] if step.convolutions > 1 else _block(width, step)
        width = step.width
    return nn.Sequential(*layers)


def _block(before: int, step: Step) -> list[nn.Module]:
    sizes = step.kernel, step.stride, step.kernel // 2
    convolved = nn.Conv2d(before, step.width, *sizes, bias=False)
    return [convolved, nn.BatchNorm2d(step.width), nn.ReLU()]


class _Residual(nn.Module):
    """Two convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, before: int, step: Step) -> None:
        super().__init__()
        after = step.width
        self.way = nn.Sequential(
            *_block(before, step),
            nn.Conv2d(after, after, step.kernel, 1, step.kernel // 2, bias=False),
            nn.BatchNorm2d(after),
        )
        self.short: nn.Module = nn.Identity()
        if step.stride != 1 or before != after:
            one = nn.Conv2d(before, after, 1, step.stride, bias=False)
            self.short = nn.Sequential(one, nn.BatchNorm2d(after))
        self.last = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of half the size where it strides."""
        out: Tensor = self.last(self.way(maps) + self.short(maps))
        return out
