"""The ppv hangs on prevalence, so an enriched set must not lend it a good one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    at_least,
    binary,
    confused,
    false_passes,
    measured,
    need,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.core.verdict import Outcome
from roadworthy.stats import predictive
from roadworthy.stats.predictive_metric import Parameters

AS_SAMPLED = Parameters("as_sampled")


def test_as_sampled_it_is_the_precision_of_the_flagged(tumours: Real) -> None:
    found = measured("ppv", tumours.cases, at_least(0.5), AS_SAMPLED)
    flagged = tumours.said >= 0.5
    assert found.estimate == pytest.approx(precision_score(tumours.truth, flagged))
    assert found.n == flagged.sum()


def test_at_a_declared_prevalence_it_follows_bayes() -> None:
    """.90 and .90 at a prevalence of .006 give .0515; the half-and-half set shows .90."""
    cases = confused(90, 10, 90, 10)
    assert measured("ppv", cases, at_least(0.02), AS_SAMPLED).estimate == pytest.approx(0.9)
    found = measured("ppv", cases, at_least(0.02), Parameters(0.006))
    assert found.estimate == pytest.approx(0.0515, abs=5e-5)
    assert found.low == pytest.approx(predictive.ppv_lower(90, 100, 90, 100, 0.006, ALPHA))
    assert found.high == pytest.approx(predictive.ppv_upper(90, 100, 90, 100, 0.006, ALPHA))


def test_without_a_flagged_case_there_is_no_number() -> None:
    for parameters in (AS_SAMPLED, Parameters(0.1)):
        assert "no flagged" in not_measured("ppv", confused(0, 9, 9, 0), at_least(0.1), parameters)


@pytest.mark.parametrize("cases", [confused(50, 5), confused(0, 0, 50, 5)])
def test_a_declared_prevalence_needs_both_classes(cases: object) -> None:
    assert "both" in not_measured("ppv", cases, at_least(0.1), Parameters(0.1))


def test_a_certain_ppv_can_never_be_shown_and_is_not_disproved_without_an_alarm() -> None:
    perfect = confused(500, 0, 500, 0)
    for parameters in (AS_SAMPLED, Parameters(0.1)):
        assert outcome("ppv", perfect, at_least(1.0), parameters) is Outcome.INCONCLUSIVE
        assert need("ppv", at_least(1.0), parameters).never


def test_few_dependent_units_leave_it_open() -> None:
    cases = binary([True] * 40 + [False] * 40, [0.9] * 80, unit=np.repeat(np.arange(20), 4))
    assert "units" in not_measured("ppv", cases, at_least(0.1), AS_SAMPLED)
    assert "units" in not_measured("ppv", cases, at_least(0.1), Parameters(0.1))


def test_a_referred_positive_that_counts_as_right_is_a_flagged_one() -> None:
    cases = binary([True, True, False], [0.9, 0.45, 0.9], doubt=(0.4, 0.5), referred=Referred.RIGHT)
    found = measured("ppv", cases, at_least(0.5), AS_SAMPLED)
    assert found.estimate == pytest.approx(2 / 3)
    assert found.n == 3


def test_at_any_look_only_the_sampled_one_has_a_bound() -> None:
    cases = confused(90, 10, 90, 10)
    assert measured("ppv", cases, at_least(0.5), AS_SAMPLED, anytime=True).low is not None
    assert "prevalence" in not_measured("ppv", cases, at_least(0.5), Parameters(0.1), anytime=True)


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
def test_at_the_limit_it_passes_no_more_often_than_alpha(prevalence: float) -> None:
    """Sensitivity .9, specificity .8, half of the cases positive."""
    rng, runs, n = np.random.default_rng(1), 400, 120
    positive = rng.random(runs * n) < 0.5
    flagged = rng.random(runs * n) < np.where(positive, 0.9, 0.2)
    studies = binary(positive, np.where(flagged, 0.9, 0.1), run=run_numbers(runs, n))
    truth = predictive.ppv(0.9, 0.8, prevalence if isinstance(prevalence, float) else 0.5)
    found = false_passes("ppv", studies, at_least(truth), Parameters(prevalence))
    assert found <= within_error(runs)
