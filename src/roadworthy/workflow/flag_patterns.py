"""Cases counted by the flags they show: of a hundred million cases only a few patterns differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.slicing import CASES

# with one bit for a lost call they fit into 16
_MOST_FLAGS = 15
PART = "@part"


def pattern_of(found: pl.DataFrame, names: Sequence[str]) -> NDArray[np.uint16] | int:
    """Which flags each row shows: bit i is flag i, the last bit a lost call; one number if all do.

    Flags that are the same in all rows cost nothing.
    """
    same = 0
    differs: NDArray[np.uint16] | None = None
    for bit, name in enumerate(names):
        flag = found[name]
        if flag.null_count():
            if name != columns.FLAGGED:
                raise NotStreamedError(f"{name} is missing")
            differs = _with_bit(differs, flag.is_null(), len(names))
            flag = flag.fill_null(False)
        if flag.all():
            same |= 1 << bit
        elif flag.any():
            differs = _with_bit(differs, flag, bit)
    return same if differs is None else differs | np.uint16(same)


def _with_bit(pattern: NDArray[np.uint16] | None, flag: pl.Series, bit: int) -> NDArray[np.uint16]:
    more = flag.to_numpy().astype(np.uint16) << np.uint16(bit)
    return more if pattern is None else np.bitwise_or(pattern, more, out=pattern)


class PatternCounts:
    """How many cases of each part show each pattern of flags."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        if len(names) > _MOST_FLAGS:
            raise NotStreamedError(f"{len(names)} flags")
        self._seen = np.full(2 << len(names), -1, dtype=np.int64)
        self._patterns: list[int] = []
        self._counts = np.zeros((0, 0), dtype=np.int64)

    def see(self, pattern: NDArray[np.uint16] | int, part: NDArray[np.int64], parts: int) -> None:
        """Counts one batch."""
        which = self._seen[pattern]
        if len(part) and int(np.min(which)) < 0:
            self._learn(np.unique(np.asarray(pattern)).tolist())
            which = self._seen[pattern]
        width = len(self._patterns)
        place = part * width
        place += which
        found = np.bincount(place, minlength=parts * width).reshape(parts, width)
        found[: self._counts.shape[0], : self._counts.shape[1]] += self._counts
        self._counts = found

    def whole(self) -> PatternCounts:
        """All parts as one."""
        found = PatternCounts(self._names)
        found._patterns = self._patterns
        found._counts = self._counts.sum(axis=0, keepdims=True)
        return found

    def frame(self, values: Mapping[str, pl.Series]) -> pl.DataFrame:
        """One row a part and pattern that occurs: key columns, flags, @part and @cases."""
        part, which = np.nonzero(self._counts)
        pattern = np.array(self._patterns, dtype=np.int64)[which]
        found = {name: column.gather(part) for name, column in values.items()}
        for bit, name in enumerate(self._names):
            found[name] = pl.Series((pattern >> bit & 1).astype(bool))
        if columns.FLAGGED in found:
            lost = pl.Series((pattern >> len(self._names) & 1).astype(bool))
            found[columns.FLAGGED] = found[columns.FLAGGED].set(lost, None)
        counts = {PART: pl.Series(part), CASES: pl.Series(self._counts[part, which])}
        return pl.DataFrame({**found, **counts})

    def _learn(self, patterns: Sequence[int]) -> None:
        for pattern in patterns:
            if self._seen[pattern] < 0:
                self._seen[pattern] = len(self._patterns)
                self._patterns.append(pattern)
