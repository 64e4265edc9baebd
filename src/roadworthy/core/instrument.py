"""An instrument turns observations into evidence for one requirement; it never judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from roadworthy.core.evidence import Evidence, Measured, Regime
from roadworthy.core.need import Need
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

R_co = TypeVar("R_co", covariant=True)


class Rows(StrEnum):
    """Which cases a statistic looks at."""

    RATED = "rated"
    INSIDE = "inside"
    ALL = "all"


class Statistic(Protocol[R_co]):
    """What an instrument asks of the data: columns per case, reduced to what measuring needs.

    The workflow evaluates the columns of all requirements and slices in one scan and hands each
    cell its part. ``unit`` codes the unit of independence per case (None: every case is its own);
    cases arrive in an order that is fixed by their ids, so never by their values. A statistic that
    adds up over rows may offer ``Additive`` too, and large tables are then never held in memory.
    """

    @property
    def rows(self) -> Rows:
        """Which cases it looks at."""

    def columns(self) -> Mapping[str, pl.Expr]:
        """Named expressions over the prepared table."""

    def reduce(
        self, columns: Mapping[str, np.ndarray[Any, Any]], unit: np.ndarray[Any, Any] | None
    ) -> R_co:
        """The statistic of one cell's cases."""


class Sketch(Protocol[R_co]):
    """What an additive statistic remembers of the rows it has seen, part by part.

    Parts are groups of rows, numbered from 0. Two sketches of the same statistic and parts can be
    merged, so batches, processes and machines count apart.
    """

    def add(
        self,
        columns: Mapping[str, np.ndarray[Any, Any]],
        part: np.ndarray[Any, Any],
        weight: np.ndarray[Any, Any] | None = None,
    ) -> None:
        """Sees rows; ``part`` is the part of each, ``weight`` for how many cases each stands."""

    def merge(self, other: Any) -> None:
        """Adds what another sketch has seen."""

    def of(self, parts: Sequence[int]) -> R_co:
        """What ``reduce`` would give for all rows of these parts."""


@runtime_checkable
class Additive(Protocol[R_co]):
    """What a statistic offers, beside ``Statistic``, to be gathered in one pass over batches.

    It promises that, when every case is a unit of its own, neither the order of cases nor how
    they are parted changes the result. Statistics without it are given all their rows at once.
    """

    def sketch(self) -> Sketch[R_co]:
        """An empty sketch."""


@dataclass(frozen=True)
class About:
    """What a metric is, for people, and how product.yaml may use it.

    ``lowest`` and ``highest`` enclose a sensible limit. ``follows_prevalence``: a prevalence must
    be declared. ``referral_counts``: a referred case can count as right, so ``automation`` must be
    required beside it. ``comparable``: ``against`` is offered. ``per_unit``: so is ``per: unit``.
    ``judges_calls``: it needs the truth and what the subject said of it. ``judges_marks``: it needs
    true boxes and the subject's marks. ``pitfalls`` are sentences
    on what the number does not say, or how it is misread.
    """

    title: str
    definition: str
    formula: str
    source: str
    better: str = "higher"
    unit: str = ""
    lowest: float | None = 0.0
    highest: float | None = 1.0
    tasks: frozenset[Task] = frozenset(Task)
    table: str = "cases"
    follows_prevalence: bool = False
    referral_counts: bool = False
    comparable: bool = False
    per_unit: bool = True
    limit_optional: bool = False
    judges_calls: bool = True
    judges_marks: bool = False
    sliceable: bool = True
    pitfalls: tuple[str, ...] = ()


class Instrument(Protocol):
    """One kind of requirement. Announced by an entry point in ``roadworthy.instruments``.

    ``parameters`` is a frozen dataclass: the metric's own words in product.yaml.
    """

    about: About
    parameters: type[Any]

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """What must be gathered for one cell; the same for every slice."""

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Evidence for ``requirement`` from what was gathered on one cell."""

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """How many fresh observations would show PASS with probability ``power``."""


class Collector(Protocol):
    """Produces one observation table; without it the requirement is NotMeasured."""

    table: str
    about: str

    def collect(self, model: Any, cases: pl.DataFrame) -> pl.DataFrame:
        """Run the model as its users would, and note one row per observation."""
