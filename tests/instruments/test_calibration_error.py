"""A calibration error has simultaneous bounds, because the plain estimate is biased."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    at_most,
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

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.calibration_error import Parameters

AS_SAMPLED = Parameters(10, "as_sampled")


def test_it_is_the_weighed_gap_of_scikit_learns_curve(tumours: Real) -> None:
    rate, mean = calibration_curve(tumours.truth, tumours.said, n_bins=10)
    counts = np.histogram(tumours.said, bins=10, range=(0, 1))[0]
    gap = np.average(np.abs(rate - mean), weights=counts[counts > 0])
    found = measured("calibration_error", tumours.cases, at_most(0.2), AS_SAMPLED)
    assert found.estimate == pytest.approx(gap)


def test_another_prevalence_dependent_cases_and_many_looks_are_not_measured() -> None:
    cases = confused(50, 5, 50, 5)
    assert "recalibrate" in not_measured(
        "calibration_error", cases, at_most(0.2), Parameters(10, 0.1)
    )
    assert "look" in not_measured(
        "calibration_error", cases, at_most(0.2), AS_SAMPLED, anytime=True
    )
    alike = binary([True] * 200, [0.9] * 200, unit=np.arange(200) // 2)
    assert "per: unit" in not_measured("calibration_error", alike, at_most(0.2), AS_SAMPLED)
    assert measured("calibration_error", alike, at_most(0.2), AS_SAMPLED, per_unit=True).n == 100


def test_a_perfect_calibration_can_never_be_shown_nor_is_it_disproved_by_chance() -> None:
    exact = binary([True, False] * 500, [0.5] * 1000)
    assert outcome("calibration_error", exact, at_most(0.0), AS_SAMPLED) is Outcome.INCONCLUSIVE
    assert need("calibration_error", at_most(0.0), AS_SAMPLED).never


def test_scores_fall_into_at_least_one_bin() -> None:
    with pytest.raises(ValueError, match="bins must be at least 1"):
        Parameters(bins=0)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """Scores of .3 and .7 whose true frequencies are .4 and .8: an error of .1."""
    rng, runs, n = np.random.default_rng(1), 200, 200
    score = np.tile([0.3, 0.7], runs * n // 2)
    studies = binary(rng.random(runs * n) < score + 0.1, score, run=run_numbers(runs, n))
    found = false_passes("calibration_error", studies, at_most(0.1), AS_SAMPLED)
    assert found <= within_error(runs)
