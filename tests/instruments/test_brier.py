"""The Brier score has bounds that hold for every distribution of scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
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
from roadworthy.instruments.brier import Parameters
from roadworthy.stats import means

AS_SAMPLED = Parameters("as_sampled")


def test_it_is_scikit_learns(tumours: Real) -> None:
    found = measured("brier", tumours.cases, at_most(0.2), AS_SAMPLED)
    assert found.estimate == pytest.approx(brier_score_loss(tumours.truth, tumours.said))
    losses = (tumours.said - tumours.truth) ** 2
    assert found.high == pytest.approx(means.upper(losses, np.ones(len(losses)), ALPHA, 0.0, 1.0))


def test_a_declared_prevalence_weighs_the_classes() -> None:
    """Losses of .01 among positives and .04 among negatives: .037 at a prevalence of .1."""
    cases = binary([True] * 60 + [False] * 60, [0.9] * 60 + [0.2] * 60)
    found = measured("brier", cases, at_most(0.2), Parameters(0.1))
    assert found.estimate == pytest.approx(0.1 * 0.01 + 0.9 * 0.04)
    assert outcome("brier", cases, at_most(0.2), Parameters(0.1)) is Outcome.PASS
    assert "no negatives" in not_measured("brier", confused(50, 5), at_most(0.2), Parameters(0.1))


def test_a_limit_that_always_holds_needs_one_case_and_none_can_show_zero() -> None:
    assert need("brier", at_most(1.0), AS_SAMPLED, target=0.2).at_target == 1
    assert need("brier", at_most(0.0), AS_SAMPLED).never
    found = need("brier", at_most(0.2), AS_SAMPLED, target=0.15)
    assert found.among == "losses" and (found.at_target or 0) > 100


def test_cases_of_one_patient_weigh_as_one_bet() -> None:
    """Each case seen four times within its unit leaves the evidence as it was."""
    rng = np.random.default_rng(3)
    positive, score = rng.random(100) < 0.5, rng.random(100)
    alone = measured("brier", binary(positive, score), at_most(0.4), AS_SAMPLED)
    alike = binary(np.repeat(positive, 4), np.repeat(score, 4), unit=np.repeat(np.arange(100), 4))
    found = measured("brier", alike, at_most(0.4), AS_SAMPLED)
    assert found.p_pass == pytest.approx(alone.p_pass)
    assert "largest" in found.assumptions[0]


def test_at_any_look_no_bound_is_claimed() -> None:
    assert "arrival" in not_measured(
        "brier", confused(50, 1, 50, 1), at_most(0.2), AS_SAMPLED, anytime=True
    )


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """A score of .3 for everybody, of whom .3 are positive, has a Brier score of .21."""
    rng, runs, n = np.random.default_rng(1), 300, 100
    studies = binary(rng.random(runs * n) < 0.3, np.full(runs * n, 0.3), run=run_numbers(runs, n))
    assert false_passes("brier", studies, at_most(0.21), AS_SAMPLED) <= within_error(runs)
