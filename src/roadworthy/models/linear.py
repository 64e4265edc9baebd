"""The first rung: a scikit-learn pipeline around a linear model, saved with skops."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.models.reproducible import reproducible

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MOST_CATEGORIES = 100

# plain types beside scikit-learn's own, which skops trusts by itself
TRUSTED = ("numpy.dtype",)


@dataclass(frozen=True)
class Card:
    """What the artefact does not say of itself: its columns, its task, what it was fitted on."""

    name: str
    task: Task
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    positive: int | None
    fitted_on: int

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.numbers, *self.categories)


@dataclass(frozen=True)
class LinearModel:
    """A fitted pipeline: logistic regression for classes, ridge regression for values."""

    pipeline: Pipeline
    card: Card
    artifact: Path | None = None
    fingerprint: str = ""

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def needs(self) -> tuple[str, ...]:
        return self.card.features

    @property
    def files(self) -> tuple[Path, ...]:
        return () if self.artifact is None else (self.artifact,)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """The probability of the positive class, the class, or the value."""
        x = matrix(cases, self.card)
        if self.card.task is Task.BINARY:
            assert self.card.positive is not None
            return pl.Series(self.pipeline.predict_proba(x)[:, self.card.positive])
        found = self.pipeline.predict(x)
        return pl.Series(found.astype(str) if self.card.task is Task.MULTICLASS else found)


def matrix(cases: pl.DataFrame, card: Card) -> np.ndarray[Any, Any]:
    """Numbers as float64 and categories as text, shape (cases, features), missing as NaN/None."""
    found = np.empty((cases.height, len(card.features)), dtype=object)
    for i, name in enumerate(card.features):
        column = cases[name]
        if name in card.numbers:
            found[:, i] = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
        else:
            found[:, i] = column.cast(pl.String).fill_null("(missing)").to_numpy()
    return found


def fit(
    cases: pl.DataFrame, truth: pl.Series, task: Task, features: tuple[str, ...], seed: int
) -> LinearModel:
    """Fits the pipeline on ``cases`` (only its ``features``) and ``truth`` (bool, str or float)."""
    from sklearn.linear_model import LogisticRegression, Ridge

    numbers = tuple(f for f in features if cases.schema[f].is_numeric())
    categories = tuple(f for f in features if f not in numbers)
    _refuse_ids(cases, categories)
    if task is not Task.REGRESSION and truth.n_unique() < 2:
        raise BadInput(
            f"all {truth.len()} training cases have the same truth, {truth[0]!r}.",
            code="one_class",
            where="the training split",
            value=str(truth[0]),
            next_step="Add cases of the other kind, or part the data differently.",
        )
    last = (
        Ridge(random_state=seed)
        if task is Task.REGRESSION
        else LogisticRegression(max_iter=5000, random_state=seed)
    )
    card = Card(
        name="ridge regression" if task is Task.REGRESSION else "logistic regression",
        task=task,
        numbers=numbers,
        categories=categories,
        positive=None,
        fitted_on=cases.height,
    )
    pipeline = _pipeline(card, last)
    pipeline.fit(matrix(cases, card), truth.to_numpy())
    if task is Task.BINARY:
        positive = [bool(name) for name in pipeline.classes_].index(True)
        card = replace(card, positive=positive)
    return LinearModel(pipeline, card)


def to_bytes(model: LinearModel) -> bytes:
    """The artefact: pipeline and card in one skops file, the same for the same model."""
    from skops.io import dumps

    card = {**vars(model.card), "task": str(model.card.task)}
    return reproducible(dumps({"pipeline": model.pipeline, "card": card}))


def fingerprint(content: bytes) -> str:
    """What pins an artefact down: the SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()


def load(artifact: Path) -> LinearModel:
    """Reads what ``to_bytes`` gave; a file with types that skops does not trust is refused."""
    from skops.io import get_untrusted_types, loads

    try:
        content = artifact.read_bytes()
        unknown = sorted(set(get_untrusted_types(data=content)) - set(TRUSTED))
        if unknown:
            raise _untrusted(artifact, unknown)
        found = loads(content, trusted=list(TRUSTED))
        card = Card(**{**found["card"], "task": Task(found["card"]["task"])})
        pipeline = found["pipeline"]
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as problem:
        raise BadInput(
            f"the trained model cannot be read: {problem}.",
            code="unreadable_model",
            where=str(artifact),
            next_step="Run `roadworthy train` again.",
        ) from problem
    return LinearModel(pipeline, card, artifact, fingerprint(content))


def _untrusted(artifact: Path, unknown: list[str]) -> BadInput:
    return BadInput(
        f"the trained model holds types that are not trusted: {', '.join(unknown)}.",
        code="untrusted_model",
        where=str(artifact),
        value=unknown,
        next_step="Use only models that `roadworthy train` wrote.",
    )


def _pipeline(card: Card, last: Any) -> Pipeline:
    """Numbers: median for missing ones, and scaled. Categories: one column a level."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    steps: list[tuple[str, Any, list[int]]] = []
    if card.numbers:
        filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        scaled = Pipeline([("fill", filled), ("scale", StandardScaler())])
        steps.append(("numbers", scaled, list(range(len(card.numbers)))))
    if card.categories:
        levels = OneHotEncoder(handle_unknown="ignore")
        steps.append(("categories", levels, list(range(len(card.numbers), len(card.features)))))
    return Pipeline([("columns", ColumnTransformer(steps)), ("model", last)])


def _refuse_ids(cases: pl.DataFrame, categories: tuple[str, ...]) -> None:
    """A text column with a level per case is a name, and fitting it learns the cases by heart."""
    for name in categories:
        levels = cases[name].n_unique()
        if levels > MOST_CATEGORIES:
            raise BadInput(
                f"the feature {name!r} holds {levels} different texts in {cases.height} cases.",
                code="too_many_categories",
                where=f"column {name}",
                value=levels,
                next_step="Name the columns to learn from: `data: {features: [...]}`.",
            )
