"""Which columns name image files, and how the answers to several images of a case become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from roadworthy.core import columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

# the reason of a case that names no image, or one that is not there
NO_IMAGE = "MISSING:image"


class Pool(StrEnum):
    """How several images of one case become one: the most suspicious of them, or their mean."""

    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True)
class Pooling:
    """The rule by which answers to images become one of the case: image, side, case.

    ``sides`` hold the places of each side's images among all; images of a side become one by
    ``within``, sides the case by ``pool``. Without sides images become the case by ``pool``.
    """

    pool: Pool = Pool.MAX
    within: Pool = Pool.MAX
    sides: tuple[tuple[int, ...], ...] = ()

    def of(self, values: Sequence[NDArray[Any] | None]) -> NDArray[Any]:
        """One of several arrays of the same shape; None: that image is not there.

        >>> import numpy as np
        >>> Pooling(Pool.MAX, Pool.MEAN, ((0, 1), (2,))).of([np.array(1), np.array(5), np.array(4)])
        array(4.)
        """
        if not self.sides:
            return _together([one for one in values if one is not None], self.pool)
        by_side = ([values[at] for at in side] for side in self.sides)
        there = ([one for one in side if one is not None] for side in by_side)
        return _together([_together(side, self.within) for side in there if side], self.pool)

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        sides = [list(side) for side in self.sides]
        return {"pool": str(self.pool), "within": str(self.within), "sides": sides}

    @staticmethod
    def read(plain: dict[str, Any], images: int) -> Pooling:
        """What ``plain`` gave, of a model that sees so many images a case.

        Raises:
            ValueError, TypeError, KeyError: it is no such rule.
        """
        sides = tuple(tuple(map(int, side)) for side in plain.get("sides", ()))
        if sides and sorted(at for side in sides for at in side) != list(range(images)):
            raise ValueError("not every image is of one side")
        within = Pool(plain.get("within", Pool.MAX))
        return Pooling(Pool(plain["pool"]), within, sides)


def _together(values: Sequence[NDArray[Any]], pool: Pool) -> NDArray[Any]:
    # product.yaml is read without it
    import numpy as np

    found: NDArray[Any] = np.max(values, axis=0) if pool is Pool.MAX else np.mean(values, axis=0)
    return np.asarray(found)


@dataclass(frozen=True)
class Images:
    """Columns with paths of image files; ``side`` is the longest side, in pixels, that nets see.

    ``sides`` groups them by name, ``pool`` and ``within`` are as in ``Pooling``. A case that names
    no image in one of the columns ``optional`` is answered by the others. Every image that is named
    must be readable; a case of which one is not goes to a person.
    """

    columns: tuple[str, ...]
    pool: Pool = Pool.MAX
    side: int = 256
    sides: tuple[tuple[str, tuple[str, ...]], ...] = ()
    within: Pool = Pool.MAX
    optional: tuple[str, ...] = ()

    def pooling(self, files: Sequence[str]) -> Pooling:
        """The rule for a model that reads these columns of files, in this order."""
        place = {columns.shown(name): at for at, name in enumerate(files)}
        groups = (tuple(place[one] for one in names) for _, names in self.sides)
        return Pooling(self.pool, self.within, tuple(groups))


@dataclass(frozen=True)
class Unread:
    """An image that could not be read: which case, which column, which file, and why.

    ``missing``: the case names no file, or there is no such file.
    """

    case: str
    column: str
    file: str | None
    why: str
    missing: bool

    @property
    def code(self) -> str:
        """The reason as it is counted.

        >>> Unread("c7", "scan", None, "names no file", missing=True).code
        'MISSING:image'
        """
        return NO_IMAGE if self.missing else f"BROKEN:{self.column}"

    def __str__(self) -> str:
        file = "" if self.file is None else f" '{self.file}'"
        return f"case {self.case}:{file} {self.why} ({self.code})"
