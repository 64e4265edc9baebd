"""Columns that repeat few texts become small whole numbers, many times faster than by comparing."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["MISSING", "TextCodes", "TooManyTextsError"]

Integers = NDArray[np.int64]
MISSING = 0
# a power of two; codes are looked up by some bits of a hash
_PLACES = 1 << 16
_WINDOW = np.uint64(_PLACES - 1)
_SEED = 0x5EED


class TooManyTextsError(Exception):
    """The column holds more different texts than were allowed for."""


class TextCodes:
    """Numbers the texts of a column from 1 in the order in which they are first seen.

    Texts are told apart by 64-bit hashes: that two of ``most`` (at most 256) share one has a chance
    below 1e-14. A missing value is MISSING.

    >>> TextCodes(8).of(pl.Series(["b", None, "a", "b"])).tolist()
    [1, 0, 2, 1]
    """

    def __init__(self, most: int) -> None:
        self.known: list[str] = []
        self._most = most
        self._hashes = np.zeros(1, dtype=np.uint64)
        # the window of bits in which no two known hashes agree, and the code at each place in it
        self._shift = np.uint64(0)
        self._code = np.zeros(_PLACES, dtype=np.int64)

    def of(self, text: pl.Series) -> Integers:
        """The code of each text, shape (rows,).

        Raises:
            TooManyTextsError: there are more than ``most`` by now.
        """
        missing = text.is_null().to_numpy() if text.null_count() else None
        hashes = text.hash(_SEED).to_numpy()
        found, known = self._look_up(hashes)
        if not known.all():
            unknown = ~known if missing is None else ~known & ~missing
            self._learn(text.filter(pl.Series(unknown)).unique(maintain_order=True))
            found, _ = self._look_up(hashes)
        if missing is not None:
            found[missing] = MISSING
        return found

    def _look_up(self, hashes: NDArray[np.uint64]) -> tuple[Integers, NDArray[np.bool_]]:
        place = ((hashes >> self._shift) & _WINDOW).view(np.int64)
        # clipping saves looking for places out of bounds, of which there are none
        found = self._code.take(place, mode="clip")
        return found, self._hashes.take(found, mode="clip") == hashes

    def _learn(self, new: pl.Series) -> None:
        if len(self.known) + len(new) > self._most:
            raise TooManyTextsError(f"{len(self.known) + len(new)} different texts")
        self.known += new.to_list()
        hashes = pl.Series(self.known, dtype=pl.String).hash(_SEED).to_numpy()
        self._hashes = np.concatenate([np.zeros(1, dtype=np.uint64), hashes])
        for shift in range(64 - _PLACES.bit_length()):
            place = (hashes >> np.uint64(shift)) & _WINDOW
            if len(np.unique(place)) == len(place):
                self._shift, self._code[:] = np.uint64(shift), MISSING
                self._code[place] = np.arange(1, len(place) + 1)
                return
        raise TooManyTextsError("hashes of different texts agree")
