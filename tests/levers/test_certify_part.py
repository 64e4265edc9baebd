"""What a protected level that is too thin keeps from being certified is certified without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tables import SCORED, rewrite, write_product

from roadworthy.core.path import Path as Way
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.workflow.check import check

AUTOMATION = {"id": "spares", "metric": "automation", "at_least": 0.05}
PROTECTED = {
    "mode": "triage",
    "clear": {"fnr_at_most": 0.1},
    "protect": [{"by": "vendor"}],
    "referred": "right",
}


def cohort(n: int, seed: int, sets: tuple[str, ...] = ("validation", "calibration")) -> Any:
    """Half ill; vendor C has hardly any cases."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2
    odds = rng.normal(size=n) + np.where(ill == 1, 2.5, -2.5)
    return pl.DataFrame(
        {
            "case": [f"s{seed}c{i}" for i in range(n)],
            "ill": ill,
            "score": 1 / (1 + np.exp(-odds)),
            "vendor": rng.choice(["A", "B", "C"], n, p=[0.6, 0.35, 0.05]),
            "set": rng.choice(list(sets), n),
        }
    )


def written(folder: Path, decision: Any = PROTECTED, n: int = 800, **others: Any) -> Path:
    data = {**SCORED, "split": {"column": "set"}, "prevalence": "as_sampled"}
    costs = {"unit": "EUR", "label": 40}
    return write_product(
        folder, cohort(n, 1), [AUTOMATION], data=data, decision=decision, costs=costs, **others
    )


def parts(found: Judgement) -> list[Way]:
    return [path for path in found.paths if path.lever == "certify_part"]


def test_the_levels_that_were_shown_are_certified_on_fresh_cases(tmp_path: Path) -> None:
    file = written(tmp_path)
    before = check(file)
    assert before.outcome is Outcome.INCONCLUSIVE
    (path,) = parts(before)
    assert "vendor A, B" in path.change and path.settles
    # 29 positives of vendor B alone, of whom there are about 18 in 100 cases
    assert path.cases is not None and 120 < path.cases < 220
    assert path.cost is not None and path.cost.value == 40 * path.cases
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))
    old = cohort(800, 1).filter(pl.col("set") == "validation")
    fresh = cohort(2 * path.cases, 2, ("calibration",))
    pl.concat([old, fresh]).write_parquet(tmp_path / "cases.parquet")
    after = check(file)
    assert after.certificate is not None and after.certificate.outcome is Outcome.PASS
    assert after.outcome is Outcome.PASS


def test_where_the_whole_has_too_few_no_part_helps(tmp_path: Path) -> None:
    strict = {**PROTECTED, "clear": {"fnr_at_most": 0.001}}
    assert parts(check(written(tmp_path, strict))) == []


@pytest.mark.parametrize("n", [4000])
def test_where_every_level_was_shown_there_is_nothing_to_leave_out(tmp_path: Path, n: int) -> None:
    found = check(written(tmp_path, n=n))
    assert found.certificate is not None and found.certificate.outcome is Outcome.PASS
    assert parts(found) == []


def test_without_protected_levels_there_is_no_part(tmp_path: Path) -> None:
    plain = {key: value for key, value in PROTECTED.items() if key != "protect"}
    strict = {**plain, "clear": {"fnr_at_most": 0.001}}
    assert parts(check(written(tmp_path, strict))) == []
