"""Columns of a table as numbers for a net: standardised, gaps told, a column for every category."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.models import pipelines

Floats = NDArray[np.float32]
# a net was never shown anything farther out, and would answer wildly
_FARTHEST = 10.0


@dataclass(frozen=True)
class Number:
    """A column of numbers; ``gaps``: some were missing, which is told in a column of its own."""

    name: str
    mean: float
    deviation: float
    median: float
    gaps: bool


@dataclass(frozen=True)
class Category:
    """A column of texts and its levels; another text is none of them."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Everything that is known of the columns."""

    numbers: tuple[Number, ...] = ()
    categories: tuple[Category, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read."""
        numbers = (one.name for one in self.numbers)
        return (*numbers, *(one.name for one in self.categories))

    @property
    def width(self) -> int:
        """How many numbers a case becomes."""
        gaps = sum(one.gaps for one in self.numbers)
        return len(self.numbers) + gaps + sum(len(one.levels) for one in self.categories)

    def of(self, cases: pl.DataFrame) -> Floats:
        """Shape (cases, width).

        Raises:
            BadInput: a number is infinite.
        """
        names = tuple(one.name for one in self.numbers)
        matrix = pipelines.matrix(cases, names, tuple(one.name for one in self.categories))
        parts: list[Any] = []
        for at, number in enumerate(self.numbers):
            values = matrix[:, at].astype(np.float64)
            gap = np.isnan(values)
            parts.append((np.where(gap, number.median, values) - number.mean) / number.deviation)
            parts += [gap] if number.gaps else []
        for at, category in enumerate(self.categories, start=len(self.numbers)):
            parts += [matrix[:, at] == level for level in category.levels]
        found = np.zeros((cases.height, self.width), dtype=np.float32)
        for at, part in enumerate(parts):
            found[:, at] = np.clip(part, -_FARTHEST, _FARTHEST)
        return found

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def read(plain: dict[str, Any]) -> Columns:
        """What ``plain`` gave."""
        return Columns(
            tuple(Number(**one) for one in plain["numbers"]),
            tuple(Category(one["name"], tuple(one["levels"])) for one in plain["categories"]),
        )


def columns_of(cases: pl.DataFrame, features: tuple[str, ...]) -> Columns:
    """The columns as the training ``cases`` show them.

    Raises:
        BadInput: a feature is a name for each case, infinite, or of a type that is no feature.
    """
    known = pipelines.kinds(cases, features)
    matrix = pipelines.matrix(cases, known.numbers, known.categories)
    numbers = [
        _number(name, matrix[:, at].astype(np.float64)) for at, name in enumerate(known.numbers)
    ]
    places = enumerate(known.categories, start=len(numbers))
    categories = [Category(name, tuple(sorted(set(matrix[:, at])))) for at, name in places]
    return Columns(tuple(numbers), tuple(categories))


def _number(name: str, values: NDArray[np.float64]) -> Number:
    gap = np.isnan(values)
    known = values[~gap]
    deviation = float(known.std())
    scale = deviation if deviation > 1e-12 * max(1.0, float(np.abs(known).max())) else 1.0
    return Number(name, float(known.mean()), scale, float(np.median(known)), bool(gap.any()))
