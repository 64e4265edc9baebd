"""A mean error has a bound only below a declared largest error."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    answered,
    at_most,
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

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.mae import Parameters
from roadworthy.stats import means

TEN = Parameters(10.0)


def test_it_is_scikit_learns(progress: Real) -> None:
    found = measured("mae", progress.cases, at_most(60.0), Parameters(400.0))
    assert found.estimate == pytest.approx(mean_absolute_error(progress.truth, progress.said))
    errors = np.abs(progress.truth - progress.said)
    bound = means.upper(errors, np.ones(len(errors)), ALPHA, 0.0, 400.0)
    # bets depend on the order of the cases, which ids fix; little hangs on it
    assert found.high == pytest.approx(bound, rel=0.1)
    assert found.spread == pytest.approx(errors.std())


def test_an_error_beyond_the_largest_declared_leaves_no_bound() -> None:
    cases = answered([0.0] * 50, [0.0] * 49 + [11.0])
    assert "11 lies outside the declared 0 to 10" in not_measured("mae", cases, at_most(9.0), TEN)


def test_errors_beyond_the_largest_show_in_a_comparison_too() -> None:
    """Both sides are 12 off, so their difference of 0 lies within any range."""
    cases = answered([0.0] * 50, [12.0] * 50, reader=[12.0] * 50)
    assert "12 lies outside" in not_measured("mae", cases, max_drop(1.0), TEN)


def test_a_smaller_error_than_a_readers_is_a_gain() -> None:
    cases = answered([0.0] * 200, [1.0] * 200, reader=[3.0, 5.0] * 100)
    found = measured("mae", cases, min_gain(1.0), TEN)
    assert found.estimate == pytest.approx(3.0)
    assert outcome("mae", cases, min_gain(1.0), TEN) is Outcome.PASS
    assert outcome("mae", cases, min_gain(6.0), TEN) is Outcome.FAIL


def test_the_largest_error_is_a_number_above_zero() -> None:
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="max_error"):
            Parameters(wrong)


def test_plans_at_the_ends_do_not_fail() -> None:
    assert need("mae", at_most(0.0), TEN).never
    assert need("mae", at_most(10.0), TEN, target=3.0).at_target == 1
    assert need("mae", at_most(20.0), TEN, target=3.0).at_target == 1
    spread = Parameters(10.0, spread=1.0)
    known, widest = (need("mae", at_most(4.0), words, target=3.0) for words in (spread, TEN))
    assert 1 < (known.at_target or 0) < (widest.at_target or 0)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """One prediction in ten is 10 off, the others are exact: a mean of 1."""
    rng, runs, n = np.random.default_rng(1), 300, 120
    said = np.where(rng.random(runs * n) < 0.1, 10.0, 0.0)
    studies = answered(np.zeros(runs * n), said, run=run_numbers(runs, n))
    assert false_passes("mae", studies, at_most(1.0), TEN) <= within_error(runs)


def test_at_the_limit_alike_cases_pass_no_more_often_than_alpha() -> None:
    rng, runs, units = np.random.default_rng(2), 300, 100
    said = np.repeat(np.where(rng.random(runs * units) < 0.1, 10.0, 0.0), 4)
    studies = answered(
        np.zeros(len(said)),
        said,
        unit=np.repeat(np.arange(runs * units), 4),
        run=run_numbers(runs, 4 * units),
    )
    assert false_passes("mae", studies, at_most(1.0), TEN) <= within_error(runs)
