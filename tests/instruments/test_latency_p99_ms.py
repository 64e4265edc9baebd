"""A latency limit is shown by ranks: no distribution of times is assumed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
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

METRIC, Q = "latency_p99_ms", 0.99


def test_it_is_numpys_quantile_of_observed_values() -> None:
    times = np.random.default_rng(1).lognormal(size=901)
    found = measured(METRIC, pl.DataFrame({"ms": times}), at_most(20.0))
    assert found.estimate == np.quantile(times, Q, method="inverted_cdf")
    assert found.high == quantiles.upper(times, Q, ALPHA)
    assert found.p_pass == quantiles.p_below(times, Q, 20.0, inclusive=True)


def test_298_fast_answers_show_nothing_and_299_do() -> None:
    """FACTS: ln .05 / ln .99, rounded up."""
    for n, expected in ((298, Outcome.INCONCLUSIVE), (299, Outcome.PASS)):
        assert outcome(METRIC, pl.DataFrame({"ms": [9.0] * n}), at_most(50.0)) is expected
    assert measured(METRIC, pl.DataFrame({"ms": [9.0] * 298}), at_most(50.0)).high is None
    assert need(METRIC, at_most(50.0)).without_error == 299


def test_a_few_cases_that_never_answered_are_slow_ones() -> None:
    times = [9.0] * 2000 + [float("inf")]
    assert outcome(METRIC, pl.DataFrame({"ms": times}), at_most(50.0)) is Outcome.PASS
    lost = pl.DataFrame({"ms": [9.0] * 900 + [float("inf")] * 100})
    assert "never answered" in not_measured(METRIC, lost, at_most(50.0))


def test_too_many_slow_answers_fail_it() -> None:
    timed = pl.DataFrame({"ms": [9.0] * 900 + [99.0] * 100})
    assert outcome(METRIC, timed, at_most(50.0)) is Outcome.FAIL


@pytest.mark.parametrize("n", [300, 800])
def test_at_the_limit_it_passes_no_more_often_than_alpha(n: int) -> None:
    rng, runs = np.random.default_rng(3), 300
    studies = pl.DataFrame({"ms": rng.exponential(size=runs * n), "run": run_numbers(runs, n)})
    assert false_passes(METRIC, studies, at_most(expon.ppf(Q))) <= within_error(runs)
