"""Statistics that add up: batches, processes and machines count apart and are put together later.

A sketch sees the rows of a table once, batch by batch, each row belonging to one *part* (a number
from 0). Parts are the finest groups of a slicing; the statistic of a slice is read off by putting
its parts together. What comes out is bit for bit what reducing all rows at once gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Nothing"]

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
