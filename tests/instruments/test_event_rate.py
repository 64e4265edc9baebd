"""How far to drive to show that a car is safe: the published miles, and no fewer."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.instruments.measuring import (
    at_least,
    at_most,
    false_passes,
    measured,
    need,
    not_measured,
    outcome,
    run_numbers,
    table,
    within_error,
)

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.event_rate import Parameters
from roadworthy.workflow.prepare import without_decision

MILES = Parameters("events", "miles", exposure_unit=1e8)


def driven(events: int, miles: float, drives: int = 4) -> pl.DataFrame:
    """So many miles in a few drives, all events during the first."""
    counts = [events] + [0] * (drives - 1)
    return without_decision(table(events=counts, miles=[miles / drives] * drives))


@pytest.mark.parametrize(("rate", "miles"), [(1.09, 2.748e8), (77.0, 3.89e6), (190.0, 1.577e6)])
def test_event_free_miles_are_rands(rate: float, miles: float) -> None:
    """FACTS: deaths, injuries and crashes per 1e8 miles (Kalra & Paddock 2016)."""
    assert need("event_rate", at_most(rate), MILES).without_error == pytest.approx(miles, rel=2e-3)
    assert outcome("event_rate", driven(0, 1.003 * miles), at_most(rate), MILES) is Outcome.PASS
    short = driven(0, 0.997 * miles)
    assert outcome("event_rate", short, at_most(rate), MILES) is Outcome.INCONCLUSIVE


def test_a_fifth_better_than_human_takes_the_exact_miles() -> None:
    """FACTS: 1.291e10 miles at power .8; the planned number does show it with 121 deaths."""
    found = need("event_rate", at_most(1.09), MILES, target=0.8 * 1.09)
    assert found.at_target == pytest.approx(1.291e10, rel=1e-3)
    assert found.among == "exposure"
    planned = driven(121, float(found.at_target or 0))
    assert outcome("event_rate", planned, at_most(1.09), MILES) is Outcome.PASS


@pytest.mark.parametrize(
    ("events", "miles"), [(0, 2.996e9), (1, 4.744e9), (2, 6.296e9), (3, 7.754e9)]
)
def test_each_event_costs_further_miles(events: int, miles: float) -> None:
    """FACTS: one severe event per 1e9 miles."""
    per_billion = Parameters("events", "miles", exposure_unit=1e9)
    for factor, expected in ((1.001, Outcome.PASS), (0.999, Outcome.INCONCLUSIVE)):
        cases = driven(events, factor * miles)
        assert outcome("event_rate", cases, at_most(1.0), per_billion) is expected


def test_the_estimate_is_per_unit_of_exposure() -> None:
    found = measured("event_rate", driven(5, 1e9), at_most(1.0), MILES)
    assert found.estimate == pytest.approx(0.5)
    assert found.n == 5


def test_no_exposure_odd_counts_and_alike_drives_are_not_measured() -> None:
    limit = at_most(1.0)
    assert "no exposure" in not_measured("event_rate", driven(0, 0.0), limit, MILES)
    assert "no exposure" in not_measured("event_rate", driven(3, 0.0), limit, MILES)
    assert "negative" in not_measured("event_rate", driven(-1, 9.0), limit, MILES)
    halves = without_decision(table(events=[0.5, 0.5], miles=[9.0, 9.0]))
    assert "whole" in not_measured("event_rate", halves, limit, MILES)
    endless = without_decision(table(events=[0, 0], miles=[9.0, float("inf")]))
    assert "finite" in not_measured("event_rate", endless, limit, MILES)
    alike = without_decision(table(events=[0, 0], miles=[9.0, 9.0], unit=["car", "car"]))
    assert "Poisson" in not_measured("event_rate", alike, limit, MILES)
    assert "look" in not_measured("event_rate", driven(0, 9.0), limit, MILES, anytime=True)


def test_a_rate_of_zero_can_never_be_shown_and_one_event_disproves_it() -> None:
    assert outcome("event_rate", driven(0, 1e15), at_most(0.0), MILES) is Outcome.INCONCLUSIVE
    assert outcome("event_rate", driven(1, 1e15), at_most(0.0), MILES) is Outcome.FAIL
    assert need("event_rate", at_most(0.0), MILES).never


def test_a_target_next_to_the_limit_has_no_plan_and_no_error() -> None:
    assert need("event_rate", at_most(1.0), MILES, target=1.0 - 1e-9).at_target is None
    assert need("event_rate", at_least(1.0), MILES, target=2.0).without_error is None


def test_the_unit_of_exposure_is_a_number_above_zero() -> None:
    for wrong in (0.0, -1.0, float("inf")):
        with pytest.raises(ValueError, match="exposure_unit"):
            Parameters("events", "miles", wrong)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 500, 40
    miles = rng.uniform(0.5, 1.5, runs * n)
    studies = table(events=rng.poisson(0.25 * miles), miles=miles, run=run_numbers(runs, n))
    words = Parameters("events", "miles")
    found = false_passes("event_rate", without_decision(studies), at_most(0.25), words)
    assert found <= within_error(runs)
