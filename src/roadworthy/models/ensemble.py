"""The rung that asks ten models and tells where they disagree: boosting, bagged and reseeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines, uncertainty
from roadworthy.models.boosting import as_they_are
from roadworthy.models.pipelines import Matrix, TrainedPipeline

MEMBERS, TREES = 10, 40


@dataclass(frozen=True)
class EnsembleModel(TrainedPipeline):
    """A bagged pipeline that can be asked for each member's answer."""

    def distribution(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Mean, spread and disagreement of the members; binary tasks only."""
        x = self.pipeline[:-1].transform(self.matrix(cases))
        with pipelines.one_thread():
            members = [self._member(one, x) for one in self.pipeline[-1].estimators_]
        return uncertainty.of_members(np.stack(members))

    def _member(self, one: Any, x: Matrix) -> Matrix:
        # bagging numbers the classes, and a member may have seen one of them only
        seen = [int(label) for label in one.classes_]
        if self.card.positive not in seen:
            return np.zeros(len(x))
        found: Matrix = one.predict_proba(x)[:, seen.index(self.card.positive)]
        return found


class Ensemble:
    """Ten models of forty trees, each fitted to cases drawn with replacement.

    Tried only where ``models:`` names it.
    """

    rank = 30
    why = "ten times forty small trees"
    by_default = False

    def title(self, task: Task) -> str:
        return "ensemble of gradient boosting"

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
        from sklearn import ensemble

        kind = "Regressor" if task is Task.REGRESSION else "Classifier"
        boosting = getattr(ensemble, f"HistGradientBoosting{kind}")
        bagging = getattr(ensemble, f"Bagging{kind}")
        one = boosting(max_iter=TREES, learning_rate=0.2, max_leaf_nodes=8, early_stopping=False)
        last = bagging(one, n_estimators=MEMBERS, random_state=seed)
        columns = pipelines.learnable(cases, features, texts)
        steps = [("columns", as_they_are(columns, seed)), ("model", last)]
        found = pipelines.fitted(self.title(task), steps, columns, cases, truth, task, weights)
        return _kind(found)

    def load(self, artifact: Path) -> Model:
        return _kind(pipelines.load(artifact))


def _kind(found: TrainedPipeline) -> TrainedPipeline:
    """Members of other tasks have no probability of the positive class to differ in."""
    if found.card.task is not Task.BINARY:
        return found
    return EnsembleModel(found.pipeline, found.card, found.artifact, found.fingerprint)
