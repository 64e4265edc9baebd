"""Training images a little otherwise each time, so that what does not matter is not learnt."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from roadworthy.core.product import Change

_SHIFT, _TURN, _NOISE = 0.08, math.radians(10.0), 0.05


def changed(images: Tensor, changes: Iterable[Change], generator: torch.Generator) -> Tensor:
    """``images`` (cases, images a case, channels, height, width), each changed by itself.

    Shifts are by whole pixels, up to 8 % of a side, and blur nothing; flips are left to right;
    turns are of up to 10 degrees; noise has a deviation of 5 % of that of the images. What comes in
    from outside is the mean, 0. ``generator`` is one of the CPU.
    """
    flat = images.flatten(0, 1)
    # an image that is not there stays away, whatever noise is added
    there = flat.abs().amax(dim=(1, 2, 3), keepdim=True) > 0
    for change in sorted(changes):
        flat = _CHANGES[change](flat, generator)
    found: Tensor = (flat * there).unflatten(0, images.shape[:2])
    return found


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    found = torch.zeros_like(images)
    height, width = images.shape[2:]
    for at, image in enumerate(images):
        down, right = (_whole(side, generator) for side in (height, width))
        into = (
            slice(max(down, 0), height + min(down, 0)),
            slice(max(right, 0), width + min(right, 0)),
        )
        out = (
            slice(max(-down, 0), height - max(down, 0)),
            slice(max(-right, 0), width - max(right, 0)),
        )
        found[at][:, *into] = image[:, *out]
    return found


def _whole(side: int, generator: torch.Generator) -> int:
    most = int(_SHIFT * side + 0.5)
    return int(torch.randint(-most, most + 1, (1,), generator=generator))


def _flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    turned = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
    return torch.where(turned[:, None, None, None], images.flip(3), images)


def _turned(images: Tensor, generator: torch.Generator) -> Tensor:
    angle = (torch.rand(len(images), generator=generator) * 2 - 1) * _TURN
    ratio = images.shape[2] / images.shape[3]
    cos, sin, nothing = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    rows = [
        torch.stack([cos, -sin * ratio, nothing], 1),
        torch.stack([sin / ratio, cos, nothing], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid.to(images.device), align_corners=False)


def _noisy(images: Tensor, generator: torch.Generator) -> Tensor:
    return images + _NOISE * torch.randn(images.shape, generator=generator).to(images.device)


_CHANGES = {
    Change.SHIFT: _shifted,
    Change.FLIP: _flipped,
    Change.ROTATE: _turned,
    Change.NOISE: _noisy,
}
