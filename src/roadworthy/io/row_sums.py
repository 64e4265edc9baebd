"""A fingerprint that batches add up to: sums of row hashes, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.io.canonical import canonical, kind_of
from roadworthy.io.mixing import Plain, Words, mixed, seeds
from roadworthy.io.text_codes import TextCodes, TooManyTextsError

__all__ = ["RowSums", "rows_fingerprint"]

_BLOCK = 1 << 15
# texts of a column that are hashed once, and not row by row
_FEW = 256


class RowSums:
    """Every row becomes 64 bits that rest on all its values; two sums over these tell a table.

    Sums do not hang on order, so batches, files and machines can be added. Two tables that differ
    by accident agree with a chance of about 2**-64; against somebody who builds a second table on
    purpose a sum of fast hashes is no proof (the seal is a SHA-256 for that reason).
    """

    def __init__(self, schema: pl.Schema) -> None:
        empty = pl.DataFrame(schema=schema)
        self._names = sorted(schema)
        kinds = [kind_of(empty[name]) for name in self._names]
        told = zip(self._names, kinds, strict=True)
        self._said = [f"{len(name.encode())}:{name}:{kind}" for name, kind in told]
        self._columns = [_Column(said) for said in self._said]
        self._sums = np.zeros(2, dtype=np.uint64)
        self._rows = 0

    def see(self, batch: pl.DataFrame, hashes: Mapping[str, Words] | None = None) -> None:
        """Adds rows; ``hashes`` are those (``mixing.hashed``) of columns of texts where known."""
        known = hashes or {}
        seen = [
            column.of(batch[name], known.get(name))
            for column, name in zip(self._columns, self._names, strict=True)
        ]
        for start in range(0, batch.height, _BLOCK):
            self._add(seen, slice(start, start + _BLOCK))
        self._rows += batch.height

    def hexdigest(self) -> str:
        """64 hex digits over names, kinds, the number of rows and the sums."""
        head = "\0".join([f"row sums 2, {self._rows} rows", *self._said]).encode()
        return sha256(head + b"\0" + self._sums.astype("<u8").tobytes()).hexdigest()

    def _add(self, seen: Sequence[Callable[[slice], Words]], rows: slice) -> None:
        row: Words | None = None
        for values in seen:
            value = values(rows)
            row = value if row is None else mixed(row + value)
        if row is not None:
            both = row.sum(dtype=np.uint64), mixed(row).sum(dtype=np.uint64)
            self._sums += np.array(both, dtype=np.uint64)


class _Column:
    """64 bits a value, which hang on what the column is called as well."""

    def __init__(self, said: str) -> None:
        self._seed, self._null = seeds(said, 2)
        self._codes: TextCodes | None = TextCodes(_FEW)
        # of the texts known by now, after what stands for null
        self._coded = np.array([self._null], dtype=np.uint64)

    def of(self, column: pl.Series, hashes: Words | None) -> Callable[[slice], Words]:
        """The hashes of some of the rows; ``hashes`` are those of its texts where known."""
        if hashes is not None and not column.null_count():
            return lambda rows: mixed(hashes[rows] ^ self._seed)
        plain = canonical(column)
        codes = self._few(plain) if plain.dtype == pl.String else None
        if codes is not None:
            coded = self._coded
            return lambda rows: coded.take(codes[rows], mode="clip")
        words = Plain.of(plain)
        if plain.dtype == pl.String:
            return lambda rows: self._text(words.rows(rows))
        return lambda rows: words.rows(rows).hashed(self._seed, self._null)

    def _text(self, words: Plain) -> Words:
        found = mixed(words.hashed(np.uint64(0), np.uint64(0)) ^ self._seed)
        if words.null is not None:
            found[words.null] = self._null
        return found

    def _few(self, texts: pl.Series) -> NDArray[np.int64] | None:
        """Codes of texts while they are few; None once there were more."""
        if self._codes is None:
            return None
        try:
            found = self._codes.of(texts)
        except TooManyTextsError:
            self._codes = None
            return None
        if len(self._codes.known) >= len(self._coded):
            values = self._text(Plain.of(pl.Series(self._codes.known, dtype=pl.String)))
            self._coded = np.concatenate([self._coded[:1], values])
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
