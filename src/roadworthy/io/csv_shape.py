"""A CSV file is read only if its rows agree with its header: polars fills short rows silently."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput

_Bytes: TypeAlias = NDArray[np.uint8]

_BLOCK = 4 << 20
_QUOTE, _COMMA, _NEWLINE, _RETURN = (ord(sign) for sign in '",\n\r')


def check_csv(path: Path) -> tuple[str, ...]:
    """The names in the header, after every row was seen to have as many fields.

    Raises:
        BadInput: no header, a name that is empty or used twice, columns that other signs than
            commas separate, a row with more or fewer fields, or text that is not UTF-8.
    """
    names = _header(path)
    _check_names(path, names)
    if len(names) > 1:
        _check_rows(path, len(names))
    return names


def first_rows(path: Path, size: int) -> bytes:
    """The whole rows, header included, among the first ``size`` bytes of a CSV file.

    Raises:
        BadInput: not even one row ends there.
    """
    with path.open("rb") as file:
        block = file.read(size)
    if len(block) < size:
        return block
    ends = _row_ends(np.frombuffer(block, dtype=np.uint8))
    if not ends.size:
        what = f"has no end of a row in its first {size:,} bytes"
        raise _bad(path, what, "Is it a table? Write one row a line.")
    return block[: int(ends[-1]) + 1]


def _header(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return tuple(next(csv.reader(lines), ()))
    except (UnicodeDecodeError, csv.Error) as reason:
        raise _bad(path, "is not CSV text in UTF-8", "Save it as CSV in UTF-8.") from reason


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    if not names:
        raise _bad(path, "is empty", "Write a header with the names of the columns.")
    if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
        raise _bad(
            path,
            "has one column, as if it was separated by semicolons or tabs",
            "Save it with commas.",
            value=names[0],
        )
    for place, name in enumerate(names):
        if not name.strip():
            step = "Give it a name; pandas: write with index=False."
            raise _bad(path, f"has no name for column {place + 1}", step)
        if name in names[:place]:
            raise _bad(path, f"has two columns '{name}'", "Rename one of them.", value=name)


def _check_rows(path: Path, fields: int) -> None:
    before = 0
    for counts in _fields_per_row(path):
        wrong = np.flatnonzero((counts != fields) & (counts > 0))
        if wrong.size:
            row = before + int(wrong[0]) + 1
            found = int(counts[wrong[0]])
            raise BadInput(
                f"The row has {found} fields, and the header has {fields}.",
                code="ragged_row",
                where=f"{path.name}:{row}",
                value=found,
                next_step="Is the file cut off, or a comma not in quotes? Export it again.",
            )
        before += counts.size


def _fields_per_row(path: Path) -> Iterator[NDArray[np.int64]]:
    """Fields of every row, block by block; a blank row has none."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            held = np.frombuffer(rest + block, dtype=np.uint8)
            ends = _row_ends(held)
            done = int(ends[-1]) + 1 if ends.size else 0
            yield _count(held[:done], ends)
            rest = held[done:].tobytes()
    if rest:
        last = np.frombuffer(rest + b"\n", dtype=np.uint8)
        ends = _row_ends(last)
        if not ends.size:
            step = "Close it, or write two quotes where one is meant."
            raise _bad(path, "opens a quote that it never closes", step)
        yield _count(last, ends)


def _row_ends(held: _Bytes) -> NDArray[np.int64]:
    return np.flatnonzero((held == _NEWLINE) & _outside(held))


def _outside(held: _Bytes) -> NDArray[np.bool_]:
    """Where no quote is open; a doubled quote closes and opens again."""
    # a sum of bytes wraps at 256 and stays right about odd and even
    opened: _Bytes = np.cumsum(held == _QUOTE, dtype=np.uint8)
    outside: NDArray[np.bool_] = (opened & 1) == 0
    return outside


def _count(held: _Bytes, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    if not ends.size:
        return np.zeros(0, dtype=np.int64)
    starts = np.concatenate(([0], ends[:-1] + 1))
    commas = ((held == _COMMA) & _outside(held)).view(np.uint8)
    found = np.add.reduceat(commas, starts, dtype=np.int64) + 1
    blank = (ends == starts) | ((ends == starts + 1) & (held[starts] == _RETURN))
    return np.where(blank, 0, found)


def _bad(path: Path, what: str, next_step: str, value: object = None) -> BadInput:
    return BadInput(
        f"'{path}' {what}.",
        code="unreadable",
        where=path.name,
        value=value if value is not None else str(path),
        next_step=next_step,
    )
