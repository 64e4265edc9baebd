"""Doubt and distance from product.yaml to a verdict: on sets that do not belong, and on answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import LEARNT, rewrite, write_product
from tests.workflow.test_guarding import SPLIT, cases, product

from roadworthy.core.errors import BadInput
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

SETS = {"metric": "ood_auroc", "set": "far", "at_least": 0.9}


def verdicts(file: Path) -> dict[str, Verdict]:
    train(file)
    return {one.requirement: one for one in check(file).verdicts}


def asked(folder: Path, *more: dict[str, Any], **others: Any) -> Path:
    requirements = [
        {"id": "by-distance", **SETS},
        {"id": "by-doubt", **SETS, "by": "entropy"},
        {"id": "by-members", **SETS, "by": "mutual_information"},
        *more,
    ]
    file = product(folder, **others)
    rewrite(file, requirements=requirements)
    return file


def test_the_guard_ranks_what_a_models_own_doubt_does_not(tmp_path: Path) -> None:
    """Far out a logistic model is surer than ever; it has no members to disagree."""
    found = verdicts(asked(tmp_path))
    assert found["by-distance"].outcome is Outcome.PASS
    assert found["by-doubt"].outcome is Outcome.FAIL
    members = found["by-members"]
    assert members.outcome is Outcome.INCONCLUSIVE
    assert "no mutual information" in members.reason


def test_a_set_without_the_models_features_says_nothing_of_its_doubt(tmp_path: Path) -> None:
    file = asked(tmp_path, guard={"features": ["emb_1"], "must_detect": [
        {"name": "far", "cases": "far.parquet", "at_least": 0.9}]})  # fmt: skip
    cases(200, 2, shift=8.0, prefix="f").drop("emb_0").write_parquet(tmp_path / "far.parquet")
    found = verdicts(file)
    assert found["by-distance"].outcome is Outcome.PASS
    assert "200 cases have no entropy" in found["by-doubt"].reason


def test_a_set_that_is_not_declared_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'fra'"):
        load_product(asked(tmp_path, {"id": "typo", **SETS, "set": "fra"}))
    with pytest.raises(BadInput, match="by"):
        load_product(asked(tmp_path, {"id": "typo", **SETS, "by": "luck"}))


def test_without_a_guard_it_is_refused(tmp_path: Path) -> None:
    data = {**LEARNT, "features": ["emb_0", "emb_1"], "split": SPLIT}
    file = write_product(tmp_path, cases(60, 1), [{"id": "far", **SETS}], data=data)
    with pytest.raises(BadInput, match="guard"):
        load_product(file)


def test_a_net_of_several_classes_is_judged_on_its_surest_answers(tmp_path: Path) -> None:
    """Three rows of cases that overlap a little: where it is sure, it is right."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, 3, 700)
    table = pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(700)],
            "row": np.array(["low", "middle", "high"])[place],
            "x": place + rng.normal(0, 0.4, 700),
        }
    )
    table.write_parquet(tmp_path / "cases.parquet")
    (tmp_path / "product.yaml").write_text(
        "version: 1\nproduct: rows\ntask: multiclass\n"
        "data: {cases: cases.parquet, id: case, truth: row, features: [x],\n"
        "       split: {train: 0.3, validation: 0.7, seed: 1}, prevalence: as_sampled}\n"
        "models: [laplace]\nrequirements:\n"
        "  - {id: all, metric: accuracy, at_least: 0.9}\n"
        "  - {id: surest, metric: selective_accuracy, at_coverage: 0.7, at_least: 0.9}\n"
    )
    found = verdicts(tmp_path / "product.yaml")
    assert found["all"].outcome is not Outcome.PASS
    assert found["surest"].outcome is Outcome.PASS
