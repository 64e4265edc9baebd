"""Fast hashes of whole columns that are the same on every machine and in every version.

They keep apart what differs by accident, not what somebody builds to collide.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words = NDArray[np.uint64]

# rows hashed together: few enough for the processor's cache
_BLOCK = 1 << 15
_ALL = np.uint64(2**64 - 1)
_BITS = np.uint64(8)


def seeds(said: str, count: int) -> Words:
    """Up to four numbers that hang on a text."""
    return np.frombuffer(sha256(said.encode()).digest(), dtype="<u8").astype(np.uint64)[:count]


def mixed(words: Words) -> Words:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit hangs on every bit."""
    found = words + np.uint64(0x9E3779B97F4A7C15)
    found ^= found >> np.uint64(30)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    found *= np.uint64(0x94D049BB133111EB)
    found ^= found >> np.uint64(31)
    return found


def hashed(column: pl.Series, seed: int = 0) -> Words:
    """64 bits a value of a column of whole numbers or texts without nulls, shape (rows,).

    >>> bool(hashed(pl.Series(["ab", "a"]))[1] == hashed(pl.Series(["a"]))[0])
    True
    """
    found = np.empty(len(column), dtype=np.uint64)
    plain = Plain.of(column)
    for start in range(0, len(column), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found[rows] = plain.rows(rows).hashed(np.uint64(seed), np.uint64(0))
    return found


class Plain:
    """Values of some rows as 64-bit words: ``words`` (rows,), or texts of several words each."""

    def __init__(
        self,
        words: Words,
        null: NDArray[np.bool_] | None,
        text: Words | None = None,
        starts: NDArray[np.int64] | None = None,
    ) -> None:
        self.null = null
        self._words, self._text, self._starts = words, text, starts

    @staticmethod
    def of(column: pl.Series) -> Plain:
        """Of whole numbers, or of texts."""
        null = column.is_null().to_numpy() if column.null_count() else None
        if column.dtype != pl.String:
            numbers = column.fill_null(0).cast(pl.Int64).to_numpy()
            return Plain(numbers.astype("<i8").view(np.uint64), null)
        text = column.fill_null("") if null is not None else column
        lengths = text.str.len_bytes().cast(pl.Int64).to_numpy()
        joined = str(text.str.join("").item()).encode() + bytes(8)
        # every eight bytes of the text, wherever they start
        eights: Words = np.ndarray((len(joined) - 7,), dtype="<u8", buffer=joined, strides=(1,))
        return Plain(lengths.view(np.uint64), null, eights, np.cumsum(lengths) - lengths)

    def rows(self, rows: slice) -> Plain:
        """Some of the rows."""
        return Plain(
            self._words[rows],
            None if self.null is None else self.null[rows],
            self._text,
            None if self._starts is None else self._starts[rows],
        )

    def hashed(self, seed: np.uint64, null: np.uint64) -> Words:
        """64 bits a row; ``null`` where there is no value."""
        found = mixed(self._words ^ seed)
        if self._text is not None and self._starts is not None:
            self._spell(found, self._text, self._starts)
        if self.null is not None:
            found[self.null] = null
        return found

    def _spell(self, found: Words, text: Words, starts: NDArray[np.int64]) -> None:
        """Takes in eight bytes of each text at a time; ``words`` are the lengths in bytes."""
        lengths = self._words.view(np.int64)
        for at in range(0, int(lengths.max(initial=0)), 8):
            left = lengths - at
            some = slice(None) if int(left.min()) > 0 else left > 0
            # bytes after the end belong to the next text
            spare = np.maximum(8 - left[some], 0).astype(np.uint64) * _BITS
            word = text[starts[some] + at] & (_ALL >> spare)
            found[some] = mixed(found[some] + word)
