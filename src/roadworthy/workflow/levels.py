"""How a value written in product.yaml is found in a column, whatever type the file gave it."""

from __future__ import annotations

import polars as pl

from roadworthy.core.requirement import Level, Slice, SliceKey


def equals(column: str, dtype: pl.DataType, level: Level) -> pl.Expr:
    """Where ``column`` holds ``level``: 1 also finds 1.0, true and "1"; null stays null."""
    cell = pl.col(column)
    if dtype == pl.Boolean:
        return cell == _truth(level) if _truth(level) is not None else _never(cell)
    if dtype.is_numeric():
        number = _number(level)
        return cell == number if number is not None else _never(cell)
    return cell.cast(pl.String) == _text(level)


def is_in(column: str, dtype: pl.DataType, levels: tuple[Level, ...]) -> pl.Expr:
    """Where ``column`` holds one of ``levels``."""
    return pl.any_horizontal([equals(column, dtype, level) for level in levels])


def on_key(key: SliceKey, dtype: pl.DataType) -> pl.Expr:
    """Where one column is as a slice key says; never null."""
    cell = pl.col(key.column)
    if key.missing:
        return cell.is_null() | cell.is_nan() if dtype.is_float() else cell.is_null()
    if key.range is not None:
        low, high = key.range
        return ((cell >= low) & (cell < high)).fill_null(False)
    assert key.value is not None
    return equals(key.column, dtype, key.value).fill_null(False)


def on_slice(part: Slice, schema: pl.Schema) -> pl.Expr:
    """Where all keys of a slice hold; everywhere for the whole set."""
    conditions = [on_key(key, schema[key.column]) for key in part.keys]
    return pl.all_horizontal(conditions) if conditions else pl.lit(True)


def _never(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell.is_null()).then(None).otherwise(False)


def _truth(level: Level) -> bool | None:
    if isinstance(level, bool):
        return level
    words = {"true": True, "false": False, "1": True, "0": False}
    return words.get(str(level).lower())


def _number(level: Level) -> float | None:
    if isinstance(level, bool):
        return None
    try:
        return float(level)
    except ValueError:
        return None


def _text(level: Level) -> str:
    if isinstance(level, bool):
        return str(level).lower()
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return str(level)
