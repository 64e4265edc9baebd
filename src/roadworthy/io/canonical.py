"""The same values give the same bytes: on every machine, from every file, in every version."""

from __future__ import annotations

import numpy as np
import polars as pl

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def canonical(column: pl.Series) -> pl.Series:
    """The column as whole numbers (Int64) or text, nulls kept, whatever its type was.

    Whole numbers of any width are equal, so are floats of any width, text and categories. Floats
    become their bits, after -0.0 and 0.0, and all NaNs, were made one; moments become
    microseconds since 1970 (UTC).

    >>> canonical(pl.Series([1, None, 3], dtype=pl.Int8)).to_list()
    [1, None, 3]
    """
    kind = column.dtype
    if kind.is_integer():
        # unsigned numbers may be too large for 64 bits with a sign
        return column.cast(pl.String) if kind == pl.UInt64 else column.cast(pl.Int64)
    if kind.is_float():
        return _bits(column)
    if kind == pl.Boolean or kind == pl.Date:
        return column.cast(pl.Int64)
    if isinstance(kind, pl.Datetime | pl.Duration):
        return column.dt.cast_time_unit("us").cast(pl.Int64)
    if kind in _TEXTS:
        return column.cast(pl.String)
    values = [None if value is None else repr(value) for value in column.to_list()]
    return pl.Series(column.name, values, dtype=pl.String)


def kind_of(column: pl.Series) -> str:
    """The kind of values, so that 1, 1.0, true and '1' are told apart."""
    kind = column.dtype
    if kind.is_integer():
        return "whole"
    if kind.is_float():
        return "float"
    return "text" if kind in _TEXTS else str(kind.base_type()).lower()


def texts(frame: pl.DataFrame) -> pl.Series:
    """One text a row, the same for the same values; columns are taken by name."""
    plain = pl.DataFrame([canonical(frame[name]).cast(pl.String) for name in sorted(frame.columns)])
    # a length before each value: 'a' + 'bc' is another row than 'ab' + 'c'
    told = [
        pl.concat_str(pl.col(name).str.len_bytes().cast(pl.String), pl.lit(":"), name).fill_null(
            "-"
        )
        for name in plain.columns
    ]
    return plain.select(pl.concat_str(told).alias("row")).get_column("row")


def _bits(column: pl.Series) -> pl.Series:
    values = column.cast(pl.Float64)
    numbers = values.fill_null(0.0).to_numpy() + 0.0  # -0.0 + 0.0 is 0.0
    numbers[np.isnan(numbers)] = np.nan
    bits = pl.Series(column.name, numbers.view(np.int64))
    return bits.set(column.is_null(), None)
