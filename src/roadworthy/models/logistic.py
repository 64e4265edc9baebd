"""The rung of straight lines: logistic regression for classes, ridge regression for values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines

# a text has hundreds of words and the length of one or two numbers: at its own length the penalty
# would flatten all of them
TEXT_WEIGHT = 3.0


class Logistic:
    """One weight a number, a category and a word; missing numbers by their median and a flag."""

    rank = 10
    why = "one weight for every number and every category"

    def title(self, task: Task) -> str:
        return "ridge regression" if task is Task.REGRESSION else "logistic regression"

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
        from sklearn.linear_model import LogisticRegression, Ridge

        last = (
            Ridge(random_state=seed)
            if task is Task.REGRESSION
            else LogisticRegression(max_iter=5000, random_state=seed)
        )
        columns = pipelines.learnable(cases, features, texts)
        steps = [("columns", _scaled(columns, seed)), ("model", last)]
        return pipelines.fitted(self.title(task), steps, columns, cases, truth, task, weights)

    def load(self, artifact: Path) -> Model:
        return pipelines.load(artifact)


def _scaled(columns: pipelines.Columns, seed: int) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    kinds = {
        "numbers": Pipeline([("fill", filled), ("scale", StandardScaler())]),
        "categories": OneHotEncoder(handle_unknown="ignore"),
    }
    steps = [(kind, kinds[kind], at) for kind, at in columns.places.items()]
    texts = pipelines.text_steps(columns, "tfidf", seed)
    heavier = {step: TEXT_WEIGHT for step, _, _ in texts}
    return ColumnTransformer([*steps, *texts], transformer_weights=heavier)
