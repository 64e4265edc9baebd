"""What a net is built from, in plain values: readable where torch is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from roadworthy.core.images import Pool

# `own` is a module of the team, which is built by its own code
KINDS, SIZES = ("cnn", "resnet", "mlp", "own"), ("S", "M", "L")
_LEAST_SIDE = 4
_LEAST_WIDTH = 4


@dataclass(frozen=True)
class Shape:
    """All that a net is built from; plain values, so that it can be written down.

    ``channels``, ``height`` and ``width`` of the images, 0 where there are none; ``columns`` of
    numbers beside them; ``outputs``: one logit or value, or one logit a class. ``breadth`` is the
    share of the usual channels that every layer has: 0.25 is a student of a quarter.
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

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "pool": str(self.pool)}

    @staticmethod
    def read(plain: dict[str, Any]) -> Shape:
        """What ``plain`` gave.

        Raises:
            ValueError: there is no such net.
        """
        found = Shape(**{**plain, "pool": Pool(plain["pool"])})
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
    def stages(self) -> int:
        """How often the map is halved, so that a few pixels a side are left."""
        smallest = max(1, min(self.height, self.width))
        return min(4, max(1, int(math.log2(max(2, smallest / _LEAST_SIDE)))))
