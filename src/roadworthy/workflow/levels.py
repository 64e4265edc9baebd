"""Where a table is as a slice or a list of levels says, as polars expressions."""

from __future__ import annotations

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.requirement import Level, Slice, SliceKey
from roadworthy.io.levels import has_levels, holds

WORDS = "Write the values as text, numbers or dates."


def is_in(column: str, dtype: pl.DataType, levels: tuple[Level, ...]) -> pl.Expr:
    """Where ``column`` holds one of ``levels``; never null."""
    found = [holds(column, dtype, level) for level in levels]
    return pl.any_horizontal(found) if found else pl.lit(False)


def missing(column: str, dtype: pl.DataType) -> pl.Expr:
    """Where ``column`` has no value; NaN is none either."""
    cell = pl.col(column)
    return cell.is_null() | cell.is_nan().fill_null(True) if dtype.is_float() else cell.is_null()


def require_levels(cases: pl.DataFrame, column: str, what: str, next_step: str) -> None:
    """Refuses a column of lists, structs or bytes: ``what`` it is then."""
    dtype = cases.schema[column]
    if not has_levels(dtype):
        raise BadInput(
            f"the column {column!r} holds {dtype}, {what}.",
            code="no_levels",
            where=f"column {column}",
            value=str(dtype),
            next_step=next_step,
        )


def on_slice(part: Slice, schema: pl.Schema) -> pl.Expr:
    """Where all keys of a slice hold; everywhere for the whole set; never null."""
    conditions = [_on_key(key, schema[key.column]) for key in part.keys]
    return pl.all_horizontal(conditions) if conditions else pl.lit(True)


def _on_key(key: SliceKey, dtype: pl.DataType) -> pl.Expr:
    if key.missing:
        return missing(key.column, dtype)
    if key.range is not None:
        low, high = key.range
        cell = pl.col(key.column)
        return ((cell >= low) & (cell < high)).fill_null(False)
    assert key.value is not None
    return holds(key.column, dtype, key.value)
