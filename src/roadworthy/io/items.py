"""Every case of a table as bytes that any machine makes again, so that each can be known by hash.

Whole numbers and floats of any width that are equal give the same bytes, wherever they were read
from; so do dates and their text. Numbers, text and yes/no are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.io.canonical import canonical, kind_of

__all__ = ["item_hashes"]

Bytes = NDArray[np.uint8]

# rows whose bytes are laid out at once
_BLOCK = 1 << 17
_NULL, _NUMBER, _TEXT, _TRUTH = 0, 1, 2, 3
# beyond this a float no longer tells whole numbers apart
_EXACT = 1 << 53


def item_hashes(frame: pl.DataFrame, names: Sequence[str], key: bytes = b"") -> NDArray[np.uint8]:
    """SHA-256 of each row over the columns ``names``, shape (rows, 32), dtype uint8.

    Each hash covers the names, and every value with its length and kind; the order of ``names``
    and of other columns does not matter. ``key`` makes hashes that only its holder can compare.

    >>> small = pl.DataFrame({"x": pl.Series([1], dtype=pl.Int8), "y": ["a"]})
    >>> large = pl.DataFrame({"y": ["a"], "x": [1.0]})
    >>> bool((item_hashes(small, ["x", "y"]) == item_hashes(large, ["y", "x"])).all())
    True
    """
    ordered = sorted(names)
    said = b"".join(f"{len(name.encode())}:{name}".encode() for name in ordered)
    head = sha256(key + b"roadworthy item 1\0" + said)
    found = bytearray()
    for start in range(0, frame.height, _BLOCK):
        rows, ends = _laid_out([_column(frame[name].slice(start, _BLOCK)) for name in ordered])
        at = 0
        for end in ends:
            one = head.copy()
            one.update(rows[at:end])
            found += one.digest()
            at = end
    return np.frombuffer(bytes(found), dtype=np.uint8).reshape(-1, 32)


@dataclass(frozen=True)
class _Column:
    """A column's values as bytes: a kind a row, how many bytes each has, and all of them."""

    kinds: Bytes
    lengths: NDArray[np.int64]
    content: Bytes


def _column(column: pl.Series) -> _Column:
    null = column.is_null().to_numpy()
    kind = column.dtype
    if kind == pl.Boolean:
        found = _fixed(column.cast(pl.UInt8).fill_null(0).to_numpy()[:, None], _TRUTH)
    elif kind.is_float() or (kind.is_integer() and _exact(column)):
        found = _fixed(_bits(column), _NUMBER)
    else:
        # dates and moments as a CSV file would hold them; integers too large for floats as digits
        plain = column.cast(pl.String) if kind.is_temporal() else canonical(column)
        found = _texts(plain.cast(pl.String), _TEXT if kind_of(column) != "whole" else _NUMBER)
    kinds = np.where(null, np.uint8(_NULL), found.kinds)
    if not null.any() or found.lengths.max(initial=0) == 0:
        return _Column(kinds, found.lengths, found.content)
    kept = np.repeat(~null, found.lengths)
    return _Column(kinds, np.where(null, 0, found.lengths), found.content[kept])


def _exact(column: pl.Series) -> bool:
    if column.dtype == pl.UInt64:
        return bool((column <= _EXACT).all())
    # narrower ones are
    return column.dtype != pl.Int64 or bool(column.is_between(-_EXACT, _EXACT).all())


def _bits(column: pl.Series) -> Bytes:
    values = column.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0  # -0.0 + 0.0 is 0.0
    values[np.isnan(values)] = np.nan
    return values.astype("<f8").view(np.uint8).reshape(-1, 8)


def _fixed(content: Bytes, kind: int) -> _Column:
    rows, width = content.shape
    return _Column(
        np.full(rows, kind, dtype=np.uint8), np.full(rows, width, dtype=np.int64), content.ravel()
    )


def _texts(texts: pl.Series, kind: int) -> _Column:
    plain = texts.fill_null("")
    lengths = plain.str.len_bytes().cast(pl.Int64).to_numpy()
    joined = str(plain.str.join("").item() or "").encode()
    kinds = np.full(len(plain), kind, dtype=np.uint8)
    return _Column(kinds, lengths, np.frombuffer(joined, dtype=np.uint8))


def _laid_out(columns: Sequence[_Column]) -> tuple[bytes, list[int]]:
    """All rows one after the other, and where each ends: kind, length and bytes of every value."""
    rows = len(columns[0].kinds) if columns else 0
    widths = sum((5 + column.lengths for column in columns), np.zeros(rows, dtype=np.int64))
    ends = np.cumsum(widths)
    out = np.empty(int(ends[-1]) if rows else 0, dtype=np.uint8)
    place = ends - widths
    for column in columns:
        out[place] = column.kinds
        told = column.lengths.astype("<u4").view(np.uint8).reshape(-1, 4)
        for byte in range(4):
            out[place + 1 + byte] = told[:, byte]
        _scatter(out, column, place + 5)
        place = place + 5 + column.lengths
    return out.tobytes(), ends.tolist()


def _scatter(out: Bytes, column: _Column, place: NDArray[np.int64]) -> None:
    lengths = column.lengths
    if not len(column.content):
        return
    widest = int(lengths.max())
    if int(lengths.min()) == widest:
        content = column.content.reshape(-1, widest)
        for byte in range(widest):
            out[place + byte] = content[:, byte]
        return
    begins = np.cumsum(lengths) - lengths
    out[np.arange(len(column.content)) + np.repeat(place - begins, lengths)] = column.content
