"""How costs, gains, harms and what training does with them are written in product.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from roadworthy.core.product import CaseCost, CostMatrix, Costs, Harm, Price, Profit, Running
from roadworthy.io.shapes import FAULT, Checked, Fault, Words, faults, shown, wrong
from roadworthy.io.words import Column, NotNegative, Number, Text, choice, not_negative, number

MULTICLASS_EXAMPLE = "matrix: {a: {b: 5}, b: {a: 1}}"


def _maximum(value: object) -> float:
    if number(value) <= 0:
        raise wrong(f"must be more than 0, not {shown(value)}", "Write the most it can ever be.")
    return number(value)


Maximum = Annotated[float, Checked(_maximum, {"type": "number", "exclusiveMinimum": 0})]


class CaseCostWords(Words):
    """A cost that differs from case to case."""

    column: Column
    """The column with the cost of each case."""
    max: Maximum
    """The most it can ever be: without one no bound on the cost can hold."""


class _Ranged(Words):
    """An amount that differs from case to case and may be a loss as well."""

    column: Column
    """The column with the amount of each case."""
    max: Number
    """The most that a case can bring in: without one no bound can hold."""
    min: Number = 0.0
    """The least: below 0 where a case can lose."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min < self.max:
            raise wrong(
                f"is {self.max:g}, and `min` is {self.min:g}",
                "Write the least under `min`, and the most under `max`.",
                key="max",
            )
        return self

    def core(self) -> CaseCost:
        """The amount that this describes."""
        return CaseCost(self.column, self.max, self.min)


class CaseGainWords(_Ranged):
    """A gain that differs from case to case."""


class ProfitWords(_Ranged):
    """What acting on a case brings in, loss included, in a column of its own."""

    when: Annotated[
        Literal["flagged", "cleared"], choice({"flagged": "flagged", "cleared": "cleared"})
    ]
    """The decision that is acted on: an offer goes to the flagged, a loan to the cleared."""

    def profit(self) -> Profit:
        """The profit that this describes."""
        return Profit(self.core(), self.when)


def _kind(value: object) -> str:
    return "<per case>" if isinstance(value, dict) else "<number>"


CostWord = Annotated[
    Annotated[NotNegative, Tag("<number>")] | Annotated[CaseCostWords, Tag("<per case>")],
    Discriminator(_kind),
]
GainWord = Annotated[
    Annotated[NotNegative, Tag("<number>")] | Annotated[CaseGainWords, Tag("<per case>")],
    Discriminator(_kind),
]


def _matrix(written: object) -> CostMatrix:
    """Every class against every other one; what is wrong is told by its place."""
    if not isinstance(written, dict) or not written:
        raise wrong(f"must map classes to their costs, not {shown(written)}", _like_this())
    bad = [fault for truth, row in written.items() for fault in _row_faults(truth, row, written)]
    if bad:
        raise faults(bad)
    if len(written) < 2:
        raise wrong("names one class only", _like_this())
    classes = tuple(written)
    rows = (tuple(float(written[t].get(c, 0.0)) for c in classes) for t in classes)
    return CostMatrix(classes, tuple(rows))


def _row_faults(truth: str, row: object, whole: Mapping[str, Any]) -> list[Fault]:
    if not isinstance(row, dict):
        message = f"must map the classes it can be called by to costs, not {shown(row)}"
        return [Fault(message, _like_this(), key=truth)]
    found = [fault for call, cost in row.items() for fault in _cell_faults(truth, call, cost)]
    for call in row:
        if call not in whole:
            message = f"prices the call '{call}', which has no row of its own"
            step = f"Add `{call}: {{...}}`: what each wrong call of it costs."
            found.append(Fault(message, step, "missing_class", (truth, call)))
    for call in whole:
        if call != truth and call not in row:
            message = f"lacks the class '{call}': what does it cost to call '{truth}' '{call}'?"
            found.append(
                Fault(message, f"Add `{call}: ...`; 0 if nothing.", "missing_class", truth)
            )
    return found


def _cell_faults(truth: str, call: str, cost: object) -> list[Fault]:
    place = (truth, call)
    if isinstance(cost, dict):
        step = "Write a number: amounts that differ from case to case are for binary tasks."
        return [Fault("differs from case to case", step, key=place)]
    try:
        amount = not_negative(cost)
    except PydanticCustomError as error:
        told = (error.context or {})["faults"] if error.type == FAULT else ()
        return [Fault(one.message, one.next_step, one.code, place) for one in told]
    if call == truth and amount != 0:
        step = "Remove it; what right calls earn stands under `costs: {gain: {...}}`."
        return [Fault(f"is {amount:g}, and a right call costs nothing", step, key=place)]
    return []


