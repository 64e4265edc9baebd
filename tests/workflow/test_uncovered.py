"""What was certified on some parts says nothing of a part that came later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import SCORED, rewrite, write_product
from tests.vaults import looks
from tests.workflow.test_triage import AUTOMATION, CLEAR, certificate, scored

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.verdict import Outcome
from roadworthy.io.judgement_json import to_json
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.seal import seal

PROTECTED = {**CLEAR, "clear": {"fnr_at_most": 0.1}, "protect": [{"by": "vendor"}]}
BY_COLUMN = {**SCORED, "split": {"column": "part"}, "prevalence": "as_sampled"}


def parted(n: int = 1200) -> pl.DataFrame:
    """Two vendors in every set, which a column names."""
    part = np.array(["validation", "calibration", "calibration", "sealed"])
    return scored(n).with_columns(part=pl.Series(part[(np.arange(n) // 3) % 4]))


def with_a_new_vendor(table: pl.DataFrame, *sets: str) -> pl.DataFrame:
    """The same cases, and as many of vendor C in these sets alone."""
    new = table.filter(pl.col("part").is_in(sets)).with_columns(
        vendor=pl.lit("C"), case=pl.col("case") + "-new", patient=pl.col("patient") + "-new"
    )
    return pl.concat([table, new])


def product(folder: Path, table: pl.DataFrame, decision: Any = PROTECTED) -> Path:
    return write_product(folder, table, [AUTOMATION], data=BY_COLUMN, decision=decision)


def test_a_level_that_came_after_the_certificate_ends_the_pass(tmp_path: Path) -> None:
    file = product(tmp_path, parted())
    assert check(file).outcome is Outcome.PASS
    with_a_new_vendor(parted(), "validation").write_parquet(tmp_path / "cases.parquet")
    found = check(file)
    assert found.outcome is certificate(found).outcome is Outcome.INCONCLUSIVE
    assert any("vendor = C" in note for note in certificate(found).notes)


def test_a_level_that_only_sealed_cases_have_keeps_the_seal_closed(tmp_path: Path) -> None:
    file = product(tmp_path, with_a_new_vendor(parted(), "sealed"))
    assert check(file).outcome is Outcome.PASS
    with pytest.raises(Refused, match="vendor = C") as told:
        certify(file)
    assert told.value.code == "not_certified"
    assert not looks(file)


def test_while_looks_remain_a_level_of_sealed_cases_is_not_told(tmp_path: Path) -> None:
    """NOT YET with its reason would be a third answer, and would name a sealed input."""
    file = product(tmp_path, parted().filter(pl.col("part") != "sealed"))
    assert check(file).outcome is Outcome.PASS
    apart = scored(600, 9).with_columns(
        pl.col("case") + "-apart", patient=pl.col("patient") + "-apart", part=pl.lit("sealed")
    )
    first = pl.int_range(pl.len()) < 5
    strange = apart.with_columns(vendor=pl.when(first).then(pl.lit("C")).otherwise("vendor"))
    seal(file, strange, looks=3)
    found = certify(file)
    assert found.outcome is Outcome.INCONCLUSIVE and found.withheld
    assert "vendor = C" not in json.dumps(to_json(found))


def test_a_level_of_another_table_ends_the_pass(tmp_path: Path) -> None:
    file = product(tmp_path, parted())
    other = scored(600, 9).with_columns(
        pl.col("case") + "-other", patient=pl.col("patient") + "-other"
    )
    assert check(file, on=other).outcome is Outcome.PASS
    strange = other.with_columns(pl.col("case") + "-2", vendor=pl.lit("D"))
    assert check(file, on=strange).outcome is Outcome.INCONCLUSIVE


def test_a_threshold_copied_from_a_certificate_is_not_judged_on_what_certified_it(
    tmp_path: Path,
) -> None:
    table = parted()
    file = product(tmp_path, table)
    check(file)
    copy = tmp_path / "fixed.yaml"
    copy.write_text(file.read_text())
    rewrite(copy, requirements=[{"metric": "sensitivity", "at_least": 0.5}])
    page = copy.read_text().split("decision:")[0] + "decision: {threshold: 0.2}\n"
    copy.write_text(page + "requirements:\n- {metric: sensitivity, at_least: 0.5}\n")
    with pytest.raises(BadInput) as told:
        check(copy, on=table.filter(pl.col("part") == "calibration"))
    assert told.value.code == "seen_cases"


def test_a_patient_whose_positives_have_no_score_is_no_negative_patient(tmp_path: Path) -> None:
    """Every patient has an ill exam without a score and a healthy one that looks like nothing."""
    n = 1200
    ill = np.arange(n) % 2 == 0
    unit = np.arange(n) // 2
    healthy = unit % 2 == 0  # these patients have no ill exam at all, and higher scores
    rng = np.random.default_rng(0)
    score = np.where(healthy, rng.uniform(0.3, 0.9, n), rng.uniform(0.0, 0.1, n))
    sick = ill & ~healthy
    table = pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": sick.astype(int),
            "score": [
                None if s and u % 7 else float(x) for s, u, x in zip(sick, unit, score, strict=True)
            ],
            "patient": [f"p{u}" for u in unit],
            "part": np.array(["validation", "calibration"])[(unit // 2) % 2],
        }
    )
    flag = {"mode": "triage", "flag": {"fpr_at_most": 0.1}}
    data = {**BY_COLUMN, "unit": "patient"}
    file = write_product(tmp_path, table, [AUTOMATION], data=data, decision=flag)
    (side,) = certificate(check(file)).sides
    truly = (
        table.filter(pl.col("part") == "calibration").group_by("patient").agg(pl.col("ill").max())
    )
    assert side.n == truly.filter(pl.col("ill") == 0).height
