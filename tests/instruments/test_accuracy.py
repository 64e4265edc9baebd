"""Accuracy at another prevalence than the sample's is another number."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    at_least,
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
from roadworthy.core.product import Task
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.accuracy import Parameters
from roadworthy.stats import binomial

AS_SAMPLED = Parameters("as_sampled", Task.BINARY)
OF_CLASSES = Parameters("as_sampled", Task.MULTICLASS)


def test_as_sampled_it_is_the_share_of_right_calls(tumours: Real, digits: Real) -> None:
    found = measured("accuracy", tumours.cases, at_least(0.5), AS_SAMPLED)
    assert found.estimate == pytest.approx(accuracy_score(tumours.truth, tumours.said >= 0.5))
    found = measured("accuracy", digits.cases, at_least(0.5), OF_CLASSES)
    assert found.estimate == pytest.approx(accuracy_score(digits.truth, digits.said))


def test_a_declared_prevalence_weighs_the_classes() -> None:
    """Sensitivity .9, specificity .8: at a prevalence of .1 it is .81, whatever the set holds."""
    cases = confused(90, 10, 80, 20)
    found = measured("accuracy", cases, at_least(0.7), Parameters(0.1))
    assert found.estimate == pytest.approx(0.81)
    sensitivity, specificity = (float(binomial.lower(k, 100, ALPHA / 2)) for k in (90, 80))
    assert found.low == pytest.approx(0.1 * sensitivity + 0.9 * specificity)
    assert measured("accuracy", cases, at_least(0.7), AS_SAMPLED).estimate == pytest.approx(0.85)


def test_one_class_alone_is_not_weighed() -> None:
    assert "no negatives" in not_measured(
        "accuracy", confused(50, 5), at_least(0.5), Parameters(0.1)
    )
    assert measured("accuracy", confused(50, 5), at_least(0.5), AS_SAMPLED).n == 55


def test_a_faultless_sample_does_not_disprove_a_limit_of_one() -> None:
    perfect = confused(200, 0, 200, 0)
    for parameters in (AS_SAMPLED, Parameters(0.1)):
        assert outcome("accuracy", perfect, at_least(1.0), parameters) is Outcome.INCONCLUSIVE
        assert need("accuracy", at_least(1.0), parameters).never


@pytest.mark.parametrize(
    ("rule", "k", "n"), [(Referred.RIGHT, 4, 6), (Referred.WRONG, 2, 6), (Referred.EXCLUDED, 2, 4)]
)
def test_a_referred_case_counts_as_declared(rule: Referred, k: int, n: int) -> None:
    """One positive and one negative each right, wrong and referred."""
    positive = [True, True, True, False, False, False]
    score = [0.9, 0.1, 0.45, 0.1, 0.9, 0.45]
    cases = binary(positive, score, doubt=(0.4, 0.5), referred=rule)
    found = measured("accuracy", cases, at_least(0.5), AS_SAMPLED)
    assert (round(found.estimate * found.n), found.n) == (k, n)


def test_a_gain_at_a_declared_prevalence_is_weighed_as_well() -> None:
    """Gains .2 among positives and loses .1 among negatives: -.07 at a prevalence of .1."""
    positive = np.repeat([True, False], 100)
    ours = np.r_[np.ones(100), np.repeat([1, 0], [10, 90])]
    reader = np.r_[np.repeat([1, 0], [80, 20]), np.zeros(100)]
    cases = binary(positive, np.where(ours == 1, 0.9, 0.1), reader=reader)
    found = measured("accuracy", cases, max_drop(0.3), Parameters(0.1))
    assert found.estimate == pytest.approx(0.1 * 0.2 - 0.9 * 0.1)
    assert outcome("accuracy", cases, max_drop(0.5), Parameters(0.1)) is Outcome.PASS
    assert outcome("accuracy", cases, min_gain(0.5), Parameters(0.1)) is Outcome.FAIL
    as_sampled = measured("accuracy", cases, max_drop(0.3), AS_SAMPLED)
    assert as_sampled.estimate == pytest.approx(0.05)


def test_an_order_by_ids_is_no_order_of_arrival() -> None:
    """A bound for every look needs one; reshuffled betting passes failing products in a quarter."""
    cases = binary([True, False] * 50, [0.9, 0.1] * 50, reader=[1, 0] * 50)
    assert "look" in not_measured("accuracy", cases, max_drop(0.1), AS_SAMPLED, anytime=True)
    assert "look" in not_measured("accuracy", cases, max_drop(0.1), Parameters(0.1), anytime=True)


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
def test_at_the_limit_it_passes_no_more_often_than_alpha(prevalence: float) -> None:
    rng, runs, n = np.random.default_rng(1), 400, 120
    positive = np.tile([True, False], runs * n // 2)
    right = rng.random(runs * n) < np.where(positive, 0.95, 0.8)
    studies = binary(positive, np.where(right == positive, 0.9, 0.1), run=run_numbers(runs, n))
    at = prevalence if isinstance(prevalence, float) else 0.5
    limit = at_least(at * 0.95 + (1.0 - at) * 0.8)
    assert false_passes("accuracy", studies, limit, Parameters(prevalence)) <= within_error(runs)
