"""What rests on a scope is made anew for a narrower one, and the path says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tables import FINDS, SCORED, rewrite, write_product

from roadworthy.core.errors import Refused
from roadworthy.core.path import Path as Way
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.workflow.check import check

SPLIT = {"column": "set"}
TRIAGE = {"mode": "triage", "clear": {"fnr_at_most": 0.1}, "referred": "excluded"}
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "label": 40}


def cohort(n: int, sets: dict[str, float], seed: int = 1) -> pl.DataFrame:
    """Half ill; at site C the score tells hardly anything."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2
    site = rng.choice(["A", "B", "C"], n, p=[0.45, 0.4, 0.15])
    shift = np.where(site == "C", 0.2, 2.8)
    odds = rng.normal(size=n) + np.where(ill == 1, shift, -shift)
    return pl.DataFrame(
        {
            "case": [f"s{seed}c{i}" for i in range(n)],
            "ill": ill,
            "score": 1 / (1 + np.exp(-odds)),
            "site": site,
            "size": rng.normal(size=n),
            "set": rng.choice(list(sets), n, p=list(sets.values())),
        }
    )


def narrower(found: Judgement) -> Way:
    return next(path for path in found.paths if path.lever == "narrow_scope")


def follow(file: Path, path: Way) -> None:
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))


def triaged(folder: Path, raw: pl.DataFrame) -> Path:
    asked: Any = [{"id": "trust", "metric": "npv", "at_least": 0.9, "slices": [{"by": "site"}]}]
    data = {**SCORED, "split": SPLIT, "prevalence": "as_sampled", "features": ["size"]}
    return write_product(folder, raw, asked, data=data, decision=TRIAGE, costs=COSTS)


def test_another_scope_of_a_triage_product_takes_fresh_calibration_cases(tmp_path: Path) -> None:
    raw = cohort(2400, {"validation": 0.5, "calibration": 0.5})
    file = triaged(tmp_path, raw)
    before = check(file)
    assert before.certificate is not None and before.certificate.outcome is Outcome.PASS
    path = narrower(before)
    # 29 positives without a miss are the fewest for 10 %, and half of the cases are positive
    assert "Certify it anew on at least 5" in path.change and "fresh calibration" in path.change
    assert path.cases is not None and path.cost is not None
    assert path.cost.value == pytest.approx(40 * path.cases)
    follow(file, path)
    with pytest.raises(Refused, match="certified another decision"):
        check(file)
    # fresh calibration cases certify it, and what was promised comes about
    old = raw.filter(pl.col("set") == "validation")
    pl.concat([old, cohort(1200, {"calibration": 1.0}, 2)]).write_parquet(
        tmp_path / "cases.parquet"
    )
    after = check(file)
    assert after.certificate is not None and after.certificate.outcome is Outcome.PASS
    assert after.outcome is Outcome.PASS


def test_a_guard_is_set_anew_for_another_scope(tmp_path: Path) -> None:
    sets = {"train": 0.4, "validation": 0.6}
    asked = [{**FINDS, "at_least": 0.93, "slices": [{"by": "site"}]}]
    data = {**SCORED, "split": SPLIT, "features": ["size"]}
    file = write_product(tmp_path, cohort(3000, sets), asked, data=data, guard={})
    path = narrower(check(file))
    assert "guard is then fitted and set anew" in path.change
    assert any("it may turn other cases away" in told for told in path.assumed)
    follow(file, path)
    assert check(file).outcome is Outcome.PASS


def test_a_product_without_either_is_told_nothing_of_them(tmp_path: Path) -> None:
    asked = [{**FINDS, "at_least": 0.93, "slices": [{"by": "site"}]}]
    path = narrower(check(write_product(tmp_path, cohort(1500, {"validation": 1.0}), asked)))
    assert "guard" not in path.change and "Certify" not in path.change
