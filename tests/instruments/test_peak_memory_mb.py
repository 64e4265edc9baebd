"""A handful of processes bounds no tail of memory; enough of them do, by ranks."""

from __future__ import annotations

import numpy as np
import polars as pl
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

METRIC, Q = "peak_memory_mb", 0.90


def held(*megabytes: float) -> pl.DataFrame:
    return pl.DataFrame({"mb": list(megabytes)})


def test_five_processes_far_below_the_limit_prove_nothing_and_29_do() -> None:
    """Wilks: .9**28 is above .05, and .9**29 is not."""
    few = measured(METRIC, held(*[100.0] * 28), at_most(4000.0))
    assert few.high is None and few.p_pass == 0.9**28 > ALPHA
    assert outcome(METRIC, held(*[100.0] * 29), at_most(4000.0)) is Outcome.PASS
    assert need(METRIC, at_most(4000.0)).without_error == 29


def test_one_process_of_29_above_the_limit_leaves_it_open() -> None:
    assert outcome(METRIC, held(*[100.0] * 28, 300.0), at_most(200.0)) is Outcome.INCONCLUSIVE


def test_no_process_is_no_evidence() -> None:
    assert "empty" in not_measured(METRIC, held().cast(pl.Float64), at_most(1.0))


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(3), 500, 40
    studies = pl.DataFrame({"mb": 1 + rng.random(runs * n), "run": run_numbers(runs, n)})
    assert false_passes(METRIC, studies, at_most(1 + Q)) <= within_error(runs)
