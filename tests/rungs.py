"""Rungs that learn nothing: each answers with a column, so that its truth is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Task


@dataclass(frozen=True)
class Reads:
    """A model that says what stands in a column."""

    column: str
    files: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return f"what {self.column} says"

    @property
    def fingerprint(self) -> str:
        return sha256(self.column.encode()).hexdigest()

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        return cases[self.column]

    def to_bytes(self) -> bytes:
        return self.column.encode()


@dataclass(frozen=True)
class Column:
    """The rung of such models; ``refusal`` is raised instead of fitting."""

    column: str
    rank: int
    refusal: BadInput | ValueError | None = None
    why: str = "a column"

    def title(self, task: Task) -> str:
        return f"column {self.column}"

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        weights: pl.Series | None = None,
    ) -> Reads:
        if self.refusal is not None:
            raise self.refusal
        return Reads(self.column)

    def load(self, artifact: Path) -> Model:
        return Reads(artifact.read_text(), (artifact,))
