"""Whether every case of a large table has an id of its own: 8 bytes a case, and no sorted texts."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.io import case_names
from roadworthy.workflow.prepare import id_text

_AT_A_TIME = 1 << 20
# hashes that are sorted together
_SORTED = 10_000_000


class Ids:
    """Hashes of the ids seen. Equal hashes are looked up again, so a collision is no duplicate.

    ``refused`` are ids (text) that must not occur. ``named``: the hashes will be kept as the names
    of the cases, and are those of ``case_names``.
    """

    def __init__(
        self, name: str | None, scan: pl.LazyFrame, refused: pl.Series | None, named: bool
    ) -> None:
        self._name, self._named = name, named
        self._refused = None if refused is None or not len(refused) else refused.implode()
        counted = named or name is not None
        cases = int(scan.select(pl.len()).collect().item()) if counted else 0
        self._hashes = np.empty(cases, dtype=np.uint64)
        self._seen = 0
        # whether the last hashes are of the very texts in the column, blanks around them included
        self.as_written = False

    def see(self, batch: pl.DataFrame) -> NDArray[np.uint64]:
        """Notes the ids of one batch; their hashes, shape (rows,), or none where none are noted.

        Raises:
            BadInput: an id is missing, or must not occur.
        """
        if self._name is None and not self._named:
            return self._hashes
        ids = self._plain(batch)
        if ids.null_count():
            raise _bad("a case has no id")
        if self._refused is not None and ids.cast(pl.String).is_in(self._refused).any():
            raise _bad("a case was seen before")
        end = self._seen + len(ids)
        found = self._hashes[self._seen : end] = _hashed(ids, self._named)
        self.as_written = self._as_written(batch, ids)
        self._seen = end
        return found

    def require_distinct(self, scan: pl.LazyFrame) -> None:
        """Returns when no two cases have one id.

        Raises:
            BadInput: two do.
        """
        if self._name is None:
            return
        suspects = _twice(self._hashes[: self._seen])
        if len(suspects):
            self._look_up(scan, suspects)

    def names(self) -> NDArray[np.uint64]:
        """The names of all cases, as `source.names` tells them of cases that are their own units.

        Raises:
            ValueError: no names were asked for.
        """
        if not self._named:
            raise ValueError("hashes of this kind are no names: ask for names at the beginning.")
        found = self._hashes[: self._seen]
        both = np.empty(2 * len(found), dtype=np.uint64)
        for start in range(0, len(found), _AT_A_TIME):
            rows = slice(start, min(start + _AT_A_TIME, len(found)))
            both[rows] = case_names.cases(found[rows])
            both[len(found) + start : len(found) + rows.stop] = case_names.units(found[rows])
        return case_names.distinct(both)

    def _look_up(self, scan: pl.LazyFrame, suspects: NDArray[np.uint64]) -> None:
        """Two different ids with one hash are harmless; one id on two rows is not."""
        held: set[str] = set()
        for batch in scan.select(str(self._name)).collect_batches(chunk_size=_AT_A_TIME):
            ids = self._plain(batch)
            suspected = pl.Series(np.isin(_hashed(ids, self._named), suspects))
            alike = ids.filter(suspected).cast(pl.String).to_list()
            if len(set(alike)) < len(alike) or not held.isdisjoint(alike):
                raise _bad("an id stands on two rows")
            held.update(alike)

    def _plain(self, batch: pl.DataFrame) -> pl.Series:
        """The ids such that two are one when their texts are; whole numbers need no detour."""
        if self._name is None:
            first = self._seen + 1
            return pl.int_range(first, first + batch.height, eager=True).cast(pl.String)
        if batch.schema[self._name].is_integer() and not self._named:
            return batch[self._name]
        return batch.select(id_text(batch, self._name)).to_series()

    def _as_written(self, batch: pl.DataFrame, ids: pl.Series) -> bool:
        if self._name is None or not self._named or batch.schema[self._name] != pl.String:
            return False
        return bool((batch[self._name] == ids).all())


def _twice(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes that occur more than once.

    Sorted piece by piece, each of those that begin alike, so that little memory is needed.
    """
    bits = (len(hashes) // _SORTED).bit_length()
    found = [hashes[:0]]
    for piece in range(1 << bits):
        ordered = pl.Series(_beginning(hashes, piece, bits)).sort().to_numpy()
        found.append(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.unique(np.concatenate(found))


def _beginning(hashes: NDArray[np.uint64], piece: int, bits: int) -> NDArray[np.uint64]:
    """The hashes whose first ``bits`` bits say ``piece``."""
    if not bits:
        return hashes
    some = (hashes[i : i + _AT_A_TIME] for i in range(0, len(hashes), _AT_A_TIME))
    rest = np.uint64(64 - bits)
    return np.concatenate([part[part >> rest == np.uint64(piece)] for part in some])


def _hashed(ids: pl.Series, named: bool) -> NDArray[np.uint64]:
    return case_names.plain(ids) if named else ids.hash(seed=0).to_numpy()


def _bad(what: str) -> BadInput:
    return BadInput(f"{what}.", code="ids", next_step="Read the table as a whole to say which.")
