"""The grammar of product.yaml, version 1, but for the requirements: what may stand where."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from roadworthy.core.policy import Referred
from roadworthy.core.product import (
    CaseCost,
    Confidence,
    Costs,
    Decision,
    Task,
)
from roadworthy.io.data_words import DataWords
from roadworthy.io.environment_words import EnvironmentWords
from roadworthy.io.guard_words import GuardWords
from roadworthy.io.model_words import ModelWords
from roadworthy.io.scope_words import ScopeWords
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import (
    Column,
    NotNegative,
    Pair,
    Text,
    Texts,
    at_least,
    between,
    choice,
    number,
    share_or_end,
)

ConfidenceWord = Annotated[float, between(0.5, 1)]
PowerWord = Annotated[float, between(0, 1)]
TaskWord = Annotated[Task, choice({task.value: task for task in Task})]
ReferredWord = Annotated[Referred, choice({word.value: word for word in Referred})]


def _maximum(value: object) -> float:
    if number(value) <= 0:
        raise wrong(f"must be more than 0, not {shown(value)}", "Write the most it can ever be.")
    return number(value)


class CaseCostWords(Words):
    """A cost that differs from case to case."""

    column: Column
    """The column with the cost of each case."""
    max: Annotated[float, Checked(_maximum, {"type": "number", "exclusiveMinimum": 0})]
    """The most it can ever be: without one no bound on the cost can hold."""


CostWord = Annotated[
    Annotated[NotNegative, Tag("<number>")] | Annotated[CaseCostWords, Tag("<per case>")],
    Discriminator(lambda value: "<per case>" if isinstance(value, dict) else "<number>"),
]


class CostsWords(Words):
    """What a miss, a false alarm, a referral and a label cost, in one unit."""

    unit: Text = ""
    """The unit of all costs, such as EUR."""
    miss: CostWord = 0.0
    """A positive that is cleared."""
    false_alarm: CostWord = 0.0
    """A negative that is flagged."""
    refer: CostWord = 0.0
    """A case that a person decides."""
    label: NotNegative | None = None
    """One more labelled case."""

    def core(self) -> Costs:
        """The costs that this describes."""
        return Costs(
            unit=self.unit,
            miss=_cost(self.miss),
            false_alarm=_cost(self.false_alarm),
            refer=_cost(self.refer),
            label=self.label,
        )


def _cost(written: float | CaseCostWords) -> float | CaseCost:
    if isinstance(written, CaseCostWords):
        return CaseCost(written.column, written.max)
    return written


class ConfidenceWords(Words):
    """How sure a verdict must be, how likely a good product must pass, how often one may look."""

    level: ConfidenceWord = 0.95
    """How sure a verdict must be."""
    power: PowerWord = 0.80
    """How likely a product that reaches its targets must pass."""
    looks: Annotated[int, at_least(1)] = 1
    """How often the sealed set may be opened."""

    def core(self) -> Confidence:
        """The confidence that this describes."""
        return Confidence(self.level, self.power, self.looks)


def _threshold(value: object) -> float | str:
    if value == "auto":
        return "auto"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a number or auto, not {shown(value)}", "Write 0.5 or auto.")
    return share_or_end(value)


class DecisionWords(Words):
    """How a score becomes a decision."""

    threshold: Annotated[
        float | Literal["auto"],
        Checked(
            _threshold,
            {"anyOf": [{"const": "auto"}, {"type": "number", "minimum": 0, "maximum": 1}]},
        ),
    ] = 0.5
    """Positive when the score is at least this; auto: chosen on validation cases."""
    referred: ReferredWord | None = None
    """How rates count a case that a person decides."""
    refer_between: Pair | None = None
    """Scores from the first number up to the second go to a person."""

    @model_validator(mode="after")
    def _say_how_referred_cases_count(self) -> Self:
        if self.refer_between is None:
            return self
        low, high = self.refer_between
        if low < 0 or high > 1:
            raise wrong(
                f"must lie from 0 to 1, not [{low:g}, {high:g}]",
                "Scores lie from 0 to 1, and so do the ends of the band.",
                key="refer_between",
            )
        if self.referred is None:
            raise wrong(
                "refers cases, and `decision.referred` does not say how rates count them",
                "Add `referred: excluded`, `right` or `wrong`.",
                code="missing_key",
                key="refer_between",
            )
        return self

    def core(self) -> Decision:
        """The decision that this describes."""
        return Decision(self.threshold, self.referred, self.refer_between)


def _version(value: object) -> int:
    if value == 1 and not isinstance(value, bool):
        return 1
    raise wrong(f"is {shown(value)}, and this roadworthy reads version 1", "Write `version: 1`.")


class ProductWords(Words):
    """The whole file; the requirements are read one by one, with their instruments."""

    version: Annotated[int, Checked(_version, {"const": 1})]
    """The version of this grammar."""
    product: Text
    """The name of the product."""
    purpose: Text = ""
    """What it is for."""
    task: TaskWord = Task.BINARY
    """What it does: binary, multiclass or regression."""
    data: DataWords
    """Where the cases are and what their columns mean."""
    model: ModelWords | None = None
    """A model of your own, built elsewhere: a command, an address, or a function of Python."""
    scope: list[ScopeWords] = Field(default=[])
    """The cases on which it may work: every condition must hold."""
    guard: GuardWords | None = None
    """Turns away cases that are too far from those it learnt from."""
    environment: EnvironmentWords | None = None
    """Where it will work: a mix of contexts, for `coverage`."""
    costs: CostsWords | None = None
    """What mistakes and people cost."""
    confidence: ConfidenceWords = ConfidenceWords()
    """How sure, how likely to pass, how many looks."""
    decision: DecisionWords = DecisionWords()
    """How a score becomes a decision."""
    models: Texts | None = None
    """The kinds of model that training may try; by default all that are installed."""
    requirements: list[Any]
    """What must be shown."""

    @model_validator(mode="after")
    def _some_requirement(self) -> Self:
        if not self.requirements:
            raise wrong(
                "is empty: nothing is required, so nothing can be shown",
                "Add one, such as {metric: sensitivity, at_least: 0.9}.",
                code="no_requirement",
                key="requirements",
            )
        return self
