"""Naive Bayes: a rung that takes every column by itself, and learns from few cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines


class NaiveBayes:
    """A mean and a spread for every column and class; a missing number is the median."""

    rank = 5
    why = "two numbers for every column and class"

    def title(self, task: Task) -> str:
        """The same for all tasks."""
        return "naive Bayes"

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
    ) -> Fitted:
        """Nothing is drawn, so ``seed`` changes nothing."""
        from sklearn.naive_bayes import GaussianNB

        if task is Task.REGRESSION:
            raise BadInput(
                "naive Bayes tells classes apart, and a value is asked for.",
                code="wrong_task",
                next_step="Leave `naive_bayes` out of `models:`.",
            )
        columns = pipelines.learnable(cases, features)
        steps = [("columns", _filled(columns)), ("model", GaussianNB())]
        return pipelines.fitted(self.title(task), steps, columns, cases, truth, task)

    def load(self, artifact: Path) -> Model:
        """Reads a skops file, and trusts nothing in it but scikit-learn's own types."""
        return pipelines.load(artifact)


def _filled(columns: pipelines.Columns) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    kinds = {
        "numbers": SimpleImputer(strategy="median"),
        "categories": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    }
    return ColumnTransformer([(kind, kinds[kind], at) for kind, at in columns.places.items()])
