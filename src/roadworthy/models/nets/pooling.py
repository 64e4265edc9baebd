"""Answers to images become one of the case, by the declared rule, inside of the net.

So the loss sees the case alone, and finds out by itself which image deserves the blame.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from roadworthy.core.images import Pool
from roadworthy.models.nets.shape import Shape

# no logit is so low
_FAR = 1e6
Told = tuple[Tensor, Tensor | None]
"""Answers (cases, outputs), and whether there are any, (cases, 1); None: there always are."""


def pooled(each: Tensor, images: Tensor, shape: Shape) -> Tensor:
    """The answer to every case, (cases, outputs), of those to its images, (cases, images, outputs).

    ``images`` are what was answered: one of nothing but zeros is not there (``Canvas.blank``).
    """
    there = _there(images) if shape.optional else None
    told: list[Told] = [
        (each[:, at], None if there is None else there[:, at]) for at in range(each.shape[1])
    ]
    if shape.sides:
        told = [_together([told[at] for at in side], shape.within) for side in shape.sides]
    return _together(told, shape.pool)[0]


def _there(images: Tensor) -> Tensor:
    """Shape (cases, images, 1): 1 where there is an image, else 0."""
    return (images.abs().amax(dim=(2, 3, 4)) > 0).to(images.dtype)[:, :, None]


def _together(told: Sequence[Told], pool: Pool) -> Told:
    answers = [answer for answer, _ in told]
    present = [there for _, there in told if there is not None]
    if not present:
        if pool is Pool.MAX:
            return reduce(torch.maximum, answers), None
        return reduce(torch.add, answers) / len(answers), None
    some = reduce(torch.maximum, present)
    if pool is Pool.MAX:
        pairs = zip(answers, present, strict=True)
        return reduce(torch.maximum, [one - (1 - there) * _FAR for one, there in pairs]), some
    pairs = zip(answers, present, strict=True)
    count = reduce(torch.add, present).clamp(min=1.0)
    return reduce(torch.add, [one * there for one, there in pairs]) / count, some
