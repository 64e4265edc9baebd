"""A test set and its successor: whether models still hold what they showed on the old one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from roadworthy.core.errors import ExitCode
from roadworthy.core.outcome import Outcome
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Judgement

EVERY = "*"
"""The model for which a threshold is named that holds for every one without its own."""


@dataclass(frozen=True)
class Renewal:
    """When a sealed set is too old: what ``renewal:`` says in product.yaml.

    ``fresh_for`` days after ``made`` it is too old (None: never); a kind of case that the set lacks
    demands a successor from ``new_kind`` of the traffic on; ``moved_by`` is the least distance
    between two distributions that counts as a move.
    """

    fresh_for: int | None = None
    made: date | None = None
    new_kind: float = 0.05
    moved_by: float = 0.10


class Right(StrEnum):
    """Of which cases the share of right answers is compared."""

    ACCURACY = "accuracy"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"


class Held(StrEnum):
    """What the fresh set says of a model; the product takes the worst."""

    HOLDS = "HOLDS"
    INCONCLUSIVE = "INCONCLUSIVE"
    DROPPED = "DROPPED"

    @property
    def exit_code(self) -> ExitCode:
        return {
            Held.HOLDS: ExitCode.PASS,
            Held.DROPPED: ExitCode.FAIL,
            Held.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        }[self]

    @staticmethod
    def worst(found: Iterable[Held]) -> Held:
        """The worst of them; of nothing, INCONCLUSIVE."""
        return max(found, key=list(Held).index, default=Held.INCONCLUSIVE)


@dataclass(frozen=True)
class Span:
    """A drop from old to fresh as seen, with an interval to show: each end one-sided."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelDrop:
    """One model on both sets: rates as seen, the drop as it is and at the fresh set's mix.

    ``reweighted`` is what the verdict rests on (None: it was not measured, ``reason`` says why);
    ``at_fresh_mix`` is the old rate on it. P-values are adjusted over the models (Holm).
    """

    model: str
    untouched: bool
    old: float
    fresh: float
    at_fresh_mix: float | None
    crude: Span | None
    reweighted: Span | None
    p_dropped: float | None
    p_holds: float | None
    outcome: Held
    reason: str


@dataclass(frozen=True)
class Share:
    """How much of both sets one stratum is; ``uncovered``: too few old cases stand for it."""

    stratum: str
    old: float
    fresh: float
    uncovered: bool


@dataclass(frozen=True)
class Attribution:
    """Why the models fell, as far as that can be told; ``why`` says what it rests on."""

    cause: str
    why: str
    slope: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Renewed(Shown):
    """Old and fresh set compared, model by model, and the requirements on the fresh set alone.

    ``requirements`` is None where they could not be judged there: ``not_rechecked`` says why.
    """

    product: str
    old_set: str
    fresh_set: str
    old_cases: int
    fresh_cases: int
    right: Right
    tolerated: float
    confidence: float
    by: tuple[str, ...]
    models: tuple[ModelDrop, ...]
    mix: tuple[Share, ...]
    attribution: Attribution
    requirements: Judgement | None
    not_rechecked: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Renewed: {self.headline!r}>"

    @property
    def outcome(self) -> Held:
        """DROPPED where one model dropped, HOLDS where all hold."""
        return Held.worst(one.outcome for one in self.models)

    @property
    def exit_code(self) -> ExitCode:
        """The outcome's; a requirement that fails on the fresh set is a failure all the same."""
        failed = self.requirements is not None and self.requirements.outcome is Outcome.FAIL
        return ExitCode.FAIL if failed else self.outcome.exit_code

    @property
    def headline(self) -> str:
        """The answer in one line."""
        again = "" if self.requirements is None else f"; requirements {self.requirements.answer}"
        return f"{self.product}, old to fresh set: {self.outcome}{again}"


@dataclass(frozen=True)
class FreshNeed:
    """Fresh labels that show a drop of ``drop`` points, or that show there is none so large.

    None where no number does; ``why`` says what is in the way.
    """

    drop: float
    to_show_drop: int | None
    why: str


@dataclass(frozen=True)
class RenewalPlan(Shown):
    """How many fresh labels a comparison takes, given the old set as it is.

    ``to_show_hold`` is for a model that did not drop at all (None: ``why_hold``). Where cases share
    units (``dependent``) it takes more than this.
    """

    product: str
    n_old: int
    old_rate: float
    models: int
    tolerated: float
    confidence: float
    power: float
    needs: tuple[FreshNeed, ...]
    to_show_hold: int | None
    why_hold: str
    label_cost: float | None
    unit: str
    dependent: bool = False

    @property
    def headline(self) -> str:
        """The answer in one line."""
        told = [
            f"{one.drop:g}: {'never' if one.to_show_drop is None else f'{one.to_show_drop:,}'}"
            for one in self.needs
        ]
        return f"{self.product}: fresh labels that show a drop of {', '.join(told)}"

    @property
    def exit_code(self) -> ExitCode:
        """INCONCLUSIVE where nothing that was asked can ever be shown."""
        some = any(one.to_show_drop is not None for one in self.needs)
        return ExitCode.PASS if some else ExitCode.INCONCLUSIVE
