"""A score that stopped meaning what it says on one slice is found there, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from tests.tables import write_product

from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.workflow.check import check

TRUST = {"id": "trust", "metric": "calibration_error", "at_most": 0.1, "slices": [{"by": "vendor"}]}


def judged(folder: Path, prevalence: object) -> dict[str, Verdict]:
    rng, n = np.random.default_rng(0), 6000
    chance, new = rng.random(n), rng.random(n) < 0.5
    # of the new vendor half as many are ill as the score says
    ill = rng.random(n) < np.where(new, chance / 2, chance)
    table = pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": np.where(ill, "yes", "no"),
            "score": chance,
            "vendor": np.where(new, "new", "old"),
        }
    )
    data = {
        "id": "case",
        "truth": "ill",
        "positive": "yes",
        "score": "score",
        "prevalence": prevalence,
    }
    verdicts = check(write_product(folder, table, [TRUST], data=data)).verdicts
    return {str(one.slice): one for one in verdicts}


def test_the_slice_where_scores_have_shifted_is_the_one_that_fails(tmp_path: Path) -> None:
    found = judged(tmp_path, "as_sampled")
    assert found["vendor = old"].outcome is Outcome.PASS
    assert found["vendor = new"].outcome is Outcome.FAIL


def test_at_another_prevalence_no_slice_is_shown(tmp_path: Path) -> None:
    found = judged(tmp_path, 0.1)
    assert {one.outcome for one in found.values()} == {Outcome.INCONCLUSIVE}
    assert all("recalibrate" in one.reason for one in found.values())
