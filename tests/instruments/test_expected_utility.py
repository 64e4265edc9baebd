"""What is earned and what is lost stand on one scale, and the bound on it keeps alpha."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    answered,
    at_least,
    binary,
    confused,
    false_passes,
    max_drop,
    measured,
    min_gain,
    need,
    not_measured,
    run_numbers,
    within_error,
)

from roadworthy.core.product import CaseCost, CostMatrix, Costs
from roadworthy.instruments.expected_utility import Parameters

PRICES = Costs("EUR", miss=10.0, false_alarm=1.0, refer=0.2, found=4.0, cleared=0.5)
AS_SAMPLED = Parameters(PRICES, "as_sampled")


def test_every_kind_of_case_earns_or_loses_its_amount() -> None:
    """Of 100: 2 missed, 8 found, 5 false alarms, 75 cleared, 10 referred."""
    positive = np.repeat([True, True, False, False, False], [2, 8, 5, 75, 10])
    score = np.repeat([0.1, 0.9, 0.9, 0.1, 0.45], [2, 8, 5, 75, 10])
    found = measured(
        "expected_utility", binary(positive, score, doubt=(0.4, 0.5)), at_least(0.0), AS_SAMPLED
    )
    assert found.estimate == pytest.approx((8 * 4 + 75 * 0.5 - 2 * 10 - 5 - 10 * 0.2) / 100)


def test_without_gains_it_is_the_cost_with_its_sign_turned() -> None:
    costs = Costs("EUR", miss=10.0, false_alarm=1.0, refer=0.2)
    cases = confused(90, 10, 80, 20)
    lost = measured("expected_utility", cases, at_least(-2.0), Parameters(costs, "as_sampled"))
    cost = measured("expected_cost", cases, at_least(2.0), Parameters(costs, "as_sampled"))
    assert lost.low == pytest.approx(-(cost.high or 0))
    assert lost.high == pytest.approx(-(cost.low or 0))
    assert "counts" in lost.method


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
def test_in_another_unit_only_the_scale_changes(prevalence: float) -> None:
    cases = confused(90, 10, 80, 20)
    times = Costs("cent", 1000.0, 100.0, 20.0, found=400.0, cleared=50.0)
    one = measured("expected_utility", cases, at_least(1.0), Parameters(PRICES, prevalence))
    other = measured("expected_utility", cases, at_least(100.0), Parameters(times, prevalence))
    assert other.low == pytest.approx(100 * (one.low or 0), rel=1e-5)
    assert other.high == pytest.approx(100 * (one.high or 0), rel=1e-5)
    assert other.p_pass == pytest.approx(one.p_pass)


def test_a_declared_prevalence_weighs_the_classes() -> None:
    found = measured(
        "expected_utility", confused(90, 10, 80, 20), at_least(0.0), Parameters(PRICES, 0.1)
    )
    expected = 0.1 * (0.9 * 4 - 0.1 * 10) + 0.9 * (0.8 * 0.5 - 0.2 * 1)
    assert found.estimate == pytest.approx(expected)
    assert "exact bounds on the counts" in found.method


def test_a_gain_may_differ_from_case_to_case_and_be_a_loss() -> None:
    costs = Costs(miss=2.0, cleared=CaseCost("interest", 9.0, -1.0))
    cases = binary([False, False, True], [0.1, 0.1, 0.1], interest=[9.0, -1.0, 5.0])
    words = Parameters(costs, "as_sampled")
    assert measured("expected_utility", cases, at_least(0.0), words).estimate == pytest.approx(2.0)
    narrow = Parameters(Costs(cleared=CaseCost("interest", 8.0, -1.0)), "as_sampled")
    assert "declared" in not_measured("expected_utility", cases, at_least(0.0), narrow)


def test_several_classes_earn_by_class_and_lose_by_the_matrix() -> None:
    matrix = CostMatrix(("a", "b"), ((0.0, 5.0), (1.0, 0.0)))
    words = Parameters(Costs(matrix=matrix, earned=(("a", 2.0),)), "as_sampled")
    cases = answered(["a", "a", "b", "b"], ["a", "b", "a", "b"])
    found = measured("expected_utility", cases, at_least(0.0), words)
    assert found.estimate == pytest.approx((2 - 5 - 1 + 0) / 4)
    strange = answered(["a", "b"], ["a", "c"])
    assert "without a price" in not_measured("expected_utility", strange, at_least(0.0), words)


def test_more_is_better_against_a_reader_too() -> None:
    """The product finds all, the reader misses 10 of 100 and costs a referral each."""
    cases = binary([True] * 100, [0.9] * 100, reader=np.repeat([0, 1], [10, 90]))
    found = measured("expected_utility", cases, min_gain(0.5), AS_SAMPLED)
    assert found.estimate == pytest.approx(0.1 * 14 + 0.2)
    fewer = measured("expected_utility", cases, min_gain(0.3), AS_SAMPLED)
    assert fewer.p_pass < 0.05 < found.p_pass


def test_without_costs_nothing_is_measured_nor_ever_shown() -> None:
    assert "no costs" in not_measured("expected_utility", confused(9, 1), at_least(1.0))
    assert need("expected_utility", at_least(1.0)).never


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """A rare dear miss beside steady small gains: what a bootstrap never sees."""
    rng, runs, n = np.random.default_rng(1), 250, 300
    positive = rng.random(runs * n) < 0.02
    missed = rng.random(runs * n) < 0.2
    costs = Costs(miss=500.0, false_alarm=1.0, found=10.0, cleared=1.0)
    truth = 0.02 * (0.8 * 10 - 0.2 * 500) + 0.98
    studies = binary(positive, np.where(positive & ~missed, 0.9, 0.1), run=run_numbers(runs, n))
    for prevalence in ("as_sampled", 0.02):
        words = Parameters(costs, prevalence)
        found = false_passes("expected_utility", studies, at_least(truth), words)
        assert found <= within_error(runs)


def test_at_the_margin_a_comparison_passes_no_more_often_than_alpha() -> None:
    """The product misses .10 more than the reader at 14 each and saves her .2: a drop of 1.2."""
    rng, runs, n = np.random.default_rng(2), 150, 150
    luck = rng.random(runs * n)
    studies = binary(
        np.ones(runs * n),
        np.where(luck < 0.15, 0.1, 0.9),
        reader=luck >= 0.05,
        run=run_numbers(runs, n),
    )
    assert false_passes("expected_utility", studies, max_drop(1.2), AS_SAMPLED) <= within_error(
        runs
    )
