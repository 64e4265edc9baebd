"""The lowest rung: one answer for every case, which shows what the requirements ask at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines


class Majority:
    """The share of positives as the score, the commonest class, or the median."""

    rank = 0
    why = "one number, and no column is read"
    reads_table = False

    def title(self, task: Task) -> str:
        return "median rule" if task is Task.REGRESSION else "majority rule"

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        weights: pl.Series | None = None,
        texts: Mapping[str, str | None] | None = None,
    ) -> Fitted:
        from sklearn.dummy import DummyClassifier, DummyRegressor

        last = (
            DummyRegressor(strategy="median")
            if task is Task.REGRESSION
            else DummyClassifier(strategy="prior")
        )
        none = pipelines.Columns()
        return pipelines.fitted(
            self.title(task), [("model", last)], none, cases, truth, task, weights
        )

    def load(self, artifact: Path) -> Model:
        return pipelines.load(artifact)
