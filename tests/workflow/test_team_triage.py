"""A team beside a triage product: what is neither cleared nor flagged is the reader's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import SCORED, write_product

from roadworthy.core.certificate import NOT_CERTIFIED
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.team import UNSEEN
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.core.ways import Figure
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check

DATA = {
    **SCORED,
    "split": {"validation": 0.4, "calibration": 0.6, "seed": 5},
    "prevalence": "as_sampled",
    "calls": {"reader": {"column": "read", "positive": [1], "negative": [0]}},
}
TEAM = {"reader": "reader", "rule": "referred"}
BOTH = {"mode": "triage", "clear": {"fnr_at_most": 0.05}, "flag": {"fpr_at_most": 0.05}}
ASKED = [
    {"id": "finds", "metric": "sensitivity", "at_least": 0.8, "of": "team"},
    {"id": "spares", "metric": "automation", "at_least": 0.1, "of": "team"},
]


def cohort(n: int = 1500) -> pl.DataFrame:
    """A third is ill, with higher scores, a few of them missing; a reader misses every tenth."""
    rng = np.random.default_rng(3)
    ill = np.arange(n) % 3 == 0
    score = 1.0 / (1.0 + np.exp(-rng.normal(np.where(ill, 3.0, -3.0), 1.5)))
    lost = rng.random(n) < 0.03
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill.astype(int),
            "score": [None if gone else one for one, gone in zip(score, lost, strict=True)],
            "read": (ill & (rng.random(n) < 0.9)).astype(int),
        }
    )


def judged(folder: Path, decision: Any = BOTH, raw: pl.DataFrame | None = None) -> Judgement:
    table = cohort() if raw is None else raw
    return check(write_product(folder, table, ASKED, data=DATA, team=TEAM, decision=decision))


def estimate(found: Figure | None) -> float:
    assert found is not None
    return found.estimate


def test_the_reader_reads_what_the_certified_thresholds_leave_open(tmp_path: Path) -> None:
    judgement = judged(tmp_path)
    assert judgement.outcome is Outcome.PASS
    assert judgement.hypothetical == UNSEEN
    finds, spares = (verdict.evidence for verdict in judgement.verdicts)
    assert isinstance(finds, Measured)
    assert isinstance(spares, Measured)
    ways = {way.name: way for way in judgement.ways}
    # its own policy, not a band that is tried out, and no threshold of its own for a whole table
    assert list(ways) == [
        "reader alone",
        "second view: either calls",
        "second view: both call",
        "triage",
    ]
    triage = ways["triage"]
    assert estimate(triage.sensitivity) == pytest.approx(finds.estimate)
    assert estimate(triage.reads) == pytest.approx(10_000 * (1.0 - spares.estimate))
    assert estimate(ways["second view: either calls"].reads) == 10_000


def test_before_it_is_certified_nothing_is_told_of_the_team(tmp_path: Path) -> None:
    """Everything would be read, and the reader's own figures would pass for the team's."""
    few = {"mode": "triage", "clear": {"fnr_at_most": 0.0001}}
    judgement = judged(tmp_path, few)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert all(v.evidence == NotMeasured(NOT_CERTIFIED) for v in judgement.verdicts)
    # it is the certificate that is missing, not the sight of people
    assert not judgement.hypothetical
    assert [way.name for way in judgement.ways] == ["reader alone"]


def test_a_triage_product_has_no_second_band(tmp_path: Path) -> None:
    team = {**TEAM, "refer_between": [0.2, 0.8]}
    file = write_product(tmp_path, cohort(), ASKED, data=DATA, team=team, decision=BOTH)
    with pytest.raises(BadInput, match="triage of its own"):
        load_product(file)
