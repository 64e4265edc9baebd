"""The kit must let every built-in through, and catch each way to a number that proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Instrument, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters, column
from roadworthy.core.product import CaseCost, Costs, Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.instruments import (
    event_rate,
    expected_cost,
    expected_harm,
    macro_recall,
    mae,
    must_detect,
    named_cases,
    ood_auroc,
    precision,
    recall,
    rmse,
    within_tolerance,
)
from roadworthy.io.registry import instruments
from roadworthy.stats.evidence import rate
from roadworthy.stats.gathered import Share, Tally
from roadworthy.stats.rate_metric import POSITIVE
from roadworthy.testing import check_instrument, prepared_cases

PARAMETERS: Mapping[str, Any] = {
    "expected_harm": expected_harm.Parameters("minutes"),
    "event_rate": event_rate.Parameters("events", "miles"),
    "macro_recall": macro_recall.Parameters(("a", "b", "c")),
    "mae": mae.Parameters(max_error=10.0),
    "must_detect": must_detect.Parameters("far"),
    "ood_auroc": ood_auroc.Parameters("far"),
    "named_cases": named_cases.Parameters(("case-1", "case-2", "case-5")),
    "precision": precision.Parameters("a"),
    "recall": recall.Parameters("a"),
    "rmse": rmse.Parameters(max_error=10.0),
    "within_tolerance": within_tolerance.Parameters(tolerance=3.0),
}
BY_PREVALENCE = (
    *("accuracy", "automation", "brier", "expected_cost", "expected_harm", "expected_utility"),
    *("npv", "ppv", "profit_per_case"),
)


@pytest.mark.parametrize("name", sorted(instruments()))
def test_every_installed_instrument_keeps_the_promises(name: str) -> None:
    check_instrument(instruments()[name], PARAMETERS.get(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_PREVALENCE)
def test_so_it_does_at_a_declared_prevalence(name: str) -> None:
    instrument = instruments()[name]
    words = PARAMETERS.get(name) or instrument.parameters()
    at = replace(words, prevalence=0.1)
    asked = Requirement("kit", name, Limit(_side(instrument), 0.5), at)
    if name == "expected_cost":
        asked = replace(asked, parameters=replace(at, costs=Costs(miss=10.0, false_alarm=1.0)))
    check_instrument(instrument, requirement=asked, table=prepared_cases(Task.BINARY, 250))


def test_so_does_a_cost_that_differs_from_case_to_case() -> None:
    priced = Costs(miss=CaseCost("price", 1.0), false_alarm=0.1, refer=0.05)
    cases = prepared_cases(Task.BINARY)
    check_instrument(instruments()["expected_cost"], expected_cost.Parameters(priced), table=cases)


def _side(instrument: Instrument) -> Side:
    return Side.AT_LEAST if instrument.about.better == "higher" else Side.AT_MOST


class Found:
    """A sound instrument to be broken below: the share of positives that are flagged."""

    about = About(
        title="Found",
        definition="Positives that are flagged.",
        formula="TP / P",
        source="these tests",
        tasks=frozenset({Task.BINARY}),
    )
    parameters: type[Any] = NoParameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {"share": Share(pl.col(columns.FLAGGED), POSITIVE)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        return rate(gathered["share"], requirement.limit, regime, "positives")

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        return Need("positives", among="share")


def test_a_sound_instrument_passes() -> None:
    check_instrument(Found())


class SaysNaN(Found):
    def measure(self, *asked: Any) -> Evidence:
        found = super().measure(*asked)
        return replace(found, low=float("nan")) if isinstance(found, Measured) else found


class EstimatesNaN(Found):
    def measure(self, *asked: Any) -> Evidence:
        found = super().measure(*asked)
        return replace(found, estimate=float("nan")) if isinstance(found, Measured) else found


class CallsNothingPerfect(Found):
    def measure(self, *asked: Any) -> Evidence:
        found = super().measure(*asked)
        if isinstance(found, NotMeasured):
            return Measured(1.0, 0.0, 1.0, 1.0, 1.0, 0, "positives", "none")
        return found


class DividesByNothing(Found):
    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        tally: Tally = gathered["share"]
        return Measured(tally.k / tally.n, 0.0, 1.0, 1.0, 1.0, tally.n, "positives", "plain")


class GatesOnTheEstimate(Found):
    def measure(self, requirement: Requirement[Any], *rest: Any) -> Evidence:
        found = super().measure(requirement, *rest)
        if isinstance(found, NotMeasured):
            return found
        met = requirement.limit.met_by(found.estimate)
        return replace(found, p_pass=0.0 if met else 1.0)


class MixesUpTheSides(Found):
    def measure(self, *asked: Any) -> Evidence:
        found = super().measure(*asked)
        if isinstance(found, NotMeasured):
            return found
        return replace(found, p_pass=found.p_fail, p_fail=found.p_pass)


class BoundsOnOneSide(Found):
    def measure(self, *asked: Any) -> Evidence:
        found = super().measure(*asked)
        return replace(found, high=found.low) if isinstance(found, Measured) else found


@dataclass(frozen=True)
class FirstHalf(Share):
    """Looks at the first half of the cases only."""

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Tally:
        half = len(columns["hit"]) // 2
        first = {name: values[:half] for name, values in columns.items()}
        return super().reduce(first, None if unit is None else unit[:half])


class LooksAtTheFirst(Found):
    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {"share": FirstHalf(pl.col(columns.FLAGGED), POSITIVE)}


@dataclass(frozen=True)
class Alone(Share):
    """Takes every case for a unit of its own."""

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Tally:
        return super().reduce(columns, None)


class ForgetsUnits(Found):
    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {"share": Alone(pl.col(columns.FLAGGED), POSITIVE)}


class AsksOfTheUser(Found):
    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {"share": Share(pl.col("price") > 0.1)}


class AsksInVain(Found):
    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {"share": Share(pl.col("flagged"))}


class AsksAtRandom(Found):
    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        at = np.random.default_rng().random()
        return {"share": Share(pl.col(columns.SCORE) > at)}


class ForgetsEveryLook(Found):
    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        return super().measure(requirement, gathered, Regime(regime.alpha))


class ForgetsToSay(Found):
    def measure(self, *asked: Any) -> Evidence:
        return None  # type: ignore[return-value]


class NeedsNothing(Found):
    def need(self, *asked: Any) -> Need:
        return Need("positives", at_target=0)


class NeedsTheUnknown(Found):
    def need(self, *asked: Any) -> Need:
        return Need("positives", among="shares")


class CannotPlan(Found):
    def need(self, requirement: Requirement[Any], *rest: Any) -> Need:
        raise ValueError("the truth is too near the limit")


class SaysNoSource(Found):
    about = replace(Found.about, source=" ")


class KnowsNoDirection(Found):
    about = replace(Found.about, better="more")


class RunsBackwards(Found):
    about = replace(Found.about, lowest=1.0, highest=0.0)


class IsOfNoTask(Found):
    about = replace(Found.about, tasks=frozenset())


@dataclass
class Loose:
    """Parameters that could change between planning and judging."""

    cut: float = 0.5


class MayChange(Found):
    parameters = Loose


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (SaysNaN, "a bound of nan"),
        (EstimatesNaN, "must be finite"),
        (CallsNothingPerfect, "no evidence must be NotMeasured"),
        (DividesByNothing, "raised ZeroDivisionError"),
        (GatesOnTheEstimate, "do not agree with the bounds"),
        (MixesUpTheSides, "do not agree with the bounds"),
        (BoundsOnOneSide, "does not lie between its bounds"),
        (LooksAtTheFirst, "hangs on the order of the cases"),
        (ForgetsUnits, "copies of cases within their unit"),
        (AsksOfTheUser, "no parameter names it"),
        (AsksInVain, "which the table lacks"),
        (AsksAtRandom, "other columns every time"),
        (ForgetsEveryLook, "does not heed regime.anytime"),
        (ForgetsToSay, "must return Measured or NotMeasured"),
        (NeedsNothing, "at_target is 0"),
        (NeedsTheUnknown, "none of its statistics"),
        (CannotPlan, "need raised ValueError"),
        (SaysNoSource, "about.source is empty"),
        (KnowsNoDirection, "better must be"),
        (RunsBackwards, "make no sense"),
        (IsOfNoTask, "tasks is empty"),
        (MayChange, "must be a frozen dataclass"),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(broken: type[Found], told: str) -> None:
    with pytest.raises(AssertionError, match=told) as caught:
        check_instrument(broken())
    assert broken.__name__ in str(caught.value)


@dataclass(frozen=True)
class Minutes:
    """``minutes`` is the column with the minutes spent on each case; ``most`` is long."""

    minutes: str = column("minutes spent on a case")
    most: float = 5.0


class Quick(Found):
    """A stranger's metric on a stranger's column: the share of cases that are not long."""

    parameters = Minutes

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        words: Minutes = requirement.parameters
        return {"share": Share(pl.col(words.minutes) <= words.most, rows=Rows.INSIDE)}


def test_a_stranger_hands_in_a_table_and_a_requirement() -> None:
    spent = np.random.default_rng(1).exponential(3.0, 400)
    cases = prepared_cases(Task.BINARY).with_columns(spent=pl.Series(spent))
    check_instrument(Quick(), Minutes("spent"), table=cases)
    asked = Requirement("", "quick", Limit(Side.AT_MOST, 0.9), Minutes("spent", 4.0))
    check_instrument(Quick(), requirement=asked, table=cases)


def test_a_parameter_without_a_default_must_be_handed_in() -> None:
    with pytest.raises(AssertionError, match="no default for minutes"):
        check_instrument(Quick())


def test_the_kits_cases_are_the_same_every_time_and_hold_what_instruments_meet() -> None:
    cases = prepared_cases(Task.BINARY)
    assert cases.equals(prepared_cases(Task.BINARY))
    assert 0 < cases[columns.INSIDE].sum() < cases.height
    assert cases.filter(pl.col(columns.INSIDE) & pl.col(columns.REFERRED)).height > 0
