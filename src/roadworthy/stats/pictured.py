"""What pictures ask of the data beside shares: fine counts of scores and of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.instrument import Rows
from roadworthy.stats.gathered import shares_units
from roadworthy.stats.score_counts import ErrorCounts, ScoreCounts

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Codes: TypeAlias = NDArray[Any] | None


class _Adds(Protocol):
    def __add__(self, other: Any) -> Any: ...


C = TypeVar("C", bound=_Adds)


@dataclass(frozen=True)
class Counted(Generic[C]):
    """Counts, and whether the cases in them depend on one another."""

    counts: C
    dependent: bool = False


class Adding(Generic[C]):
    """The sketch of counts that add up: one of them a part."""

    def __init__(self, empty: Callable[[], C], counted: Callable[[Arrays], C]) -> None:
        self._empty, self._counted = empty, counted
        self._parts: dict[int, C] = {}

    def add(self, columns: Arrays, part: NDArray[Any], weight: NDArray[Any] | None = None) -> None:
        """Sees rows.

        Raises:
            ValueError: rows come with weights; a score stands for one case.
        """
        if weight is not None:
            raise ValueError("scores are counted case by case, so rows cannot have weights.")
        for one in np.unique(part).tolist() if part.any() else [0] * (len(part) > 0):
            here = part == one
            rows = columns if here.all() else {name: of[here] for name, of in columns.items()}
            self._see(one, self._counted(rows))

    def merge(self, other: Adding[C]) -> None:
        """Adds what another sketch of the same statistic and the same parts has counted."""
        for one, counts in other._parts.items():
            self._see(one, counts)

    def of(self, parts: Sequence[int]) -> Counted[C]:
        """The counts of these parts together."""
        total = self._empty()
        for one in parts:
            if one in self._parts:
                total = total + self._parts[one]
        return Counted(total)

    def _see(self, part: int, counts: C) -> None:
        known = self._parts.get(part)
        self._parts[part] = counts if known is None else known + counts


@dataclass(frozen=True)
class Scored:
    """Positives and negatives by score, among the cases that ``among`` holds for."""

    score: pl.Expr
    positive: pl.Expr
    among: pl.Expr | None = None
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        asked = {"score": self.score, "positive": self.positive}
        return asked if self.among is None else {**asked, "among": self.among}

    def reduce(self, columns: Arrays, unit: Codes) -> Counted[ScoreCounts]:
        return Counted(self._count(columns), shares_units(unit))

    def sketch(self) -> Adding[ScoreCounts]:
        """Counts by score."""
        return Adding(ScoreCounts.empty, self._count)

    def _count(self, columns: Arrays) -> ScoreCounts:
        score = columns["score"].astype(np.float64, copy=False)
        positive = columns["positive"].astype(bool, copy=False)
        if self.among is not None:
            among = columns["among"].astype(bool, copy=False)
            score, positive = score[among], positive[among]
        return ScoreCounts.of(score, positive)


@dataclass(frozen=True)
class Deviations:
    """How far ``of`` is from ``truth``, whichever way."""

    of: pl.Expr
    truth: pl.Expr
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"off": (self.of - self.truth).cast(pl.Float64).abs()}

    def reduce(self, columns: Arrays, unit: Codes) -> Counted[ErrorCounts]:
        return Counted(self._count(columns), shares_units(unit))

    def sketch(self) -> Adding[ErrorCounts]:
        """Counts by size."""
        return Adding(ErrorCounts.empty, self._count)

    def _count(self, columns: Arrays) -> ErrorCounts:
        return ErrorCounts.of(columns["off"].astype(np.float64, copy=False))
