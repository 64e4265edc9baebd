"""Whatever is no PASS has a path, over products of every kind that nobody thought of beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tables import write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check

Rng = np.random.Generator
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 15, "label": 40}
TASKS = ("binary", "multiclass", "regression")
RATES = {
    "binary": [
        *("sensitivity", "specificity", "false_negative_rate", "false_positive_rate", "ppv"),
        *("npv", "accuracy", "auc", "brier", "calibration_error", "expected_cost", "automation"),
    ],
    "multiclass": ["accuracy", "recall", "precision", "macro_recall", "automation"],
    "regression": ["mae", "rmse", "within_tolerance", "automation"],
}
ANY = ["event_rate", "latency_p99_ms", "model_size_mb"]
COMPARED = {
    "binary": ["sensitivity", "specificity", "accuracy", "expected_cost"],
    "multiclass": ["accuracy", "recall"],
    "regression": ["mae", "within_tolerance"],
}
LOWER = {
    *("false_negative_rate", "false_positive_rate", "brier", "calibration_error", "mae", "rmse"),
    *("expected_cost", "event_rate", "latency_p99_ms", "model_size_mb"),
}
UNBOUNDED = {"mae", "rmse", "expected_cost", "event_rate", "latency_p99_ms", "model_size_mb"}
PER_UNIT = {"sensitivity", "specificity", "auc", "accuracy"}


def table(rng: Rng, task: str) -> pl.DataFrame:
    """Few or many cases, good or useless answers, one class or several, gaps in what slices."""
    n = int(rng.choice([3, 20, 60, 250, 600], p=[0.1, 0.2, 0.3, 0.3, 0.1]))
    skill = float(rng.choice([0.0, 1.0, 2.5, 6.0]))
    x = rng.normal(size=n)
    site = [None if rng.random() < 0.03 else str(s) for s in rng.choice(["A", "B", "C"], n)]
    columns: dict[str, Any] = {
        "case": [f"c{i}" for i in range(n)],
        "patient": [f"p{i // 2}" for i in range(n)],
        "x": x,
        "age": rng.integers(20, 90, n),
        "site": site,
        "events": rng.poisson(0.05, n),
        "miles": rng.uniform(1, 9, n),
        "set": rng.choice(["train", "validation", "sealed"], n, p=[0.4, 0.4, 0.2]),
    }
    if task == "regression":
        truth = 3 * x + rng.normal(size=n)
        answers = {
            "truth": truth,
            "said": truth + rng.normal(scale=0.1 + 3 / (1 + skill), size=n),
            "other": truth + rng.normal(size=n),
        }
        return pl.DataFrame({**columns, **answers})
    if task == "multiclass":
        names = np.array(["a", "b", "c"])
        right = np.clip(np.round(x), -1, 1).astype(int) + 1
        wrong = rng.random(n) < 1 / (1 + skill)
        answers = {
            "truth": names[right],
            "said": names[(right + wrong) % 3],
            "other": names[(right + (rng.random(n) < 0.2)) % 3],
        }
        return pl.DataFrame({**columns, **answers})
    share = float(rng.choice([0.03, 0.3, 0.5, 1.0], p=[0.15, 0.4, 0.4, 0.05]))
    ill = rng.random(n) < share
    score = 1 / (1 + np.exp(-skill * (np.where(ill, 0.7, -0.7) + rng.normal(scale=0.6, size=n))))
    theirs = ill ^ (rng.random(n) < 0.15)
    calls = {"truth": ill.astype(int), "said": score, "other": theirs.astype(int)}
    return pl.DataFrame({**columns, **calls})


def requirement(rng: Rng, task: str, i: int, units: bool) -> dict[str, Any]:
    """One requirement: absolute or against another, with slices or not, possible or not."""
    if rng.random() < 0.2:
        metric = str(rng.choice(COMPARED[task]))
        asked: dict[str, Any] = {"metric": metric, "against": "other"}
        asked["max_drop" if rng.random() < 0.6 else "min_gain"] = float(rng.choice([0, 0.05, 0.3]))
    else:
        metric = str(rng.choice(RATES[task] if rng.random() < 0.85 else ANY))
        limits = [0.01, 0.5, 3.0, 50.0] if metric in UNBOUNDED else [0.05, 0.5, 0.8, 0.95]
        side = "at_most" if metric in LOWER else "at_least"
        # what no number of cases can show
        limits += [0.0] if metric in LOWER else [1.0]
        asked = {"metric": metric, side: float(rng.choice(limits))}
    words: dict[str, dict[str, Any]] = {
        "event_rate": {"events": "events", "exposure": "miles"},
        "mae": {"max_error": 30},
        "rmse": {"max_error": 30},
        "within_tolerance": {"tolerance": 1.0},
        "recall": {"of_class": "a"},
        "precision": {"of_class": "b"},
        "macro_recall": {"classes": ["a", "b", "c"]},
    }
    asked |= words.get(metric, {})
    sliced = metric not in ("model_size_mb", "latency_p99_ms", "macro_recall")
    if sliced and rng.random() < 0.3:
        asked["slices"] = [{"by": "site", "min_share": 0.02}]
    if units and metric in PER_UNIT and "against" not in asked and rng.random() < 0.3:
        asked["per"] = "unit"
    if rng.random() < 0.1:
        asked["tier"] = "advisory"
    return {"id": f"r{i}-{metric}", **asked}


def product(rng: Rng, folder: Path) -> Path:
    """A random product whose table brings its answers, with or without a split."""
    task = str(rng.choice(TASKS, p=[0.6, 0.2, 0.2]))
    units = bool(rng.random() < 0.3)
    data: dict[str, Any] = {"id": "case", "truth": "truth", "features": ["x", "age", "site"]}
    data |= {"score": "said", "positive": 1} if task == "binary" else {"prediction": "said"}
    data |= {"prevalence": "as_sampled"}
    data |= {"unit": "patient"} if units else {}
    data |= {"split": "set"} if rng.random() < 0.4 and not units else {}
    wanted = [requirement(rng, task, i, units) for i in range(int(rng.integers(1, 5)))]
    others: dict[str, Any] = {"task": task}
    if task == "binary":
        band = {"refer_between": [0.3, 0.6]} if rng.random() < 0.2 else {}
        referred = str(rng.choice(["excluded", "right", "wrong"]))
        others["decision"] = {"threshold": 0.5, "referred": referred, **band}
        others["costs"] = COSTS
        if referred == "right" or any(one["metric"] == "automation" for one in wanted):
            wanted.append({"id": "auto", "metric": "automation", "at_least": 0.3})
    if rng.random() < 0.2:
        others["scope"] = [{"field": "age", "between": [30, 80]}]
    return write_product(folder, table(rng, task), wanted, data=data, **others)


def still_open(found: Judgement) -> list[Verdict]:
    return [v for v in found.verdicts if v.tier is Tier.CRITICAL and v.outcome is not Outcome.PASS]


def is_told(found: Judgement) -> None:
    """There are paths exactly where there is no PASS, and each can be followed."""
    assert bool(found.paths) is (found.outcome is not Outcome.PASS)
    told = " ".join(f"{path.change} {path.expected}" for path in found.paths)
    for path in found.paths:
        assert path.change.strip() and path.expected.strip()
        assert "nan" not in path.change and "None" not in path.change
    if not any(path.settles for path in found.paths):
        # what no path settles is named, or the first of many are
        names = {verdict.requirement for verdict in still_open(found)}
        assert all(name in told for name in names) or "more" in told, (names, told)


def can_be_written(file: Path, found: Judgement) -> None:
    """The lines of every path make a product.yaml that can be read."""
    before = file.read_text()
    for path in found.paths:
        page = yaml.safe_load(before)
        for line in path.write.splitlines():
            page |= yaml.safe_load(line)
        file.write_text(yaml.safe_dump(page, sort_keys=False))
        load_product(file)
    file.write_text(before)


def judged(seed: int, folder: Path) -> Judgement | None:
    file = product(np.random.default_rng(seed), folder)
    try:
        found = check(file)
    except BadInput:
        return None
    is_told(found)
    can_be_written(file, found)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("first", [100, 200])
def test_every_no_has_a_path_that_can_be_followed(tmp_path: Path, first: int) -> None:
    found = [judged(seed, tmp_path / str(seed)) for seed in range(first, first + 10)]
    whole = [one for one in found if one is not None]
    assert len(whole) >= 5
    assert any(one.outcome is not Outcome.PASS for one in whole)
