"""Products whose data and answers are known beforehand, for the tests of every room above io."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.need import Need
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.measure import verdicts
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.source import checked
from roadworthy.workflow.subject import Judged, kept_policy

SCORED = {"id": "case", "truth": "ill", "positive": 1, "negative": 0, "score": "score"}
LEARNT = {"id": "case", "truth": "ill", "positive": "yes", "negative": "no"}
FINDS = {"id": "finds", "metric": "sensitivity", "at_least": 0.90}
SPARES = {"id": "spares", "metric": "specificity", "at_least": 0.50}


def counted(found: int, missed: int, cleared: int = 0, alarmed: int = 0) -> pl.DataFrame:
    """Cases with exactly these counts at a threshold of .5; column ``case``, ``ill``, ``score``."""
    ill = [1] * (found + missed) + [0] * (cleared + alarmed)
    score = [0.9] * found + [0.1] * missed + [0.1] * cleared + [0.9] * alarmed
    return pl.DataFrame({"case": [f"c{i}" for i in range(len(ill))], "ill": ill, "score": score})


def simulated(
    n: int, seed: int, sensitivity: float = 0.95, specificity: float = 0.8
) -> pl.DataFrame:
    """Scored cases, half of them ill, with slices ``site`` and ``age`` that change nothing."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2
    right = rng.random(n) < np.where(ill == 1, sensitivity, specificity)
    flagged = right == (ill == 1)
    score = np.where(flagged, 0.5 + rng.random(n) / 2, rng.random(n) / 2)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            "score": score,
            "site": rng.choice(["north", "south"], n),
            "age": rng.integers(20, 90, n),
        }
    )


def learnable(n: int, seed: int) -> pl.DataFrame:
    """Cases that a linear model can learn: a number with gaps, a category with gaps, and noise."""
    rng = np.random.default_rng(seed)
    size, shape = rng.normal(size=n), rng.choice(["round", "oval", "spiked"], n)
    odds = 2.5 * size + np.where(shape == "spiked", 2.0, -0.5)
    ill = rng.random(n) < 1.0 / (1.0 + np.exp(-odds))
    lost = rng.random((2, n)) < 0.05
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": np.where(ill, "yes", "no"),
            "size": [None if gone else float(x) for x, gone in zip(size, lost[0], strict=True)],
            "shape": [None if gone else str(x) for x, gone in zip(shape, lost[1], strict=True)],
            "noise": rng.normal(size=n),
        }
    )


def write_product(
    folder: Path,
    cases: pl.DataFrame | None,
    requirements: Sequence[Mapping[str, Any]] = (FINDS,),
    *,
    data: Mapping[str, Any] = SCORED,
    **others: Any,
) -> Path:
    """Writes product.yaml and, when there are any, its cases; returns product.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    if cases is not None:
        cases.write_parquet(folder / "cases.parquet")
    page = {
        "version": 1,
        "product": "tested",
        "data": {"cases": "cases.parquet", **data},
        **others,
        "requirements": [dict(one) for one in requirements],
    }
    file = folder / "product.yaml"
    # through JSON: what is named twice is written out twice, without an alias
    file.write_text(yaml.safe_dump(json.loads(json.dumps(page)), sort_keys=False))
    return file


def rewrite(file: Path, **changed: Any) -> None:
    """Changes top-level words of a product.yaml; a mapping is merged into what stands there."""
    page = yaml.safe_load(file.read_text())
    for key, value in changed.items():
        page[key] = {**page.get(key, {}), **value} if isinstance(value, dict) else value
    file.write_text(yaml.safe_dump(page, sort_keys=False))


def judged_on(product: Product, raw: pl.DataFrame) -> OpenStudy:
    """A study of scored cases in memory, prepared as ``check`` prepares them."""
    model = ScoredTable("score", pl.Float64())
    policy = kept_policy(product, model, Workspace.beside(product.file))
    judged = Judged(product, model, policy)
    return OpenStudy(
        judged.subject,
        "memory",
        {"cases": judged.prepared(in_fixed_order(checked(raw, product), "memory"))},
    )


def verdicts_on(file: Path, raw: pl.DataFrame) -> tuple[Verdict, ...]:
    """Every verdict on scored cases in memory, without a trace on disk."""
    product = _loaded(file, file.read_text())
    return verdicts(product, judged_on(product, raw), instruments())


def outcomes_on(file: Path, raw: pl.DataFrame) -> list[Outcome]:
    """Outcomes alone, for simulations: nobody asks what more would be needed."""
    product = _loaded(file, file.read_text())
    registry = {
        name: Incurious(instruments()[name]) for name in {r.metric for r in product.requirements}
    }
    return [verdict.outcome for verdict in verdicts(product, judged_on(product, raw), registry)]


class Incurious:
    """An instrument that measures and never sizes the next test, which takes most of the time."""

    def __init__(self, measures: Instrument) -> None:
        self.about, self.parameters = measures.about, measures.parameters
        self.statistics, self.measure = measures.statistics, measures.measure

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        return Need("cases")


@cache
def _loaded(file: Path, text: str) -> Product:
    return load_product(file)


def outcomes(found: Sequence[Verdict]) -> dict[tuple[str, str], Outcome]:
    """The outcome of every cell by requirement and slice."""
    return {(verdict.requirement, str(verdict.slice)): verdict.outcome for verdict in found}
