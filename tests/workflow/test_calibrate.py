"""The whole certificate, again and again: wrong about anything at most as often as declared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.product import Product
from roadworthy.io.product_yaml import parse_product
from roadworthy.stats.triage import grid
from roadworthy.workflow.calibrate import made_from

RUNS, DELTA = 150, 0.10
PAGE = """\
version: 1
product: simulated
data: {cases: cases.csv, id: case, unit: patient, truth: ill, positive: 1, score: score,
  prevalence: as_sampled, split: {validation: 0.3, calibration: 0.7}}
costs: {unit: points, miss: 3, false_alarm: 2, refer: 1}
decision: %s
requirements: [{metric: auc, at_least: 0.5}]
"""
RATES = "{mode: triage, clear: {fnr_at_most: 0.1}, flag: {fpr_at_most: 0.1}, confidence: 0.9%s}"
PREDICTIVE = (
    "{mode: triage, clear: {npv_at_least: 0.9}, flag: {ppv_at_least: 0.8}, confidence: 0.9%s}"
)


def product(decision: str) -> Product:
    protect = ", protect: [{by: vendor}]"
    return parse_product(PAGE % (decision % protect), Path("product.yaml"))


def drawn(rng: np.random.Generator, units: int) -> pl.DataFrame:
    """Units of two alike cases, two vendors, and scores with few values, so with many ties."""
    ill = rng.random(units) < 0.4
    vendor = rng.random(units) < 0.5
    own = rng.normal(np.where(ill, 1.3, -1.3) - 0.2 * vendor, 1.0)
    scores = own[:, None] + rng.normal(0.0, 0.5, (units, 2))
    unit = np.repeat(np.arange(units), 2)
    return pl.DataFrame(
        {
            columns.ID: np.arange(2 * units).astype(str),
            columns.UNIT: unit.astype(str),
            columns.POSITIVE: np.repeat(ill, 2),
            columns.INSIDE: True,
            columns.SCORE: np.round(1.0 / (1.0 + np.exp(-scores.ravel())), 2),
            "vendor": np.repeat(np.where(vendor, "A", "B"), 2),
        }
    )


class Truth:
    """What each threshold really does, from very many units; on the whole and on each vendor."""

    def __init__(self) -> None:
        many = drawn(np.random.default_rng(99), 150_000)
        unit = many.group_by(columns.UNIT, "vendor").agg(
            pl.col(columns.POSITIVE).any(), pl.col(columns.SCORE).max()
        )
        parts = [unit, unit.filter(pl.col("vendor") == "A"), unit.filter(pl.col("vendor") == "B")]
        self._parts = [
            (part[columns.SCORE].to_numpy(), part[columns.POSITIVE].to_numpy()) for part in parts
        ]

    def wrong(self, found: Certificate) -> bool:
        return any(self._worst(one.risk, one.threshold) > one.at_most for one in found.sides)

    def _worst(self, risk: str, threshold: float | None) -> float:
        if threshold is None:
            return 0.0
        return max(_risk(risk, threshold, *part) for part in self._parts)


def _risk(risk: str, t: float, score: NDArray[np.float64], ill: NDArray[np.bool_]) -> float:
    if risk == "fnr":
        return float((score[ill] < t).mean())
    if risk == "fpr":
        return float((score[~ill] > t).mean())
    decided = ill[score < t] if risk == "npv" else ~ill[score > t]
    return float(decided.mean()) if len(decided) else 0.0


@pytest.mark.slow
@pytest.mark.parametrize("decision", [RATES, PREDICTIVE], ids=["fnr and fpr", "npv and ppv"])
def test_sides_parts_ties_units_and_costs_are_wrong_together_at_most_delta_often(
    decision: str,
) -> None:
    asked, truth, rng = product(decision), Truth(), np.random.default_rng(5)
    tried = grid(drawn(rng, 300)[columns.SCORE].to_numpy())
    made = []
    for _ in range(RUNS):
        cases = drawn(rng, 400)
        made.append(made_from(asked, cases, cases, tried))
    decides = [any(one.threshold is not None for one in found.sides) for found in made]
    assert np.mean(decides) > 0.6
    wrong = sum(map(truth.wrong, made))
    assert wrong <= binom.ppf(0.999, RUNS, DELTA)
