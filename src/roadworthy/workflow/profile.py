"""What can be seen of a column without knowing what it means: its kind, its levels, its range."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from roadworthy.io.free_text import reads_like_text, words_per_text

MOST_LEVELS = 100
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ].*)?$"


class Kind(StrEnum):
    """What a column holds."""

    FLAG = "yes or no"
    WHOLE = "whole numbers"
    NUMBER = "numbers"
    TEXT = "text"
    DATE = "dates"


@dataclass(frozen=True)
class Level:
    """A value of a column and in how many rows it stands."""

    value: bool | int | str
    rows: int


@dataclass(frozen=True)
class Column:
    """A column as a stranger sees it.

    ``missing`` counts empty and non-finite values. ``levels`` are the values when there are at most
    100, the most frequent first; a number that is not whole is no level. ``low``, ``high`` and
    ``scatter`` (mean distance from the median) are of numbers; ``length`` and ``told`` are how many
    letters and words a text has on average.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    levels: tuple[Level, ...] = ()
    low: float = math.nan
    high: float = math.nan
    scatter: float = math.nan
    length: float = 0.0
    told: float = 0.0

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name, in small letters: ``patientID`` is patient, id."""
        apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", self.name)
        return tuple(re.findall(r"[^\W_]+", apart.lower()))

    @property
    def is_text(self) -> bool:
        """Whether people seem to have written its values, one by one."""
        texts = self.kind is Kind.TEXT
        return texts and reads_like_text(self.told, self.distinct, self.rows, MOST_LEVELS)

    @property
    def complete(self) -> bool:
        """Whether every row has a value."""
        return self.missing == 0

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.complete and self.distinct == self.rows

    @property
    def values(self) -> frozenset[bool | int | str]:
        """The levels alone."""
        return frozenset(level.value for level in self.levels)


def profile(frame: pl.DataFrame) -> tuple[Column, ...]:
    """Every column that product.yaml can name, in the table's order.

    A blank name cannot be written there.
    """
    return tuple(_column(frame[name]) for name in frame.columns if name.strip())


def _column(series: pl.Series) -> Column:
    if series.dtype.is_numeric():
        return _numbers(series)
    if series.dtype == pl.Boolean:
        return _levelled(series, Kind.FLAG)
    if series.dtype.is_temporal():
        return _levelled(series.cast(pl.String), Kind.DATE)
    text = series.cast(pl.String)
    held = text.drop_nulls()
    dates = len(held) > 0 and bool(held.str.contains(_ISO_DATE).all())
    return _levelled(text, Kind.DATE if dates else Kind.TEXT)


def _levelled(series: pl.Series, kind: Kind) -> Column:
    held = series.drop_nulls()
    length = held.str.len_chars().mean() if held.dtype == pl.String else 0.0
    distinct = held.n_unique()
    return Column(
        series.name,
        kind,
        len(series),
        len(series) - len(held),
        distinct,
        levels=_levels(held) if distinct <= MOST_LEVELS else (),
        length=float(length) if isinstance(length, int | float) else 0.0,
        told=words_per_text(held) if held.dtype == pl.String else 0.0,
    )


def _numbers(series: pl.Series) -> Column:
    numbers = series.cast(pl.Float64)
    held = numbers.filter(numbers.is_finite().fill_null(False))
    missing, distinct = len(series) - len(held), held.n_unique()
    if not len(held):
        return Column(series.name, Kind.NUMBER, len(series), missing, 0)
    # integers are told apart as such: beyond 2^53 floats no longer tell them apart
    whole = series.dtype.is_integer()
    if whole:
        distinct = series.drop_nulls().n_unique()
    elif bool((held == held.floor()).all()) and float(held.abs().max() or 0.0) < 2**53:  # type: ignore[arg-type]
        whole, series = True, held.cast(pl.Int64).alias(series.name)
    few = whole and distinct <= MOST_LEVELS
    median = held.median()
    assert isinstance(median, float)
    return Column(
        series.name,
        Kind.WHOLE if whole else Kind.NUMBER,
        len(numbers),
        missing,
        distinct,
        levels=_levels(series.drop_nulls()) if few else (),
        low=float(held.min()),  # type: ignore[arg-type]
        high=float(held.max()),  # type: ignore[arg-type]
        scatter=float((held - median).abs().mean()),  # type: ignore[arg-type]
    )


def _levels(held: pl.Series) -> tuple[Level, ...]:
    counted = held.alias("value").value_counts(name="rows")
    # of two that are as frequent, always the same one comes first
    told = counted.with_columns(pl.col("value").cast(pl.String).alias("name"))
    rows = told.sort("rows", "name", descending=[True, False]).select("value", "rows").rows()
    return tuple(Level(value, count) for value, count in rows)
