"""How large records of decisions become is bounded by ranks, as latency is."""

from __future__ import annotations

import numpy as np
import polars as pl
from tests.instruments.measuring import (
    at_most,
    false_passes,
    measured,
    need,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.verdict import Outcome

METRIC = "bytes_per_decision"


def test_299_records_that_all_fit_show_it() -> None:
    assert need(METRIC, at_most(400)).without_error == 299
    assert outcome(METRIC, pl.DataFrame({"bytes": [400] * 299}), at_most(400)) is Outcome.PASS
    assert outcome(METRIC, pl.DataFrame({"bytes": [400] * 298}), at_most(400)) is (
        Outcome.INCONCLUSIVE
    )


def test_what_is_seen_is_a_size_that_was_seen() -> None:
    sizes = np.random.default_rng(1).integers(300, 500, 1000)
    found = measured(METRIC, pl.DataFrame({"bytes": sizes}), at_most(450))
    assert found.estimate in sizes
    assert found.of == "decisions"


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(3), 300, 400
    studies = pl.DataFrame({"bytes": 1 + rng.random(runs * n), "run": run_numbers(runs, n)})
    assert false_passes(METRIC, studies, at_most(1.99)) <= within_error(runs)
