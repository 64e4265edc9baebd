"""A table that already holds the answers: no model is run, the column is the subject."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from roadworthy.core import columns


@dataclass(frozen=True)
class ScoredTable:
    """Answers that stand in ``column`` of the judged table, or in one that was handed in.

    Who filled that column is not known here: the fingerprint names the column and nothing more. Of
    a table that was handed in (``answers``: ``@id`` and ``column``) it covers the content,
    ``digest``.
    """

    column: str
    answers_as: pl.DataType | None = None
    table: str = ""
    digest: str = ""
    answers: pl.DataFrame | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"column {self.column}{f' of {self.table}' if self.table else ''}"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"column:{self.column}{self.digest}".encode()).hexdigest()

    @property
    def files(self) -> tuple[Path, ...]:
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """The column itself, as numbers where numbers are asked for; null where none is known."""
        found = cases[self.column] if self.answers is None else self._handed_in(cases)
        return found if self.answers_as is None else found.cast(self.answers_as, strict=False)

    def _handed_in(self, cases: pl.DataFrame) -> pl.Series:
        """Cases that the table does not name, such as open ones, keep what stands beside them."""
        assert self.answers is not None
        new = self.answers.rename({self.column: "@answer"})
        both = cases.select(columns.ID, self.column).join(
            new, on=columns.ID, how="left", maintain_order="left"
        )
        known = cases[columns.ID].is_in(new[columns.ID].implode())
        return both.select(
            pl.when(pl.lit(known)).then(pl.col("@answer")).otherwise(pl.col(self.column))
        ).to_series()
