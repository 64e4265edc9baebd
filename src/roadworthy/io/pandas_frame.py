"""A pandas frame as a polars frame, column by column, so that what cannot be read has a name."""

from __future__ import annotations

from typing import Any

import polars as pl

from roadworthy.core.errors import BadInput


def is_pandas(frame: object) -> bool:
    """Whether it is a pandas DataFrame; pandas itself need not be loaded to tell."""
    return any(
        kind.__module__.split(".")[0] == "pandas" and kind.__name__ == "DataFrame"
        for kind in type(frame).__mro__
    )


def from_pandas(frame: Any, where: str) -> pl.DataFrame:
    """The columns of ``frame``, and its index where that has a name.

    Raises:
        BadInput: a column has a name that is no text or is used twice, or values that polars has
            no type for; ``where`` names the argument.
    """
    columns = [*_index(frame), *((name, frame.iloc[:, i]) for i, name in enumerate(frame.columns))]
    seen: set[str] = set()
    for name, _ in columns:
        if not isinstance(name, str) or name in seen:
            twice = "is used twice" if isinstance(name, str) else "is not text"
            raise BadInput(
                f"The column name {name!r} {twice}.",
                code="column_name",
                where=where,
                value=str(name),
                next_step="Rename it: frame.columns = [...].",
            )
        seen.add(name)
    return pl.DataFrame([_series(name, column, where) for name, column in columns])


def _index(frame: Any) -> list[tuple[Any, Any]]:
    """What somebody gave a name is data; a bare numbering of the rows is not."""
    index = frame.index
    return [
        (name, index.get_level_values(level).to_series(index=range(len(frame))))
        for level, name in enumerate(index.names)
        if name is not None
    ]


def _series(name: str, column: Any, where: str) -> pl.Series:
    try:
        try:
            found: Any = pl.from_pandas(column)
        except ImportError:  # without pyarrow
            found = _value_by_value(column)
    # whatever pyarrow, pandas or polars raise for values that they cannot read
    except Exception as reason:
        raise _unreadable(name, column, where) from reason
    if not _is_known(found.dtype):
        raise _unreadable(name, column, where)
    return pl.Series(name, found)


def _is_known(kind: pl.DataType) -> bool:
    """Periods, intervals and Python objects have no type that every table of polars may hold."""
    plain = kind in (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Binary, pl.Null)
    return plain or kind.is_numeric() or kind.is_temporal() or kind.is_nested()


def _value_by_value(column: Any) -> pl.Series:
    missing = column.isna().to_numpy()
    values = [None if gone else value for value, gone in zip(column.tolist(), missing, strict=True)]
    return pl.Series(values, strict=False)


def _unreadable(name: str, column: Any, where: str) -> BadInput:
    return BadInput(
        f"The column {name!r} holds {column.dtype} values that cannot be read as one type.",
        code="unreadable_column",
        where=where,
        value=str(column.dtype),
        next_step="Make it one type, such as frame[name].astype(str), or leave it out.",
    )
