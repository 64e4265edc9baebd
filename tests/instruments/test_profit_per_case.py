"""A profit is earned by acting, case by case, and a bound on it needs declared ends."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    at_least,
    binary,
    confused,
    false_passes,
    measured,
    min_gain,
    need,
    not_measured,
    run_numbers,
    within_error,
)

from roadworthy.core.product import CaseCost, Costs, Profit
from roadworthy.instruments.profit_per_case import Parameters


def earning(when: str, most: float = 8.0, least: float = -5.0, refer: float = 0.5) -> Parameters:
    profit = Profit(CaseCost("margin", most, least), when)  # type: ignore[arg-type]
    return Parameters(Costs("EUR", refer=refer, profit=profit), "as_sampled")


def test_only_cases_that_were_acted_on_bring_in_their_amount() -> None:
    cases = binary(
        [True, False, True, False],
        [0.9, 0.9, 0.1, 0.45],
        doubt=(0.4, 0.5),
        margin=[8.0, -5.0, 3.0, 4.0],
    )
    flagged = measured("profit_per_case", cases, at_least(0.0), earning("flagged"))
    assert flagged.estimate == pytest.approx((8 - 5 - 0.5) / 4)
    cleared = measured("profit_per_case", cases, at_least(0.0), earning("cleared"))
    assert cleared.estimate == pytest.approx((3 - 0.5) / 4)


def test_an_amount_beyond_its_ends_has_no_bound() -> None:
    cases = binary([True] * 3, [0.9] * 3, margin=[1.0, 2.0, -6.0])
    told = not_measured("profit_per_case", cases, at_least(0.0), earning("flagged"))
    assert "-6" in told and "declared" in told


def test_a_reader_acts_on_other_cases_and_is_paid() -> None:
    cases = binary([True] * 200, [0.9] * 200, reader=np.arange(200) < 100, margin=[2.0] * 200)
    found = measured("profit_per_case", cases, min_gain(0.5), earning("flagged"))
    assert found.estimate == pytest.approx(2.0 - (1.0 - 0.5))
    assert found.p_pass < 0.05


def test_without_a_profit_nothing_is_measured_nor_ever_shown() -> None:
    words = Parameters(Costs(miss=1.0), "as_sampled")
    assert "no profit" in not_measured("profit_per_case", confused(9, 1), at_least(1.0), words)
    assert need("profit_per_case", at_least(1.0), words).never


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """Most cases bring in 1, one in a hundred loses 90: a mean of .09."""
    rng, runs, n = np.random.default_rng(5), 250, 200
    margin = np.where(rng.random(runs * n) < 0.01, -90.0, 1.0)
    studies = binary(
        np.ones(runs * n), np.full(runs * n, 0.9), margin=margin, run=run_numbers(runs, n)
    )
    words = earning("flagged", 1.0, -90.0)
    assert false_passes("profit_per_case", studies, at_least(0.09), words) <= within_error(runs)
