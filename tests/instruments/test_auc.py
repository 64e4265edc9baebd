"""A bound on an AUC must hold for few positives, odd scores and alike cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    at_least,
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
from roadworthy.stats import auc


def test_it_is_scikit_learns(tumours: Real) -> None:
    found = measured("auc", tumours.cases, at_least(0.9))
    assert found.estimate == pytest.approx(roc_auc_score(tumours.truth, tumours.said))
    positives, negatives = tumours.truth.sum(), (~tumours.truth).sum()
    assert found.low == pytest.approx(auc.lower(found.estimate, positives, negatives, ALPHA))
    assert found.p_pass == pytest.approx(auc.p_above(found.estimate, positives, negatives, 0.9))


@pytest.mark.parametrize("cases", [confused(50, 5), confused(0, 0, 50, 5)])
def test_one_class_has_no_ranking(cases: object) -> None:
    assert "both" in not_measured("auc", cases, at_least(0.9))


def test_the_rarer_class_alone_counts() -> None:
    """Fifty-eight positives ranked without error do not show .95, whatever the negatives."""
    assert outcome("auc", confused(58, 0, 5000, 0), at_least(0.95)) is Outcome.INCONCLUSIVE
    assert outcome("auc", confused(59, 0, 5000, 0), at_least(0.95)) is Outcome.PASS


def test_a_perfect_auc_can_never_be_shown_and_any_disproves_at_most_zero() -> None:
    assert outcome("auc", confused(500, 0, 500, 0), at_least(1.0)) is Outcome.INCONCLUSIVE
    assert need("auc", at_least(1.0)).never
    assert need("auc", at_most(0.0)).never
    assert need("auc", at_least(0.0)).at_target == 1
    assert need("auc", at_least(0.999), target=1.0).at_target == 2995


def test_few_dependent_units_leave_it_open() -> None:
    cases = binary([True, False] * 40, [0.9, 0.1] * 40, unit=np.repeat(np.arange(40), 2))
    assert outcome("auc", cases, at_least(0.5)) is Outcome.PASS
    cases = binary([True] * 40 + [False] * 40, np.linspace(1, 0, 80), unit=np.arange(80) // 2)
    assert "units of one class" in not_measured("auc", cases, at_least(0.5))


def test_at_any_look_no_bound_is_claimed() -> None:
    assert "look" in not_measured("auc", confused(50, 1, 50, 1), at_least(0.5), anytime=True)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 300, 120
    positive = np.tile(np.arange(n) < 20, runs)
    score = norm.cdf(rng.normal(np.where(positive, norm.ppf(0.9) * 2**0.5, 0.0)))
    studies = binary(positive, score, run=run_numbers(runs, n))
    assert false_passes("auc", studies, at_least(0.9)) <= within_error(runs)


def test_errors_in_the_largest_units_alone_do_not_slip_through() -> None:
    """One patient in fifty brings twenty positives, and only such patients are ever ranked last.

    Counting cases by Kish's effective size passes this failing model in a fifth of studies.
    """
    rng, runs, units, share = np.random.default_rng(2), 150, 250, 0.02
    large = rng.random(runs * units) < share
    chance = 0.1 * (share * 20 + 1 - share) / (share * 20)
    last = large & (rng.random(runs * units) < chance)
    size = np.where(large, 20, 1)
    positives = np.repeat(np.where(last, 0.0, 0.9), size)
    study = np.repeat(np.arange(runs * units) // units, size)
    negatives = np.full(runs * 1000, 0.5)
    studies = binary(
        np.r_[np.ones(len(positives)), np.zeros(len(negatives))],
        np.r_[positives, negatives],
        unit=np.r_[np.repeat(np.arange(runs * units), size), -1 - np.arange(runs * 1000)],
        run=np.r_[study, np.repeat(np.arange(runs), 1000)],
    )
    assert false_passes("auc", studies, at_least(0.9)) <= within_error(runs)