def _like_this() -> str:
    return f"Write rows by truth, columns by call, such as {MULTICLASS_EXAMPLE}."


MatrixWord = Annotated[
    CostMatrix,
    Checked(
        _matrix,
        {
            "type": "object",
            "minProperties": 2,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0},
            },
        },
    ),
]


class CostsWords(Words):
    """What a miss, a false alarm, a referral and a label cost, what is earned, in one unit."""

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
    gain: dict[str, GainWord] = Field(default={})
    """What right calls earn: `found`, `cleared`; of several classes, by the name of the class."""
    matrix: MatrixWord | None = None
    """What each wrong call costs (multiclass): rows by truth, columns by call."""
    profit: ProfitWords | None = None
    """What acting on a case brings in: a column, its ends, and the decision that is acted on."""
    compute_hour: NotNegative | None = None
    """An hour of one core, for training and for deciding."""
    cases_per_year: Maximum | None = None
    """How many cases a year brings: what deciding them costs in computing."""

    @model_validator(mode="after")
    def _a_year_has_a_price(self) -> Self:
        if self.cases_per_year is not None and self.compute_hour is None:
            raise wrong(
                "counts the cases of a year, and `compute_hour` does not say what computing costs",
                "Add `compute_hour: 0.05`, the price of an hour of one core.",
                code="missing_key",
                key="cases_per_year",
            )
        return self

    @property
    def only_computing(self) -> bool:
        """Whether nothing is said of mistakes, people and gains."""
        return self.model_fields_set <= {"unit", "compute_hour", "cases_per_year"}

    def running(self) -> Running | None:
        """What computing costs; None: it was not said."""
        if self.compute_hour is None:
            return None
        return Running(self.compute_hour, self.cases_per_year, self.unit)

    def core(self) -> Costs:
        """The costs that this describes."""
        return Costs(
            unit=self.unit,
            miss=_amount(self.miss),
            false_alarm=_amount(self.false_alarm),
            refer=_amount(self.refer),
            label=self.label,
            found=_amount(self.gain.get("found", 0.0)),
            cleared=_amount(self.gain.get("cleared", 0.0)),
            matrix=self.matrix,
            earned=self._earned(),
            profit=None if self.profit is None else self.profit.profit(),
        )

    def _earned(self) -> tuple[tuple[str, float], ...]:
        if self.matrix is None:
            return ()
        return tuple((name, gain) for name, gain in self.gain.items() if isinstance(gain, float))


def _amount(written: float | CaseCostWords | CaseGainWords) -> Price:
    if isinstance(written, CaseCostWords):
        return CaseCost(written.column, written.max)
    return written.core() if isinstance(written, CaseGainWords) else written


class HarmWords(Words):
    """One kind of harm: how much of it each kind of case does, in its own unit."""

    unit: Text = ""
    """The unit; by default the name of the harm."""
    miss: NotNegative = 0.0
    """A positive that is cleared."""
    false_alarm: NotNegative = 0.0
    """A negative that is flagged."""
    refer: NotNegative = 0.0
    """A case that a person decides."""
    found: NotNegative = 0.0
    """A positive that is flagged: a right call may do harm too."""
    cleared: NotNegative = 0.0
    """A negative that is cleared."""
    matrix: MatrixWord | None = None
    """Of several classes: rows by truth, columns by call."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        amounts = (self.miss, self.false_alarm, self.refer, self.found, self.cleared)
        if self.matrix is None and not any(amounts):
            raise wrong(
                "does nothing: no kind of case has an amount of it",
                "Write how much of it a case does, such as {miss: 0.02} or {false_alarm: 1}.",
            )
        return self

    def core(self, name: str) -> Harm:
        """The harm of this name."""
        kinds = ("miss", "false_alarm", "refer", "found", "cleared")
        amounts = {kind: getattr(self, kind) for kind in kinds}
        return Harm(name, self.unit or name, **amounts, matrix=self.matrix)


def harms(written: Mapping[str, HarmWords]) -> tuple[Harm, ...]:
    """All harms that were written."""
    return tuple(words.core(name) for name, words in written.items())
