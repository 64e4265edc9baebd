"""Slices as small whole numbers: every row of a batch gets the finest part that a rule tells apart.

Grouping once by such a number replaces one pass over the rows for every slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.requirement import SliceRule
from roadworthy.io.text_codes import MISSING, TextCodes, TooManyTextsError
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.slicing import MOST_LEVELS

Integers = NDArray[np.int64]
# room for MOST_LEVELS levels and for missing values; a power of two
_ROOM = 64
_MOST_COLUMNS = 3


@dataclass(frozen=True)
class Key:
    """What a slice rule tells apart: levels of columns, or ranges of one; nothing: the whole."""

    by: tuple[str, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()

    @staticmethod
    def of(rule: SliceRule) -> Key:
        """The key of a rule; rules that differ in limits only share one."""
        return Key(rule.by, rule.ranges)


class Parts:
    """Numbers the parts of one key in the order in which they are first seen."""

    def __init__(self, key: Key, schema: pl.Schema) -> None:
        if len(key.by) > _MOST_COLUMNS:
            raise NotStreamedError(f"{len(key.by)} columns")
        self._codes = [_codes(name, schema[name], key) for name in key.by]
        # the codes of one column are parts themselves
        self._alone = self._codes[0] if len(self._codes) == 1 else None
        self._known = np.full(_ROOM ** len(key.by), -1, dtype=np.int64)
        self._fused: list[int] = [] if key.by else [0]

    def of(self, batch: pl.DataFrame) -> Integers:
        """The part of each row, shape (rows,)."""
        if not self._codes:
            return np.zeros(batch.height, dtype=np.int64)
        if self._alone is not None:
            return self._alone.of(batch[self._alone.column])
        fused, *others = (codes.of(batch[codes.column]) for codes in self._codes)
        for other in others:
            fused = fused * _ROOM + other
        part = self._known[fused]
        if len(part) and int(part.min()) < 0:
            self._learn(np.unique(fused[part < 0]))
            part = self._known[fused]
        return part

    def values(self) -> dict[str, pl.Series]:
        """For each column of the key a value that stands for each part, in the column's own type.

        Of a range it is the lower end of the stretch between two ends in which the part lies.
        """
        if self._alone is not None:
            return {self._alone.column: self._alone.values(np.arange(len(self._alone)))}
        rest, found = np.array(self._fused, dtype=np.int64), {}
        for codes in reversed(self._codes):
            found[codes.column] = codes.values(rest % _ROOM)
            rest = rest // _ROOM
        return found

    def __len__(self) -> int:
        return len(self._fused) if self._alone is None else len(self._alone)

    def _learn(self, fused: Integers) -> None:
        self._known[fused] = np.arange(len(self._fused), len(self._fused) + len(fused))
        self._fused.extend(map(int, fused))


class _Codes(Protocol):
    """Codes of one column's values; MISSING for null and NaN."""

    column: str

    def of(self, series: pl.Series) -> Integers: ...

    def values(self, codes: Integers) -> pl.Series: ...

    def __len__(self) -> int:
        """How many codes there are, that of missing values included."""


def _codes(name: str, dtype: pl.DataType, key: Key) -> _Codes:
    if key.ranges:
        return _Stretches(name, dtype, key.ranges)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _Words(name)
    if dtype.is_integer() or dtype.is_float() or dtype.is_temporal() or dtype == pl.Boolean:
        return _Numbers(name, dtype)
    raise NotStreamedError(f"{name} holds {dtype}")


class _Words:
    def __init__(self, column: str) -> None:
        self.column = column
        self._codes = TextCodes(MOST_LEVELS)

    def of(self, series: pl.Series) -> Integers:
        try:
            return self._codes.of(series.cast(pl.String))
        except TooManyTextsError as reason:
            raise NotStreamedError(f"{self.column}: {reason}") from reason

    def values(self, codes: Integers) -> pl.Series:
        return pl.Series([None, *self._codes.known], dtype=pl.String).gather(codes)

    def __len__(self) -> int:
        return 1 + len(self._codes.known)


class _Numbers:
    def __init__(self, column: str, dtype: pl.DataType) -> None:
        self.column, self._dtype = column, dtype
        self._known: NDArray[Any] | None = None
        self._order: Integers = np.empty(0, dtype=np.int64)

    def of(self, series: pl.Series) -> Integers:
        numbers, missing = _physical(series)
        known = numbers[:0] if self._known is None else self._known
        found = self._look_up(known, numbers)
        unknown = found < 0 if missing is None else (found < 0) & ~missing
        if unknown.any():
            known = np.concatenate([known, np.unique(numbers[unknown])])
            _refuse_many(len(known), self.column)
            self._order = np.argsort(known, kind="stable")
            found = self._look_up(known, numbers)
        self._known = known
        found += 1
        if missing is not None:
            found[missing] = MISSING
        return found

    def values(self, codes: Integers) -> pl.Series:
        known = pl.Series(self._known)
        if self._dtype == pl.Boolean:
            known = known.cast(pl.Boolean)
        missing = pl.Series([None], dtype=self._dtype)
        return pl.concat([missing, known.cast(self._dtype)]).gather(codes)

    def __len__(self) -> int:
        return 1 + len(self._order)

    def _look_up(self, known: NDArray[Any], numbers: NDArray[Any]) -> Integers:
        if not len(known):
            return np.full(len(numbers), -1, dtype=np.int64)
        ordered = known[self._order]
        place = np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)
        return np.where(ordered[place] == numbers, self._order[place], -1)


class _Stretches:
    """The stretches between the ends of ranges: each range is made of whole ones."""

    def __init__(
        self, column: str, dtype: pl.DataType, ranges: tuple[tuple[float, float], ...]
    ) -> None:
        self.column = column
        self._ends = np.unique(np.array(ranges, dtype=np.float64))
        if not dtype.is_numeric() or len(self._ends) + 2 > _ROOM:
            raise NotStreamedError(f"{column} in {len(ranges)} ranges")

    def of(self, series: pl.Series) -> Integers:
        numbers, missing = _physical(series.cast(pl.Float64))
        found: Integers = np.searchsorted(self._ends, numbers, side="right").astype(np.int64) + 1
        if missing is not None:
            found[missing] = MISSING
        return found

    def values(self, codes: Integers) -> pl.Series:
        lower = [None, -np.inf, *self._ends.tolist()]
        return pl.Series(lower, dtype=pl.Float64).gather(codes)

    def __len__(self) -> int:
        return 2 + len(self._ends)


def _physical(series: pl.Series) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Plain numbers, and where they are missing; None: nowhere."""
    plain = series.to_physical()
    if plain.dtype == pl.Boolean:
        plain = plain.cast(pl.Int8)
    absent = plain.is_null()
    if plain.dtype.is_float():
        absent = absent | plain.is_nan().fill_null(True)
    if not absent.any():
        return plain.to_numpy(), None
    return plain.fill_null(0).to_numpy(), absent.to_numpy()


def _refuse_many(levels: int, column: str) -> None:
    if levels > MOST_LEVELS:
        raise NotStreamedError(f"{column} has {levels} levels")
