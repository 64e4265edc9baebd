"""Two tables are the same when their cases say the same: one hash, whatever the order."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl

from roadworthy.io.canonical import canonical, kind_of

_ROWS = 1 << 20


def fingerprint(frame: pl.DataFrame, id: str | None = None) -> str:
    """SHA-256 (64 hex digits) of the names, the kinds and the values of all columns.

    The order of rows and of columns does not matter; ``id`` names the column that tells rows
    apart, which makes it faster (another ``id`` is another hash). Widths do not matter either:
    Int32 and Int64 hold the same.

    >>> frame = pl.DataFrame({"id": ["a", "b"], "x": [1, 2]})
    >>> fingerprint(frame, id="id") == fingerprint(frame.reverse(), id="id")
    True
    """
    names = sorted(frame.columns)
    plain = pl.DataFrame([canonical(frame[name]) for name in names])
    ordered = _sorted(plain, id)
    digest = sha256(f"{frame.height} rows".encode())
    for name in names:
        header = f"\0{len(name.encode())}:{name}:{kind_of(frame[name])}\0"
        digest.update(header.encode())
        for start in range(0, frame.height, _ROWS):
            for part in _bytes(ordered[name].slice(start, _ROWS)):
                digest.update(part)
    return digest.hexdigest()


def _sorted(plain: pl.DataFrame, id: str | None) -> pl.DataFrame:
    if id is not None and plain[id].n_unique() == plain.height:
        return plain.sort(id, nulls_last=False)
    # rows that agree everywhere are interchangeable
    return plain.sort(plain.columns, nulls_last=False)


def _bytes(column: pl.Series) -> tuple[bytes, bytes, bytes]:
    """Which values are null, how long each is, and the values."""
    null = np.packbits(column.is_null().to_numpy()).tobytes()
    if column.dtype != pl.String:
        return null, b"", _little(column.fill_null(0))
    text = column.fill_null("")
    lengths = _little(text.str.len_bytes().cast(pl.Int64))
    return null, lengths, str(text.str.join("").item()).encode()


def _little(column: pl.Series) -> bytes:
    return column.to_numpy().astype("<i8").tobytes()
