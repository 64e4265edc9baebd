"""Cases that somebody wants sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from roadworthy.store.vault import Items
from roadworthy.workflow.vault import inputs_of


@dataclass(frozen=True)
class Candidate:
    """Cases that somebody wants sealed: ``raw`` as in their table, ``cases`` prepared, row by row.

    ``where`` names the table in errors.
    """

    raw: pl.DataFrame
    cases: pl.DataFrame
    items: Items
    by: tuple[str, ...]
    where: str

    def hashed_by(self, by: tuple[str, ...]) -> Items:
        """The hashes over the columns by which another set was hashed."""
        if by == self.by or not set(by) <= set(self.raw.columns):
            return self.items
        return replace(self.items, inputs=inputs_of(self.raw, by))
