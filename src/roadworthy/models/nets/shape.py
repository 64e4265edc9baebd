"""What a net is built from, in plain values: readable where torch is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from roadworthy.core.images import Pool, Pooling

# `own` is a module of the team, which is built by its own code
KINDS, SIZES = ("cnn", "resnet", "mlp", "own"), ("S", "M", "L")
_LEAST_WIDTH = 4


@dataclass(frozen=True)
class Step:
    """One step of a trunk: a convolution, or a residual block of two of 3 x 3 pixels."""

    width: int
    stride: int = 1
    kernel: int = 3
    convolutions: int = 1


def _trunk(*steps: tuple[int, int], convolutions: int) -> tuple[Step, ...]:
    """Widths and strides; the first step is always one convolution of 5 x 5 pixels."""
    first, *others = steps
    found = (Step(width, stride, convolutions=convolutions) for width, stride in others)
    return (Step(*first, kernel=5), *found)


# a quarter of the resolution is the coarsest: a few pixels must not vanish
_CNN = {
    "S": _trunk((24, 2), (24, 1), (32, 2), (32, 1), (32, 1), convolutions=1),
    "M": _trunk((32, 2), (32, 1), (48, 2), (48, 1), (64, 1), (64, 1), convolutions=1),
    "L": _trunk((48, 2), (48, 1), (64, 2), (64, 1), (96, 1), (96, 1), (96, 1), convolutions=1),
}
_RESNET = {
    "S": _trunk((24, 2), (24, 1), (32, 2), (32, 1), convolutions=2),
    "M": _trunk((24, 2), (24, 1), (48, 2), (48, 1), (48, 1), convolutions=2),
    "L": _trunk((32, 2), (32, 1), (64, 2), (64, 1), (96, 1), (96, 1), convolutions=2),
}


@dataclass(frozen=True)
class Shape:
    """All that a net is built from; plain values, so that it can be written down.

    ``channels``, ``height`` and ``width`` of the images, 0 where there are none; ``columns`` of
    numbers beside them; ``outputs``: one logit or value, or one logit a class. ``breadth`` is the
    share of the usual channels that every layer has: 0.25 is a student of a quarter. ``pool``,
    ``within`` and ``sides`` are as in ``Pooling``; ``optional``: an image may be missing.
    """

    kind: str
    size: str
    outputs: int
    columns: int = 0
    channels: int = 0
    height: int = 0
    width: int = 0
    pool: Pool = Pool.MAX
    dropout: float = 0.1
    breadth: float = 1.0
    within: Pool = Pool.MAX
    sides: tuple[tuple[int, ...], ...] = ()
    optional: bool = False

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), **self.rule.plain()}

    @property
    def rule(self) -> Pooling:
        """How answers to images become one."""
        return Pooling(self.pool, self.within, self.sides)

    @staticmethod
    def read(plain: dict[str, Any]) -> Shape:
        """What ``plain`` gave.

        Raises:
            ValueError: there is no such net.
        """
        sides = plain.get("sides", ())
        rule = Pooling.read(plain, sum(len(side) for side in sides))
        found = Shape(**{**plain, **vars(rule)})
        if found.kind not in KINDS or found.size not in SIZES:
            raise ValueError(f"no net is called {found.kind} {found.size}")
        if not 0 < found.outputs <= 10_000 or not 0 <= found.columns <= 1_000_000:
            raise ValueError("no net has so many outputs or columns")
        if not 0 <= found.channels <= 3 or max(found.height, found.width) > 1 << 16:
            raise ValueError("no net sees such images")
        if not 0.0 < found.breadth <= 1.0:
            raise ValueError("no net is so broad")
        return found

    def slimmed(self, widths: Sequence[int]) -> tuple[int, ...]:
        """The channels of each layer: the usual ones times ``breadth``, a few at least.

        >>> Shape("cnn", "S", 1, breadth=0.25).slimmed((16, 32, 60))
        (4, 8, 15)
        """
        return tuple(max(_LEAST_WIDTH, round(self.breadth * width)) for width in widths)

    @property
    def trunk(self) -> tuple[Step, ...]:
        """What images go through; empty where there are none."""
        steps = {"cnn": _CNN, "resnet": _RESNET}.get(self.kind, {}).get(self.size, ())
        widths = self.slimmed([step.width for step in steps])
        return tuple(replace(step, width=w) for step, w in zip(steps, widths, strict=True))

    @property
    def stride(self) -> int:
        """How many pixels lie between two places of the map of scores.

        >>> Shape("cnn", "S", 1).stride
        4
        """
        return math.prod(step.stride for step in self.trunk)

    @property
    def sees(self) -> int:
        """Its receptive field: a place of the map hangs on a square of so many pixels a side.

        Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks".

        >>> [Shape("cnn", size, 1).sees for size in SIZES]
        [29, 37, 45]
        >>> [Shape("resnet", size, 1).sees for size in SIZES]
        [41, 57, 73]
        """
        sees, apart = 1, 1
        for step in self.trunk:
            sees += (step.kernel - 1) * apart
            apart *= step.stride
            sees += (step.convolutions - 1) * (step.kernel - 1) * apart
        return sees
