"""Within tolerance needs no largest error: a prediction is close enough, or it is not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    answered,
    at_least,
    false_passes,
    max_drop,
    measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.within_tolerance import Parameters


def test_it_is_the_share_of_small_errors(progress: Real) -> None:
    found = measured("within_tolerance", progress.cases, at_least(0.5), Parameters(50.0))
    assert found.estimate == pytest.approx(np.mean(np.abs(progress.truth - progress.said) <= 50.0))


def test_an_error_of_the_tolerance_itself_is_within() -> None:
    cases = answered([0.0, 0.0, 0.0, 0.0], [2.0, -2.0, 2.5, -2.5])
    assert measured("within_tolerance", cases, at_least(0.1), Parameters(2.0)).estimate == 0.5


def test_a_comparison_counts_cases_that_only_one_side_gets_right() -> None:
    """The reader is within on 90 of 100, the product on 88 of the same."""
    cases = answered([0.0] * 100, [0.0] * 88 + [9.0] * 12, reader=[0.0] * 90 + [9.0] * 10)
    found = measured("within_tolerance", cases, max_drop(0.1), Parameters(1.0))
    assert found.estimate == pytest.approx(-0.02)
    assert outcome("within_tolerance", cases, max_drop(0.1), Parameters(1.0)) is Outcome.PASS


def test_a_tolerance_is_not_negative() -> None:
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="tolerance"):
            Parameters(wrong)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 400, 80
    said = rng.uniform(-1.0, 1.0, runs * n)
    studies = answered(np.zeros(runs * n), said, run=run_numbers(runs, n))
    found = false_passes("within_tolerance", studies, at_least(0.8), Parameters(0.8))
    assert found <= within_error(runs)
