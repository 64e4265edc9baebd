"""Statistics that add up: batches, processes and machines count apart and are put together later.

A sketch sees the rows of a table once, batch by batch, each row belonging to one *part* (a number
from 0). Parts are the finest groups of a slicing; the statistic of a slice is read off by putting
its parts together. What comes out is bit for bit what reducing all rows at once gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from roadworthy.stats import auc

__all__ = ["Counts", "Nothing", "Ranked"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Integers: TypeAlias = NDArray[np.int64]
R = TypeVar("R")


class Nothing:
    """The sketch of a statistic that is not needed when cases are independent."""

    def add(self, columns: Arrays, part: Integers, weight: Integers | None = None) -> None:
        """Sees rows and keeps nothing of them."""

    def merge(self, other: Nothing) -> None:
        """Nothing and nothing is nothing."""

    def of(self, parts: Sequence[int]) -> None:
        """Nothing."""


class Counts(Generic[R]):
    """How many rows of each part have each of some properties.

    ``properties`` gives boolean arrays (rows,) from the columns; ``told`` makes the statistic from
    one whole number a property.

    >>> hits = Counts(lambda columns: (columns["hit"],), lambda k: k)
    >>> hits.add({"hit": np.array([True, False, True])}, np.array([0, 0, 1]))
    >>> hits.of([0]), hits.of([0, 1])
    (1, 2)
    """

    def __init__(
        self,
        properties: Callable[[Arrays], tuple[NDArray[np.bool_], ...]],
        told: Callable[..., R],
    ) -> None:
        self._properties, self._told = properties, told
        self._counts: Integers | None = None

    def add(self, columns: Arrays, part: Integers, weight: Integers | None = None) -> None:
        """Counts rows, shape (rows,); ``weight`` says for how many cases each of them stands."""
        found = self._properties(columns)
        parts = int(part.max()) + 1 if len(part) else 0
        counts = self._grown(len(found), parts)
        for kept, holds in zip(counts, found, strict=True):
            kept[:parts] += _count(part[holds], None if weight is None else weight[holds], parts)

    def merge(self, other: Counts[R]) -> None:
        """Adds what another sketch of the same statistic and the same parts has counted."""
        if other._counts is not None:
            properties, parts = other._counts.shape
            self._grown(properties, parts)[:, :parts] += other._counts

    def of(self, parts: Sequence[int]) -> R:
        """The statistic of these parts together."""
        if self._counts is None:
            return self._told(*(0 for _ in self._properties(_Empty())))
        seen = [part for part in parts if part < self._counts.shape[1]]
        return self._told(*(int(kept[seen].sum()) for kept in self._counts))

    def _grown(self, properties: int, parts: int) -> Integers:
        old = self._counts
        if old is not None and old.shape[1] >= parts:
            return old
        found = np.zeros((properties, parts), dtype=np.int64)
        if old is not None:
            found[:, : old.shape[1]] = old
        self._counts = found
        return found


class _Empty(Mapping[str, NDArray[Any]]):
    """Every column, without rows."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return np.empty(0, dtype=np.bool_)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _count(part: Integers, weight: Integers | None, parts: int) -> Integers:
    if weight is None:
        return np.bincount(part, minlength=parts).astype(np.int64, copy=False)
    # whole numbers are exact up to 2**53, far above any number of cases
    return np.bincount(part, weights=weight, minlength=parts).astype(np.int64)


class Ranked(Generic[R]):
    """Scores in 0..1 and truths for an AUC: kept while they are few, in a histogram from then on.

    ``told`` makes the statistic from (auc, error, positives, negatives). Up to ``most`` cases the
    AUC is exact, and a part takes 8 bytes a case; above, a part takes 1 MB however many it holds.
    """

    def __init__(self, most: int, told: Callable[[float | None, float, int, int], R]) -> None:
        self._most, self._told = most, told
        self._parts: dict[int, _Scores] = {}

    def add(self, columns: Arrays, part: Integers, weight: Integers | None = None) -> None:
        """Sees scores and truths, shape (rows,).

        Raises:
            ValueError: rows come with weights; a score stands for one case.
        """
        if weight is not None:
            raise ValueError("scores are ranked case by case, so rows cannot have weights.")
        if len(part) and not part.any() and self._at(0).counts_only:
            self._at(0).count(columns["score"], columns["positive"])
            return
        packed = auc.packed(columns["score"], columns["positive"])
        for one, rows in _by_part(packed, part):
            self._at(one).add(rows)

    def merge(self, other: Ranked[R]) -> None:
        """Adds what another sketch of the same statistic and the same parts has seen."""
        for one, scores in other._parts.items():
            self._at(one).merge(scores)

    def of(self, parts: Sequence[int]) -> R:
        """The statistic of these parts together."""
        found = [self._parts[one] for one in parts if one in self._parts]
        together = found[0] if len(found) == 1 else _Scores(self._most)
        if len(found) != 1:
            for scores in found:
                together.merge(scores)
        return self._told(*together.auc())

    def _at(self, part: int) -> _Scores:
        return self._parts.setdefault(part, _Scores(self._most))


class _Scores:
    """The scores of one part."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._few: list[Integers] = []
        self._held = 0
        self._many: auc.ScoreHistogram | None = None

    @property
    def counts_only(self) -> bool:
        """Whether single scores are no longer kept."""
        return self._many is not None

    def count(self, score: NDArray[Any], positive: NDArray[Any]) -> None:
        """More scores and truths, for a part that counts only."""
        self._held += len(score)
        self._many = (self._many or auc.ScoreHistogram.empty()).seen(score, positive)

    def add(self, packed: Integers) -> None:
        self._held += len(packed)
        if self._many is None and self._held <= self._most:
            self._few.append(packed)
            return
        self._spill([*self._few, packed])
        self._few = []

    def merge(self, other: _Scores) -> None:
        for packed in other._few:
            self.add(packed)
        if other._many is not None:
            self._held += other._held
            self._spill(self._few)
            self._few = []
            self._many = other._many if self._many is None else self._many + other._many

    def auc(self) -> tuple[float | None, float, int, int]:
        many = self._many
        if many is None:
            positives, negatives = auc.sizes(self._few)
            both = positives > 0 and negatives > 0
            area = auc.exact_packed(np.concatenate(self._few)) if both else None
            return area, 0.0, positives, negatives
        positives, negatives = int(many.positives.sum()), int(many.negatives.sum())
        if not positives or not negatives:
            return None, 0.0, positives, negatives
        return many.auc(), many.auc_error(), positives, negatives

    def _spill(self, packed: Iterable[Integers]) -> None:
        for some in packed:
            self._many = (self._many or auc.ScoreHistogram.empty()).seen(*auc.unpacked(some))


def _by_part(values: Integers, part: Integers) -> list[tuple[int, Integers]]:
    """The values of each part, in their order."""
    parts = int(part.max()) + 1 if len(part) else 0
    if parts <= 1:
        return [(0, values)] if parts else []
    # small numbers are sorted by counting
    small = part.astype(np.uint8 if parts <= 1 << 8 else np.uint16 if parts <= 1 << 16 else int)
    ordered = values[np.argsort(small, kind="stable")]
    ends = np.cumsum(np.bincount(part, minlength=parts))
    starts = np.concatenate(([0], ends[:-1]))
    stretches = enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
    # copies: a view would keep the whole batch alive
    return [(i, ordered[start:end].copy()) for i, (start, end) in stretches if end > start]
