"""Cost is where a rare dear mistake hides, so its bound must not need to have seen one."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    ALPHA,
    answered,
    at_most,
    binary,
    confused,
    false_passes,
    max_drop,
    measured,
    min_gain,
    need,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.core.product import CaseCost, CostMatrix, Costs
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.expected_cost import Parameters
from roadworthy.stats import costs

MATRIX = Costs("points", miss=10.0, false_alarm=1.0, refer=0.2)
AS_SAMPLED = Parameters(MATRIX, "as_sampled")


def test_every_kind_of_case_has_its_price() -> None:
    """Of 100: 2 missed, 5 false alarms, 10 in doubt (among them a miss), 83 right."""
    positive = np.repeat([True, False, True, False], [2, 5, 10, 83])
    score = np.repeat([0.1, 0.9, 0.45, 0.1], [2, 5, 10, 83])
    cases = binary(positive, score, doubt=(0.4, 0.5))
    found = measured("expected_cost", cases, at_most(1.0), AS_SAMPLED)
    assert found.estimate == pytest.approx((2 * 10 + 5 * 1 + 10 * 0.2) / 100)
    group = costs.Group((2, 5, 10), (10.0, 1.0, 0.2), 100)
    assert found.high == pytest.approx(costs.upper([group], ALPHA))
    assert found.low == pytest.approx(costs.lower([group], ALPHA))


def test_what_is_out_of_scope_costs_nothing_here() -> None:
    cases = binary([True] * 4, [0.9, 0.9, 0.1, 0.1], inside=[True, True, True, False])
    found = measured("expected_cost", cases, at_most(5.0), AS_SAMPLED)
    assert found.estimate == pytest.approx(10.0 / 3)
    assert found.n == 3


@pytest.mark.parametrize("rule", list(Referred))
def test_a_referred_case_costs_the_referral_whatever_the_person_says(rule: Referred) -> None:
    cases = binary([True, False] * 10, [0.45] * 20, doubt=(0.4, 0.5), referred=rule)
    found = measured("expected_cost", cases, at_most(1.0), AS_SAMPLED)
    assert found.estimate == pytest.approx(0.2)


def test_a_declared_prevalence_weighs_the_classes() -> None:
    """A tenth of positives missed, a fifth of negatives flagged, at a prevalence of .01."""
    cases = confused(90, 10, 80, 20)
    found = measured("expected_cost", cases, at_most(1.0), Parameters(MATRIX, 0.01))
    assert found.estimate == pytest.approx(0.01 * 0.1 * 10 + 0.99 * 0.2 * 1)
    alone = not_measured("expected_cost", confused(9, 1), at_most(1.0), Parameters(MATRIX, 0.01))
    assert "no negatives" in alone


def test_a_price_may_differ_from_case_to_case_below_its_maximum() -> None:
    prices = Costs(miss=CaseCost("loss", 8.0), false_alarm=1.0, refer=0.0)
    cases = binary([True, True, False, False], [0.1, 0.9, 0.1, 0.9], loss=[8.0, 3.0, 3.0, 3.0])
    found = measured("expected_cost", cases, at_most(5.0), Parameters(prices, "as_sampled"))
    assert found.estimate == pytest.approx((8.0 + 1.0) / 4)
    low = Costs(miss=CaseCost("loss", 7.0), false_alarm=1.0)
    told = not_measured("expected_cost", cases, at_most(5.0), Parameters(low, "as_sampled"))
    assert "outside the declared 0 to 7" in told


def test_without_costs_nothing_is_measured_nor_ever_shown() -> None:
    assert "no costs" in not_measured("expected_cost", confused(9, 1), at_most(1.0), Parameters())
    assert need("expected_cost", at_most(1.0), Parameters()).never


def test_no_mistake_seen_is_no_proof_that_none_is_made() -> None:
    """FACTS: a bootstrap passes .48 of failing products here; 300 cases bound it by 9.9 only."""
    dear = Parameters(Costs(miss=1000.0), "as_sampled")
    found = measured("expected_cost", confused(150, 0, 150, 0), at_most(5.0), dear)
    assert found.estimate == 0.0
    assert found.high == pytest.approx(9.936, abs=1e-3)
    assert outcome("expected_cost", confused(150, 0, 150, 0), at_most(0.0), dear) is (
        Outcome.INCONCLUSIVE
    )


def test_alike_cases_are_bet_on_unit_by_unit() -> None:
    positive = np.repeat([True, False], 150)
    score = np.where(np.arange(300) % 30 < 3, 1.0 - positive, positive).astype(float)
    cases = binary(positive, score, unit=np.arange(300) // 3)
    found = measured("expected_cost", cases, at_most(5.0), AS_SAMPLED)
    assert "betting" in found.method
    assert found.estimate == pytest.approx((15 * 10 + 15 * 1) / 300)


def test_a_reader_costs_a_referral_beside_her_errors() -> None:
    """The product is right everywhere, the reader misses 10 of 100."""
    cases = binary([True] * 100, [0.9] * 100, reader=np.repeat([0, 1], [10, 90]))
    found = measured("expected_cost", cases, min_gain(0.5), AS_SAMPLED)
    assert found.estimate == pytest.approx(0.1 * 10 + 0.2)
    assert outcome("expected_cost", cases, min_gain(0.2), AS_SAMPLED) is Outcome.PASS
    free = Parameters(MATRIX, "as_sampled", reader_refers=False)
    assert measured("expected_cost", cases, max_drop(0.0), free).estimate == pytest.approx(1.0)


def test_costs_beyond_their_maximum_show_in_a_comparison_too() -> None:
    """Both sides miss a case of 12, so the difference of 0 lies within any range."""
    prices = Parameters(Costs(miss=CaseCost("loss", 10.0)), "as_sampled")
    cases = binary([True] * 60, [0.1] * 60, reader=np.zeros(60), loss=[12.0] * 60)
    assert "12 lies outside" in not_measured("expected_cost", cases, max_drop(0.1), prices)


def test_a_target_beyond_all_prices_has_no_plan_and_no_error() -> None:
    assert need("expected_cost", min_gain(1.0), AS_SAMPLED, target=50.0).at_target is None
    assert need("expected_cost", at_most(10.0), AS_SAMPLED, target=1.0).at_target == 1
    assert (need("expected_cost", at_most(1.0), AS_SAMPLED, target=0.5).at_target or 0) > 50


@pytest.mark.parametrize("by_case", [False, True])
def test_at_the_limit_it_passes_no_more_often_than_alpha(by_case: bool) -> None:
    """Prevalence .02 and a miss of 1,000 in every tenth of them: 2 per case."""
    rng, runs, n = np.random.default_rng(1), 300, 400
    positive = rng.random(runs * n) < 0.02
    missed = rng.random(runs * n) < 0.1
    studies = binary(
        positive,
        np.where(positive & ~missed, 0.9, 0.1),
        run=run_numbers(runs, n),
        loss=np.full(runs * n, 1000.0),
    )
    price = CaseCost("loss", 1000.0) if by_case else 1000.0
    words = Parameters(Costs(miss=price), "as_sampled")
    assert false_passes("expected_cost", studies, at_most(2.0), words) <= within_error(runs)


def test_at_the_margin_a_comparison_passes_no_more_often_than_alpha() -> None:
    """The product misses .10 more than the reader at 10 each and saves her .2: a drop of .8."""
    rng, runs, n = np.random.default_rng(2), 200, 150
    luck = rng.random(runs * n)
    studies = binary(
        np.ones(runs * n),
        np.where(luck < 0.15, 0.1, 0.9),
        reader=luck >= 0.05,
        run=run_numbers(runs, n),
    )
    found = false_passes("expected_cost", studies, max_drop(0.8), AS_SAMPLED)
    assert found <= within_error(runs)


CLASSES = CostMatrix(("a", "b", "c"), ((0.0, 5.0, 5.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)))
BY_CLASS = Parameters(Costs("points", matrix=CLASSES), "as_sampled")


def test_of_several_classes_each_wrong_call_costs_what_the_matrix_says() -> None:
    """Two of a called b, three of b called c: equal prices are bounded together."""
    truth = ["a"] * 40 + ["b"] * 30 + ["c"] * 30
    said = ["b"] * 2 + ["a"] * 38 + ["c"] * 3 + ["b"] * 27 + ["c"] * 30
    found = measured("expected_cost", answered(truth, said), at_most(1.0), BY_CLASS)
    assert found.estimate == pytest.approx((2 * 5 + 3 * 1) / 100)
    group = costs.Group((2, 3), (5.0, 1.0), 100)
    assert found.high == pytest.approx(costs.upper([group], ALPHA))
    assert found.low == pytest.approx(costs.lower([group], ALPHA))


def test_many_prices_are_bet_on_at_once() -> None:
    """A bound a price would pay for every one of them."""
    many = CostMatrix(("a", "b", "c"), ((0.0, 5.0, 4.0), (1.0, 0.0, 2.0), (9.0, 3.0, 0.0)))
    words = Parameters(Costs(matrix=many), "as_sampled")
    cases = answered(["a", "b", "c"] * 60, ["a", "b", "a"] + ["a", "b", "c"] * 59)
    found = measured("expected_cost", cases, at_most(5.0), words)
    assert found.estimate == pytest.approx(9 / 180)
    assert "betting" in found.method


def test_a_class_without_a_price_is_no_cost_of_nothing() -> None:
    cases = answered(["a", "b"], ["a", "z"], reader=["a", "b"])
    for limit in (at_most(1.0), max_drop(0.1)):
        assert "without a price" in not_measured("expected_cost", cases, limit, BY_CLASS)


def test_several_classes_keep_alpha_at_the_limit() -> None:
    """A rare dear confusion: a in .02 of cases, a tenth of them missed at 200 each."""
    rng, runs, n = np.random.default_rng(6), 300, 300
    truth = np.where(rng.random(runs * n) < 0.02, "a", "b")
    said = np.where((truth == "a") & (rng.random(runs * n) < 0.1), "b", truth)
    matrix = CostMatrix(("a", "b"), ((0.0, 200.0), (1.0, 0.0)))
    words = Parameters(Costs(matrix=matrix), "as_sampled")
    studies = answered(truth, said, run=run_numbers(runs, n))
    assert false_passes("expected_cost", studies, at_most(0.4), words) <= within_error(runs)


def test_where_all_cases_cost_the_same_there_is_nothing_to_compare() -> None:
    cases = binary([True] * 3, [0.9] * 3, reader=[True] * 3)
    told = not_measured(
        "expected_cost", cases, max_drop(0.1), Parameters(Costs(label=3.0), "as_sampled")
    )
    assert "costs the same" in told
