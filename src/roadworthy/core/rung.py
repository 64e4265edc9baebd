"""A rung of the ladder: one kind of model that training may try, and what it costs to keep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from roadworthy.core import columns
from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Task

if TYPE_CHECKING:
    import polars as pl


class Fitted(Model, Protocol):
    """A model that was just fitted and can be written down."""

    def to_bytes(self) -> bytes:
        """The artefact: everything its answers depend on; the same bytes for the same model."""


class Rung(Protocol):
    """One kind of model. Announced by an entry point in ``roadworthy.models``.

    ``rank`` orders the rungs from cheap to costly; the built-in ones have 0 (majority),
    10 (logistic), 20 (boosting) and 40 (a small net). ``why`` says in a phrase what its cost is
    made of. A rung whose ``by_default`` is False is tried only where ``models:`` names it.

    One whose ``reads_images`` is True is offered the columns ``@file:...`` with image files too,
    and is tried by default where there are any; every other one is offered the rest alone, and one
    whose ``reads_table`` is False does without. Of a case with an image that cannot be read it
    answers null. One that ``draws`` is told in ``guidance`` which cases training is to see more
    often; to others such cases weigh more. ``precision`` (1e-9) is how far an answer may hang on
    the company in which a case is asked: sums of float32 do.
    """

    @property
    def rank(self) -> int:
        """Where it stands between cheap and costly."""

    @property
    def why(self) -> str:
        """What its cost is made of."""

    def title(self, task: Task) -> str:
        """What people call such a model for this task."""

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
    ) -> Fitted:
        """Learns ``truth`` (bool, str or float) from the ``features`` of ``cases`` alone.

        Raises:
            BadInput: such a model cannot be fitted to these cases; the others are tried all the
                same.
        """

    def load(self, artifact: Path) -> Model:
        """Reads what ``to_bytes`` gave; its fingerprint is a hash of the file.

        Raises:
            BadInput: the file is not such an artefact, or is not safe to read.
        """


class WeighingRung(Rung, Protocol):
    """A rung that can weigh its cases; others are not fitted where product.yaml asks for that."""

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        weights: pl.Series | None = None,
    ) -> Fitted:
        """As for every rung; ``weights`` (cases,) say how much each case counts, None: all alike.

        They have a mean of 1 over all training cases.
        """


class ReadingRung(Rung, Protocol):
    """A rung that can read text; others are not fitted where product.yaml names text."""

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        texts: Mapping[str, str | None] | None = None,
    ) -> Fitted:
        """As for every rung; ``texts`` are those of the ``features`` that hold text.

        Each comes with the name of the embedding (``roadworthy.embeddings``) that product.yaml
        asks for; None: whichever suits this kind of model.
        """


class GuidedRung(WeighingRung, Protocol):
    """A rung that wants to know more of its training cases than their features and truth."""

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        weights: pl.Series | None = None,
        guidance: Guidance | None = None,
    ) -> Fitted:
        """As for every rung; None: every case is its own unit, and nothing else is asked."""


# between the name of a rung and the sampling under which it was fitted, where several are tried
APART = "+"


def kind(name: str) -> str:
    """What ``models:`` calls a rung that was fitted under one of several samplings.

    >>> kind("logistic+balanced"), kind("logistic")
    ('logistic', 'logistic')
    """
    return name.partition(APART)[0]


def offered(rung: Rung, features: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``features`` that such a rung can read: files of images are for those that do."""
    if getattr(rung, "reads_images", False):
        return features
    return tuple(name for name in features if not columns.is_file(name))
