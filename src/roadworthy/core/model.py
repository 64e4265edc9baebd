"""What can be scored: anything that turns a table of cases into scores, classes or values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import polars as pl


class Model(Protocol):
    """A subject that answers for itself."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def fingerprint(self) -> str:
        """A hash of everything that its answers depend on."""

    @property
    def files(self) -> tuple[Path, ...]:
        """What must be shipped; empty when there is nothing to run."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that ``answer`` reads."""

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """One answer a row, in order: a score 0..1 (binary), a class (str), or a value (float)."""


@runtime_checkable
class Brought(Model, Protocol):
    """A model that was built elsewhere: nobody here knows which cases it learnt from."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the verdict must know of it, such as what is taken on trust."""

    def why_not(self, table: str) -> str | None:
        """Why an observation table, such as ``timings``, cannot be collected; None: it can."""


@runtime_checkable
class Certain(Model, Protocol):
    """A model of several classes that says how probable it finds the one that it names."""

    def certainty(self, cases: pl.DataFrame) -> pl.Series:
        """From 0 to 1, one a case, in order; null where there is no answer."""


@runtime_checkable
class Uncertain(Model, Protocol):
    """A model that says how sure it is of each answer."""

    def distribution(self, cases: pl.DataFrame) -> pl.DataFrame:
        """One row a case, in order; null where such a model has no number.

        ``score`` is what ``answer`` gives, and of several classes the probability of the one that
        it names; ``low`` and ``high`` enclose it; ``entropy`` is that of the probabilities, in
        nats, and ``mutual_information`` the part of it on which members disagree.
        """
