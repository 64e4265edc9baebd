"""A chance is told where there is one, and an expected cost where there is a chance and a price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import columns
from roadworthy.core.product import (
    Calibrate,
    CaseCost,
    CostMatrix,
    Costs,
    Data,
    Product,
    TrainRules,
)
from roadworthy.models import calibrators
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.models.scored_table import ScoredTable
from roadworthy.stats.cost_thresholds import by_ratio
from roadworthy.workflow.chances import (
    answered,
    chances,
    cost_columns,
    expected_costs,
    priced,
    why_no_chance,
)

PRICES = st.floats(0.1, 100)


def costs_of(costs: Costs | None, p: float | None, **others: float) -> tuple[float | None, ...]:
    frame = pl.DataFrame({"@probability": pl.Series([p], dtype=pl.Float64), **others})
    return frame.select(expected_costs(costs)).row(0)


@given(st.floats(0, 1), PRICES, PRICES, PRICES)
def test_the_cheapest_action_is_the_one_that_elkan_and_chow_name(
    p: float, miss: float, alarm: float, refer: float
) -> None:
    clear, flag, person = costs_of(Costs(miss=miss, false_alarm=alarm, refer=refer), p)
    assert clear is not None and flag is not None and person is not None
    threshold, band = by_ratio(miss, alarm, refer=refer)
    least = min(clear, flag, person)
    if band is not None and band[0] <= p < band[1]:
        assert person == pytest.approx(least)
    else:
        assert (flag if p >= threshold else clear) == pytest.approx(least)


@given(st.floats(0, 1), PRICES, st.floats(0, 100))
def test_a_dearer_miss_never_makes_clearing_cheaper(p: float, miss: float, more: float) -> None:
    before, after = (costs_of(Costs(miss=m, false_alarm=1.0), p) for m in (miss, miss + more))
    assert before[0] is not None and after[0] is not None
    assert after[0] >= before[0] and after[1:] == before[1:]


def test_amounts_per_case_and_what_right_calls_earn_are_counted() -> None:
    costs = Costs(miss=CaseCost("amount", 100.0), false_alarm=4.0, refer=1.0, found=2.0)
    assert cost_columns(costs) == (CaseCost("amount", 100.0),)
    assert costs_of(costs, 0.25, amount=40.0) == pytest.approx((10.0, 2.5, 1.0))


def test_without_a_chance_or_a_price_there_is_no_cost() -> None:
    assert costs_of(Costs(miss=1.0), None) == (None, None, None)
    assert costs_of(None, 0.5) == (None, None, None)
    assert not priced(None) and not priced(Costs(refer=3.0))
    assert not priced(Costs(miss=1.0, matrix=CostMatrix(("a", "b"), ((0.0, 1.0), (1.0, 0.0)))))
    assert priced(Costs(miss=1.0)) and priced(Costs(false_alarm=CaseCost("x", 2.0)))


def test_a_chance_is_told_in_scope_only_and_a_plain_score_is_none() -> None:
    frame = pl.DataFrame({columns.SCORE: [0.25, 0.5], columns.INSIDE: [True, False]})
    told = pl.DataFrame(
        {
            "score": [0.25, 0.5],
            "low": [0.2, 0.4],
            "high": [0.3, 0.6],
            "entropy": [0.5, 0.6],
            "mutual_information": pl.Series([None, None], dtype=pl.Float64),
        }
    )
    known = frame.select(chances(told, known=True))
    assert known.columns == [
        *("@probability", "@probability_low", "@probability_high"),
        *("@entropy", "@mutual_information"),
    ]
    assert known.rows() == [(0.25, 0.2, 0.3, 0.5, None), (None, None, None, 0.6, None)]
    assert frame.select(chances(told, known=False)).row(0) == (None, None, None, 0.5, None)
    bare = frame.select(chances(None, known=True))
    assert bare.row(0) == (0.25, None, None, None, None)


def test_an_interval_around_no_score_is_none() -> None:
    score = pl.Series([None, 0.5], dtype=pl.Float64)
    frame = pl.DataFrame({columns.SCORE: score, columns.INSIDE: [True, True]})
    told = pl.DataFrame({"score": score, "low": [0.9, 0.4], "high": [1.0, 0.6]}).with_columns(
        entropy=pl.Series([float("nan"), 0.7]), mutual_information=pl.lit(None, dtype=pl.Float64)
    )
    assert frame.select(chances(told, known=True)).rows() == [
        (None, None, None, None, None),
        (0.5, 0.4, 0.6, 0.7, None),
    ]


@dataclass(frozen=True)
class Members:
    """A model whose members' mean differs from its answer in the last digit."""

    name: str = "members"
    fingerprint: str = "f"
    files: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ("x",)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        return cases["x"]

    def distribution(self, cases: pl.DataFrame) -> pl.DataFrame:
        near = cases["x"] + 1e-16
        return pl.DataFrame({"score": near, "low": near, "high": near})


def test_decisions_are_made_on_answers_and_not_on_the_mean_of_a_distribution() -> None:
    cases = pl.DataFrame({"x": [0.1, 0.3]})
    found, told = answered(Members(), cases)
    assert found.to_list() == [0.1, 0.3]
    assert told is not None and told["score"].to_list() != [0.1, 0.3]
    assert answered(ScoredTable("x"), cases)[1] is None


def test_a_calibrated_model_is_asked_once_and_says_the_same() -> None:
    scores = np.linspace(0.01, 0.99, 60)
    calibrator = calibrators.fit(Calibrate.SIGMOID, scores, scores > 0.4)
    model = CalibratedModel(ScoredTable("x", pl.Float64()), calibrator)
    cases = pl.DataFrame({"x": [0.2, None, 0.9]})
    found, told = answered(model, cases)
    assert found.equals(model.answer(cases), null_equal=True)
    assert told is not None and told.equals(model.distribution(cases))


@pytest.mark.parametrize(
    ("method", "weights", "known"),
    [
        (Calibrate.SIGMOID, None, True),
        (Calibrate.SIGMOID, "costs", True),
        (Calibrate.TEMPERATURE, None, True),
        (Calibrate.TEMPERATURE, "costs", False),
        (Calibrate.NONE, "costs", False),
    ],
)
def test_weights_make_no_chances_unless_a_calibrator_shifts_them_back(
    method: Calibrate, weights: Literal["costs"] | None, known: bool
) -> None:
    scores = np.linspace(0.01, 0.99, 60)
    model = CalibratedModel(ScoredTable("x"), calibrators.fit(method, scores, scores > 0.4))
    product = Product("p", Data(("cases.csv",)), (), training=TrainRules(weights))
    assert (why_no_chance(product, model) is None) == known
