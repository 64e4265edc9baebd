"""A model that was asked once of some cases: tuning, judging and pairing hear the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.model import Model


@dataclass(frozen=True)
class Heard:
    """``model``, and its answers to cases by id; of others it is asked anew.

    For cases as they are, and never as they would be under a perturbation: those have the same ids.
    """

    model: Model
    answers: pl.DataFrame

    @staticmethod
    def of(model: Model, cases: pl.DataFrame) -> Heard:
        """Asks it once: images are decoded once."""
        said = model.answer(cases).alias("answer")
        return Heard(model, cases.select(columns.ID).with_columns(said))

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @property
    def files(self) -> tuple[Path, ...]:
        return self.model.files

    @property
    def needs(self) -> tuple[str, ...]:
        return self.model.needs

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """What it said, in the order of ``cases``."""
        known = set(self.answers[columns.ID])
        if columns.ID not in cases.columns or not set(cases[columns.ID]) <= known:
            return self.model.answer(cases)
        asked = cases.select(columns.ID)
        found = asked.join(self.answers, on=columns.ID, how="left", maintain_order="left")
        return found["answer"]
