"""Tables in, answers out: what every rung made of a scikit-learn pipeline shares."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.io.free_text import FEWEST_WORDS, words_per_text
from roadworthy.io.levels import has_levels
from roadworthy.models.reproducible import reproducible

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from threadpoolctl import ThreadpoolController

Matrix: TypeAlias = np.ndarray[Any, Any]

MOST_CATEGORIES = 100

# plain data beside scikit-learn's own types, which skops trusts by itself
TRUSTED = (
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "roadworthy.models.text_column.TextColumn",
)


@dataclass(frozen=True)
class Card:
    """What the artefact does not say of itself: its columns, its task, what it was fitted on."""

    name: str
    task: Task
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    positive: int | None
    fitted_on: int
    texts: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.numbers, *self.categories, *self.texts)


@dataclass(frozen=True)
class TrainedPipeline:
    """A fitted pipeline over mixed columns with missing values."""

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
        if cases.height == 0:
            # scikit-learn refuses an empty table, which a strict scope may leave
            return pl.Series(dtype=pl.String if self.card.task is Task.MULTICLASS else pl.Float64)
        x = self.matrix(cases)
        with one_thread():
            if self.card.task is Task.BINARY:
                assert self.card.positive is not None
                return pl.Series(self.pipeline.predict_proba(x)[:, self.card.positive])
            found = self.pipeline.predict(x)
        return pl.Series(found.astype(str) if self.card.task is Task.MULTICLASS else found)

    def matrix(self, cases: pl.DataFrame) -> Matrix:
        """What the pipeline takes."""
        return matrix(cases, self.card.numbers, self.card.categories, self.card.texts)

    def to_bytes(self) -> bytes:
        """Pipeline and card in one skops file."""
        from skops.io import dumps

        card = {**vars(self.card), "task": str(self.card.task)}
        return reproducible(dumps({"pipeline": self.pipeline, "card": card}))


@dataclass(frozen=True)
class Columns:
    """The features by kind; a pipeline sees numbers first, then categories, then texts.

    ``texts`` come with the name of their embedding (None: any).
    """

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    texts: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, list[int]]:
        """Where a pipeline finds numbers and categories; a kind without columns is left out."""
        cut, end = len(self.numbers), len(self.numbers) + len(self.categories)
        found = {"numbers": list(range(cut)), "categories": list(range(cut, end))}
        return {kind: places for kind, places in found.items() if places}


def learnable(
    cases: pl.DataFrame,
    features: tuple[str, ...],
    texts: Mapping[str, str | None] | None = None,
) -> Columns:
    """The features by kind, when there is something to learn from them; empty ones are left out.

    ``texts`` are features that hold text: nothing else is taken for text.

    Raises:
        BadInput: no feature differs between the cases, or one of them is a name.
    """
    _refuse_shapeless(cases, features)
    _refuse_constant(cases, features)
    return kinds(cases, features, texts)


def kinds(
    cases: pl.DataFrame,
    features: tuple[str, ...],
    texts: Mapping[str, str | None] | None = None,
) -> Columns:
    """The features by kind; empty ones are left out, and whether any differs is not asked.

    Raises:
        BadInput: a feature is a name, or of a type that is none.
    """
    _refuse_shapeless(cases, features)
    known = [name for name in features if _known(cases[name]).null_count() < cases.height]
    numbers = tuple(name for name in known if cases.schema[name].is_numeric())
    read = {name: how for name, how in (texts or {}).items() if name in known}
    _refuse_unread(cases, tuple(read))
    numbers = tuple(name for name in numbers if name not in read)
    categories = tuple(name for name in known if name not in numbers and name not in read)
    _refuse_names(cases, categories)
    return Columns(numbers, categories, read)


def text_steps(
    columns: Columns, usual: str, seed: int, *, dense: bool = False
) -> list[tuple[str, Any, list[int]]]:
    """A step for every column of text, through its embedding or the one that is ``usual``.

    ``dense``: the model takes no sparse matrix.
    """
    if not columns.texts:
        return []
    from roadworthy.models.text_column import TextColumn

    first = len(columns.numbers) + len(columns.categories)
    return [
        (f"text {place}", TextColumn(how or usual, seed, dense), [place])
        for place, how in enumerate(columns.texts.values(), start=first)
    ]


def fitted(
    name: str,
    steps: list[tuple[str, Any]],
    columns: Columns,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task,
    weights: pl.Series | None = None,
) -> TrainedPipeline:
    """A pipeline of ``steps``, fitted to the ``columns`` of ``cases``; nothing else is looked at.

    ``weights`` of the cases go to the last step; the others see all cases alike.

    Raises:
        BadInput: classes are to be learnt, and there is only one.
    """
    from sklearn.pipeline import Pipeline

    refuse_one_class(truth, task)
    pipeline = Pipeline(steps)
    weighed = {} if weights is None else {f"{steps[-1][0]}__sample_weight": weights.to_numpy()}
    with one_thread():
        x = matrix(cases, columns.numbers, columns.categories, tuple(columns.texts))
        pipeline.fit(x, truth.to_numpy(), **weighed)
    positive = None
    if task is Task.BINARY:
        positive = [bool(label) for label in pipeline.classes_].index(True)
    kinds = columns.numbers, columns.categories
    card = Card(name, task, *kinds, positive, cases.height, tuple(columns.texts))
    return TrainedPipeline(pipeline, card)


def load(artifact: Path) -> TrainedPipeline:
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
    return TrainedPipeline(pipeline, card, artifact, hashlib.sha256(content).hexdigest())


def matrix(
    cases: pl.DataFrame,
    numbers: tuple[str, ...],
    categories: tuple[str, ...],
    texts: tuple[str, ...] = (),
) -> Matrix:
    """Numbers as float64, then categories and texts, shape (cases, features).

    What is missing is NaN, a category of its own, or an empty text.
    """
    found = np.empty((cases.height, len(numbers) + len(categories) + len(texts)), dtype=object)
    for i, name in enumerate(numbers):
        if not cases.schema[name].is_numeric():
            _refuse_other_kind(cases[name], "numbers")
        column = cases[name].cast(pl.Float64, strict=False)
        _refuse_infinite(column)
        found[:, i] = column.fill_null(float("nan")).to_numpy()
    for i, name in enumerate(categories, start=len(numbers)):
        # a file of texts such as 3 and 4 may be read as whole numbers, and 3 is still 3
        if cases.schema[name].is_float():
            _refuse_other_kind(cases[name], "categories")
        found[:, i] = cases[name].cast(pl.String).fill_null("(missing)").to_numpy()
    for i, name in enumerate(texts, start=len(numbers) + len(categories)):
        found[:, i] = cases[name].cast(pl.String).fill_null("").to_numpy()
    return found


def one_thread() -> AbstractContextManager[Any]:
    """The same sums on any number of cores; on busy ones, waiting threads cost 100 times more."""
    limited: AbstractContextManager[Any] = _pools().limit(limits=1)
    return limited


def loaded() -> None:
    """Loads what most rungs are made of, so that the first of them is not charged for that."""
    import sklearn.dummy
    import sklearn.linear_model
    import sklearn.pipeline  # noqa: F401

    _pools()


@cache
def _pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _untrusted(artifact: Path, unknown: list[str]) -> BadInput:
    return BadInput(
        f"the trained model holds types that are not trusted: {', '.join(unknown)}.",
        code="untrusted_model",
        where=str(artifact),
        value=unknown,
        next_step="Use only models that `roadworthy train` wrote.",
    )


def refuse_one_class(truth: pl.Series, task: Task) -> None:
    """Refuses classes of which there is only one: nothing can be told apart."""
    if task is Task.REGRESSION or truth.n_unique() > 1:
        return
    raise BadInput(
        f"all {truth.len()} training cases have the same truth, {truth[0]!r}.",
        code="one_class",
        where="the training split",
        value=str(truth[0]),
        next_step="Add cases of the other kind, or part the data differently.",
    )


def _refuse_constant(cases: pl.DataFrame, features: tuple[str, ...]) -> None:
    if any(_known(cases[name]).n_unique() > 1 for name in features):
        return
    empty = all(_known(cases[name]).null_count() == cases.height for name in features)
    named = ", ".join(features)
    raise BadInput(
        f"the features ({named}) {'are empty' if empty else 'never differ'} in all "
        f"{cases.height} training cases, so there is nothing to learn from.",
        code="nothing_to_learn_from",
        where="the training split",
        value=list(features),
        next_step="Name other columns to learn from: `data: {features: [...]}`.",
    )


def _known(column: pl.Series) -> pl.Series:
    return column.fill_nan(None) if column.dtype.is_float() else column


def _refuse_shapeless(cases: pl.DataFrame, features: tuple[str, ...]) -> None:
    """Lists, bytes and the like are no numbers, and no categories either."""
    for name in features:
        if not has_levels(cases.schema[name]):
            raise BadInput(
                f"the feature {name!r} holds {cases.schema[name]}, from which nothing is learnt.",
                code="shapeless_feature",
                where=f"column {name}",
                value=str(cases.schema[name]),
                next_step="Write it as numbers or text, or leave it out of `data: {features: }`.",
            )


def _refuse_names(cases: pl.DataFrame, categories: tuple[str, ...]) -> None:
    """A text column with a level per case is a name, and fitting it learns the cases by heart."""
    for name in categories:
        levels = cases[name].n_unique()
        if levels > MOST_CATEGORIES:
            step = "Name the columns to learn from: `data: {features: [...]}`."
            if words_per_text(cases[name]) >= FEWEST_WORDS:
                step = (
                    f"If people wrote it, say so: `data: {{text: [{name}]}}`. Otherwise n{step[1:]}"
                )
            raise BadInput(
                f"the feature {name!r} holds {levels} different texts in {cases.height} cases.",
                code="too_many_categories",
                where=f"column {name}",
                value=levels,
                next_step=step,
            )


def _refuse_unread(cases: pl.DataFrame, texts: tuple[str, ...]) -> None:
    for name in texts:
        if cases.schema[name] not in (pl.String, pl.Categorical, pl.Enum):
            raise BadInput(
                f"the feature {name!r} holds {cases.schema[name]}, and is to be read as text.",
                code="not_text",
                where=f"column {name}",
                value=str(cases.schema[name]),
                next_step="Take it out of `data: {text: }`: numbers and dates are no text.",
            )


def _refuse_other_kind(column: pl.Series, learnt_as: str) -> None:
    """What is of another kind than it was means something else; without values it has no kind."""
    if column.null_count() == column.len():
        return
    raise BadInput(
        f"the feature {column.name!r} holds {column.dtype}, and the model learnt it as "
        f"{learnt_as}.",
        code="changed_type",
        where=f"column {column.name}",
        value=str(column.dtype),
        next_step="Write its values as they were; a text such as 'n/a' makes a column of numbers "
        "text.",
    )


def _refuse_infinite(column: pl.Series) -> None:
    infinite = int(column.is_infinite().sum())
    if infinite:
        raise BadInput(
            f"the feature {column.name!r} is infinite in {infinite} of {column.len()} cases.",
            code="infinite_feature",
            where=f"column {column.name}",
            value=infinite,
            next_step="Write what is not known as missing, and what is too large as a number.",
        )
