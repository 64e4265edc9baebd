"""OOD AUROC ranks a declared set against the scope; a number that is not there ranks nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from tests.instruments.measuring import at_least, measured, need, not_measured, outcome

from roadworthy.core import columns
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.ood_auroc import OodAuroc, Parameters
from roadworthy.testing import check_instrument

NAME = "ood_auroc"
FAR = Parameters("far")


def strange(name: str, guard: np.ndarray, units: int | None = None) -> pl.DataFrame:
    n = len(guard)
    unit = [f"{name}{i % (units or n)}" for i in range(n)]
    return pl.DataFrame(
        {
            "set": name,
            columns.UNIT: unit,
            "guard": guard,
            "entropy": guard[::-1] / 4,
            "mutual_information": pl.Series([None] * n, dtype=pl.Float64),
        }
    )


def both(inside: int = 300, far: int = 200, shift: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    parts = [strange("", rng.gamma(2.0, 1.0, inside)), strange("far", rng.gamma(2, 1, far) + shift)]
    return pl.concat([*parts, strange("near", rng.gamma(2.0, 1.0, far))])


@pytest.mark.parametrize("by", ["guard", "entropy"])
def test_it_keeps_the_promises_of_an_instrument(by: str) -> None:
    check_instrument(OodAuroc(), Parameters("far", by))  # type: ignore[arg-type]


def test_it_is_scikit_learns_auc_of_one_set_against_the_scope() -> None:
    table = both()
    some = table.filter(pl.col("set") != "near")
    wanted = roc_auc_score(some["set"] == "far", some["guard"])
    assert measured(NAME, table, at_least(0.5), FAR).estimate == pytest.approx(wanted)
    assert measured(NAME, table, at_least(0.5), FAR).n == 500
    assert outcome(NAME, table, at_least(0.6), FAR) is Outcome.PASS
    assert outcome(NAME, table, at_least(0.6), Parameters("near")) is Outcome.FAIL


def test_what_is_not_told_is_not_measured() -> None:
    told = Parameters("far", "mutual_information")
    assert "500 cases have no mutual information" in not_measured(NAME, both(), at_least(0.6), told)
    gone = not_measured(NAME, both(), at_least(0.6), Parameters("gone"))
    assert gone == "there are no cases of gone to measure it on"


def test_many_pictures_of_one_patient_are_no_more_evidence_than_the_patient() -> None:
    rng = np.random.default_rng(0)
    inside, far = rng.random(300), rng.random(300) + 0.8
    low = []
    for units in (None, 60):
        table = pl.concat([strange("", inside), strange("far", far, units)])
        low.append(measured(NAME, table, at_least(0.5), FAR).low)
    assert low[0] is not None and low[1] is not None and low[1] < low[0]


def test_a_plan_counts_cases_of_the_set() -> None:
    assert need(NAME, at_least(0.9), FAR).of == "cases of far"
    assert need(NAME, at_least(1.0), FAR).never
