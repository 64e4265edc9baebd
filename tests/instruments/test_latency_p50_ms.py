"""A latency limit is shown by ranks: no distribution of times is assumed."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import expon
from tests.instruments.measuring import (
    ALPHA,
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
from roadworthy.stats import quantiles

METRIC, Q = "latency_p50_ms", 0.50


def test_it_is_numpys_quantile_of_observed_values() -> None:
    times = np.random.default_rng(1).lognormal(size=501)
    found = measured(METRIC, pl.DataFrame({"ms": times}), at_most(2.0))
    assert found.estimate == np.quantile(times, Q, method="inverted_cdf")
    assert found.high == quantiles.upper(times, Q, ALPHA)
    assert found.p_pass == quantiles.p_below(times, Q, 2.0, inclusive=True)


def test_the_limit_itself_meets_it_and_never_fails_it() -> None:
    timed = pl.DataFrame({"ms": [20.0] * 50})
    assert outcome(METRIC, timed, at_most(20.0)) is Outcome.PASS
    assert outcome(METRIC, timed, at_most(19.9)) is Outcome.FAIL


def test_four_values_have_no_upper_bound_at_95_percent_and_five_do() -> None:
    """Wilks: .5**5 is below .05."""
    four = measured(METRIC, pl.DataFrame({"ms": [1.0] * 4}), at_most(9.0))
    assert four.high is None and four.p_pass > ALPHA
    assert outcome(METRIC, pl.DataFrame({"ms": [1.0] * 5}), at_most(9.0)) is Outcome.PASS
    assert need(METRIC, at_most(9.0)).without_error == 5


def test_nothing_timed_no_look_and_no_answer_are_not_measured() -> None:
    empty = pl.DataFrame({"ms": pl.Series([], dtype=pl.Float64)})
    assert "empty" in not_measured(METRIC, empty, at_most(9.0))
    timed = pl.DataFrame({"ms": [1.0] * 50})
    assert "look" in not_measured(METRIC, timed, at_most(9.0), anytime=True)
    lost = pl.DataFrame({"ms": [1.0] * 4 + [float("inf")] * 5})
    assert "never answered" in not_measured(METRIC, lost, at_most(9.0))


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(2), 500, 60
    studies = pl.DataFrame({"ms": rng.exponential(size=runs * n), "run": run_numbers(runs, n)})
    assert false_passes(METRIC, studies, at_most(expon.ppf(Q))) <= within_error(runs)
