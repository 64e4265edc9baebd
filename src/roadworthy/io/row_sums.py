"""A fingerprint that batches add up to: sums of row hashes, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
import polars as pl

from roadworthy.io.canonical import canonical, kind_of
from roadworthy.io.mixing import Plain, Words, mixed, seeds

__all__ = ["RowSums", "rows_fingerprint"]

_BLOCK = 1 << 15
_LANES = 2


class RowSums:
    """Every row becomes 128 bits that rest on all its values; the sums of these tell a table.

    Sums do not hang on order, so batches, files and machines can be added. Two tables that differ
    by accident agree with a chance of about 2**-128; against somebody who builds a second table on
    purpose a sum of fast hashes is no proof (the seal is a SHA-256 for that reason).
    """

    def __init__(self, schema: pl.Schema) -> None:
        empty = pl.DataFrame(schema=schema)
        self._names = sorted(schema)
        kinds = [kind_of(empty[name]) for name in self._names]
        told = zip(self._names, kinds, strict=True)
        self._said = [f"{len(name.encode())}:{name}:{kind}" for name, kind in told]
        # for each lane a seed and what stands for null
        self._seeds = [seeds(said, 2 * _LANES) for said in self._said]
        self._sums = np.zeros(_LANES, dtype=np.uint64)
        self._rows = 0

    def see(self, batch: pl.DataFrame) -> None:
        """Adds rows."""
        columns = [Plain.of(canonical(batch[name])) for name in self._names]
        for start in range(0, batch.height, _BLOCK):
            rows = slice(start, start + _BLOCK)
            self._sums += self._hashed([column.rows(rows) for column in columns])
        self._rows += batch.height

    def hexdigest(self) -> str:
        """64 hex digits over names, kinds, the number of rows and the sums."""
        head = "\0".join([f"row sums 1, {self._rows} rows", *self._said]).encode()
        return sha256(head + b"\0" + self._sums.astype("<u8").tobytes()).hexdigest()

    def _hashed(self, columns: Sequence[Plain]) -> Words:
        found = np.zeros(_LANES, dtype=np.uint64)
        for lane in range(_LANES):
            row: Words | None = None
            for column, own in zip(columns, self._seeds, strict=True):
                value = column.hashed(own[lane], own[_LANES + lane])
                row = value if row is None else mixed(row + value)
            if row is not None:
                found[lane] = row.sum(dtype=np.uint64)
        return found


def rows_fingerprint(batches: Iterable[pl.DataFrame], schema: pl.Schema) -> str:
    """The fingerprint of a table that comes in batches.

    >>> frame = pl.DataFrame({"id": ["a", "b"], "x": [1, 2]})
    >>> whole = rows_fingerprint([frame], frame.schema)
    >>> whole == rows_fingerprint([frame[1:], frame[:1]], frame.schema)
    True
    """
    sums = RowSums(schema)
    for batch in batches:
        sums.see(batch)
    return sums.hexdigest()
