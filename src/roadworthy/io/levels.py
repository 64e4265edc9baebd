"""A level of product.yaml is matched to the values of a column, whatever type a file gave them."""

from __future__ import annotations

import polars as pl

from roadworthy.core.requirement import Level


def has_levels(dtype: pl.DataType) -> bool:
    """Whether values of this type can be told as a text, a number, a date, or yes and no."""
    bare = dtype in (pl.Binary, pl.Object, pl.Duration, pl.Unknown)
    return not (bare or dtype.is_nested())


def holds(column: str, dtype: pl.DataType, level: Level) -> pl.Expr:
    """Where ``column`` of type ``dtype`` holds ``level``; a missing value holds nothing.

    Numbers equal numbers (1 is 1.0), and 1 and 0 equal true and false; text equals text only;
    dates are told as text.
    """
    cell = pl.col(column)
    if isinstance(level, str):
        is_text = dtype in (pl.String, pl.Categorical, pl.Enum) or dtype.is_temporal()
        is_text = is_text and has_levels(dtype)
        return (cell.cast(pl.String) == level).fill_null(False) if is_text else pl.lit(False)
    number = int(level) if isinstance(level, bool) else level
    if dtype == pl.Boolean:
        return (cell.cast(pl.Int64) == number).fill_null(False)
    return (cell == number).fill_null(False) if dtype.is_numeric() else pl.lit(False)


def is_level(column: pl.Series, level: Level) -> pl.Series:
    """Where ``column`` holds ``level``, as ``holds`` says.

    >>> is_level(pl.Series([1.0, 0.0, None]), 1).to_list()
    [True, False, False]
    """
    frame = column.alias("column").to_frame()
    return frame.select(holds("column", column.dtype, level) & (pl.int_range(pl.len()) >= 0))[:, 0]


def counts(column: pl.Series, most: int = 8) -> str:
    """The values of a column and how often each occurs, the most frequent first.

    >>> counts(pl.Series(["a", "b", "a", None]))
    "'a' (2), 'b' (1), missing (1)"
    """
    found = column.value_counts(sort=True, name="#").sort(
        pl.col("#"), pl.nth(0).cast(pl.String), descending=[True, False], nulls_last=True
    )
    told = [f"{_shown(value)} ({count})" for value, count in found.head(most).iter_rows()]
    more = f" and {found.height - most} more" if found.height > most else ""
    return ", ".join(told) + more


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f"'{value}'" if isinstance(value, str) else str(value)
