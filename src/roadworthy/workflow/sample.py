"""A random sample of the rows of a table of any size, for what needs rows: the paths to yes."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.io.mixing import mixed, seeds

_SEED = seeds("sample", 1)[0]
_ALL = np.uint64(2**64 - 1)


class Sample:
    """The ``most`` rows whose hashes, mixed with a fixed seed, are the least.

    The same rows give the same sample whatever their order and batches, and samples merge.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._below = _ALL
        self._keys: list[NDArray[np.uint64]] = []
        self._rows: list[pl.DataFrame] = []
        self._held = 0

    def see(self, batch: pl.DataFrame, hashes: NDArray[np.uint64]) -> None:
        """Takes in rows with a 64-bit hash each, shape (rows,), that says nothing of a value."""
        keys = mixed(hashes ^ _SEED)
        low = np.flatnonzero(keys <= self._below)
        if len(low) > 2 * self._most:
            low = low[_least(keys[low], self._most)]
        self._keys.append(keys[low])
        self._rows.append(batch[low])
        self._held += len(low)
        if self._held > 2 * self._most:
            self._keep_the_least()

    def rows(self) -> pl.DataFrame:
        """The sample, in the order of its hashes."""
        self._keep_the_least()
        return self._rows[0][np.argsort(self._keys[0], kind="stable")]

    def _keep_the_least(self) -> None:
        keys = np.concatenate(self._keys)
        least = _least(keys, self._most)
        self._keys, self._rows = [keys[least]], [pl.concat(self._rows)[least]]
        self._held = len(least)
        if self._held == self._most:
            self._below = self._keys[0].max()


def _least(keys: NDArray[np.uint64], most: int) -> NDArray[np.intp]:
    """Where the ``most`` least keys are, in any order."""
    return np.argpartition(keys, most)[:most] if len(keys) > most else np.arange(len(keys))
