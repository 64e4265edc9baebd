"""The rmse is bounded through the mean of the squares."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    answered,
    at_most,
    false_passes,
    measured,
    need,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.verdict import Outcome
from roadworthy.instruments import mae
from roadworthy.instruments.rmse import Parameters

TEN = Parameters(10.0)


def test_it_is_scikit_learns(progress: Real) -> None:
    found = measured("rmse", progress.cases, at_most(80.0), Parameters(400.0))
    assert found.estimate == pytest.approx(root_mean_squared_error(progress.truth, progress.said))


def test_errors_of_one_size_have_an_rmse_and_a_mae_of_that_size() -> None:
    cases = answered([0.0] * 80, [3.0, -3.0] * 40)
    found = measured("rmse", cases, at_most(6.0), TEN)
    assert found.estimate == pytest.approx(3.0)
    assert measured("mae", cases, at_most(6.0), mae.Parameters(10.0)).estimate == 3.0
    assert (found.low or 0.0) < 3.0 < (found.high or 0.0) < 10.0


def test_the_bound_and_the_verdict_are_on_the_same_scale() -> None:
    cases = answered([0.0] * 80, [3.0, -3.0] * 40)
    high = measured("rmse", cases, at_most(6.0), TEN).high or 0.0
    assert outcome("rmse", cases, at_most(high + 0.01), TEN) is Outcome.PASS
    assert outcome("rmse", cases, at_most(high - 0.01), TEN) is Outcome.INCONCLUSIVE


def test_an_error_beyond_the_largest_declared_leaves_no_bound() -> None:
    cases = answered([0.0] * 50, [0.0] * 49 + [11.0])
    assert "outside" in not_measured("rmse", cases, at_most(9.0), TEN)
    with pytest.raises(ValueError, match="max_error"):
        Parameters(0.0)


def test_plans_at_the_ends_do_not_fail() -> None:
    assert need("rmse", at_most(0.0), TEN).never
    assert need("rmse", at_most(10.0), TEN, target=3.0).at_target == 1
    assert (need("rmse", at_most(4.0), TEN, target=3.0).at_target or 0) > 1


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """One prediction in ten is 10 off: a mean square of 10."""
    rng, runs, n = np.random.default_rng(1), 300, 120
    said = np.where(rng.random(runs * n) < 0.1, 10.0, 0.0)
    studies = answered(np.zeros(runs * n), said, run=run_numbers(runs, n))
    assert false_passes("rmse", studies, at_most(10**0.5), TEN) <= within_error(runs)
