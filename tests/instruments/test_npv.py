"""The npv is the promise to those who are left alone."""

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
    not_measured,
    run_numbers,
    within_error,
)

from roadworthy.stats import predictive
from roadworthy.stats.predictive_metric import Parameters

AS_SAMPLED = Parameters("as_sampled")


def test_as_sampled_it_is_the_precision_of_the_cleared(tumours: Real) -> None:
    found = measured("npv", tumours.cases, at_least(0.5), AS_SAMPLED)
    cleared = tumours.said < 0.5
    assert found.estimate == pytest.approx(precision_score(~tumours.truth, cleared))
    assert found.n == cleared.sum()


def test_it_names_another_denominator_than_the_misses_do() -> None:
    """FACTS: no cancer among 1,829 cleared exams bounds the share of cancers there by .16 %."""
    found = measured("npv", confused(68, 0, 1829, 100), at_least(0.99), AS_SAMPLED)
    assert 1.0 - (found.low or 0.0) == pytest.approx(0.0016, abs=5e-5)


def test_at_a_declared_prevalence_it_follows_bayes() -> None:
    found = measured("npv", confused(90, 10, 90, 10), at_least(0.9), Parameters(0.006))
    assert found.estimate == pytest.approx(0.99933, abs=5e-6)
    assert found.low == pytest.approx(predictive.npv_lower(90, 100, 90, 100, 0.006, ALPHA))


def test_without_a_cleared_case_there_is_no_number() -> None:
    for parameters in (AS_SAMPLED, Parameters(0.1)):
        assert "no cleared" in not_measured("npv", confused(9, 0, 0, 9), at_least(0.1), parameters)


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.2])
def test_at_the_limit_it_passes_no_more_often_than_alpha(prevalence: float) -> None:
    rng, runs, n = np.random.default_rng(1), 400, 150
    positive = rng.random(runs * n) < 0.5
    flagged = rng.random(runs * n) < np.where(positive, 0.9, 0.2)
    studies = binary(positive, np.where(flagged, 0.9, 0.1), run=run_numbers(runs, n))
    truth = predictive.npv(0.9, 0.8, prevalence if isinstance(prevalence, float) else 0.5)
    found = false_passes("npv", studies, at_least(truth), Parameters(prevalence))
    assert found <= within_error(runs)
