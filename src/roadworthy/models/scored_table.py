"""A table that already holds the answers: no model is run, the column is the subject."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class ScoredTable:
    """Answers that stand in ``column`` of the judged table.

    Who filled that column is not known here: the fingerprint names the column and nothing more.
    """

    column: str
    answers_as: pl.DataType | None = None

    @property
    def name(self) -> str:
        return f"column {self.column}"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"column:{self.column}".encode()).hexdigest()

    @property
    def files(self) -> tuple[Path, ...]:
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """The column itself, as numbers where numbers are asked for."""
        found = cases[self.column]
        return found if self.answers_as is None else found.cast(self.answers_as, strict=False)
