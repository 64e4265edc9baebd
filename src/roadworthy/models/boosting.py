"""The rung of small trees: gradient boosting, which finds bends and interactions by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines


class Boosting:
    """A hundred trees of at most eight leaves; a missing number takes a branch of its own."""

    rank = 20
    why = "a hundred small trees for every class"

    def title(self, task: Task) -> str:
        return "gradient boosting"

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
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = (
            HistGradientBoostingRegressor
            if task is Task.REGRESSION
            else HistGradientBoostingClassifier
        )
        # early stopping would hold back a tenth of the cases, drawn at random
        last = kind(max_iter=100, max_leaf_nodes=8, early_stopping=False, random_state=seed)
        columns = pipelines.learnable(cases, features, texts)
        steps = [("columns", as_they_are(columns, seed)), ("model", last)]
        return pipelines.fitted(self.title(task), steps, columns, cases, truth, task, weights)

    def load(self, artifact: Path) -> Model:
        return pipelines.load(artifact)


def as_they_are(columns: pipelines.Columns, seed: int) -> Any:
    """Numbers as they are, missing ones too; a column for every category; text as few numbers."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    kinds = {
        "numbers": "passthrough",
        "categories": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    }
    steps = [(kind, kinds[kind], at) for kind, at in columns.places.items()]
    return ColumnTransformer([*steps, *pipelines.text_steps(columns, "lsa", seed, dense=True)])
