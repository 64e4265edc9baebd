"""Automation keeps a product honest that would rather refer than decide."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    answered,
    at_least,
    binary,
    false_passes,
    measured,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.instruments.automation import Parameters

AS_SAMPLED = Parameters("as_sampled")
DOUBT = (0.4, 0.6)


def test_what_is_referred_or_out_of_scope_is_not_automated() -> None:
    """Of five cases one is in doubt and one out of scope."""
    inside = [True, True, True, True, False]
    cases = binary([True] * 5, [0.9, 0.1, 0.8, 0.5, 0.9], inside=inside, doubt=DOUBT)
    found = measured("automation", cases, at_least(0.5), AS_SAMPLED)
    assert (found.estimate, found.n) == (0.6, 5)


@pytest.mark.parametrize("rule", list(Referred))
def test_it_is_the_same_however_rates_count_a_referred_case(rule: Referred) -> None:
    cases = binary([True, False] * 5, [0.9, 0.5] * 5, doubt=DOUBT, referred=rule)
    assert measured("automation", cases, at_least(0.5), AS_SAMPLED).estimate == 0.5


def test_a_declared_prevalence_weighs_the_classes() -> None:
    """All positives are referred, no negative is: .9 at a prevalence of .1."""
    cases = binary([True] * 50 + [False] * 50, [0.5] * 50 + [0.1] * 50, doubt=DOUBT)
    found = measured("automation", cases, at_least(0.5), Parameters(0.1))
    assert found.estimate == pytest.approx(0.9)


def test_a_patient_with_one_case_out_of_scope_still_needs_a_person() -> None:
    cases = binary(
        [True] * 4, [0.9] * 4, unit=["a", "a", "b", "b"], inside=[True, False, True, True]
    )
    found = measured("automation", cases, at_least(0.4), AS_SAMPLED, per_unit=True)
    assert (found.estimate, found.n) == (0.5, 2)


def test_it_is_counted_for_values_too() -> None:
    cases = answered([1.0] * 10, [1.0] * 10, inside=[True] * 7 + [False] * 3)
    assert measured("automation", cases, at_least(0.5), AS_SAMPLED).estimate == 0.7


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
def test_at_the_limit_it_passes_no_more_often_than_alpha(prevalence: float) -> None:
    rng, runs, n = np.random.default_rng(1), 400, 100
    positive = np.tile([True, False], runs * n // 2)
    handed = rng.random(runs * n) < np.where(positive, 0.6, 0.2)
    studies = binary(positive, np.where(handed, 0.5, 0.1), doubt=DOUBT, run=run_numbers(runs, n))
    limit = at_least(0.1 * 0.4 + 0.9 * 0.8 if isinstance(prevalence, float) else 0.6)
    assert false_passes("automation", studies, limit, Parameters(prevalence)) <= within_error(runs)
