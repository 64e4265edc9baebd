"""Training that knows prices: what a case weighs, and what models make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.rungs import Column
from tests.tables import LEARNT, learnable, rewrite, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Calibrate, Task
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import rungs
from roadworthy.models.calibrated import Calibrated
from roadworthy.workflow.kept_rungs import Training
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.weights import learn, weighed

CHEAP = {"metric": "expected_cost", "at_most": 1.0}
SPLIT = {"train": 0.5, "validation": 0.5, "seed": 1}


def written(folder: Path, raw: pl.DataFrame, **changed: Any) -> Path:
    others = {
        "data": {**LEARNT, "prevalence": "as_sampled", "split": SPLIT},
        "costs": {"miss": 8, "false_alarm": 2},
        "train": {"weights": "costs"},
        **changed,
    }
    return write_product(folder, raw, [CHEAP], **others)


def found(file: Path) -> pl.DataFrame:
    product = load_product(file)
    return weighed(load_cases(product).all_open, product)


def test_a_positive_weighs_its_miss_and_a_negative_its_false_alarm(tmp_path: Path) -> None:
    cases = found(written(tmp_path, learnable(200, 1)))
    weight, ill = cases[columns.WEIGHT], cases[columns.POSITIVE]
    assert weight.mean() == pytest.approx(1.0)
    assert weight.filter(ill).unique().len() == weight.filter(~ill).unique().len() == 1
    assert weight.filter(ill)[0] / weight.filter(~ill)[0] == pytest.approx(4.0)


def test_what_is_lost_with_a_wrong_call_is_its_gain_too(tmp_path: Path) -> None:
    file = written(tmp_path, learnable(200, 1))
    rewrite(file, costs={"gain": {"found": 4, "cleared": 1}})
    cases = found(file)
    weight, ill = cases[columns.WEIGHT], cases[columns.POSITIVE]
    assert weight.filter(ill)[0] / weight.filter(~ill)[0] == pytest.approx(12 / 3)


def test_prices_in_another_unit_weigh_the_same(tmp_path: Path) -> None:
    raw = learnable(200, 1)
    one = found(written(tmp_path / "one", raw))[columns.WEIGHT]
    times = {"miss": 8000, "false_alarm": 2000}
    other = found(written(tmp_path / "other", raw, costs=times))[columns.WEIGHT]
    assert one.to_numpy() == pytest.approx(other.to_numpy())


def test_a_column_weighs_case_by_case(tmp_path: Path) -> None:
    raw = learnable(200, 1).with_columns(loss=pl.Series(np.arange(200) % 7 + 1.0))
    costs = {"miss": {"column": "loss", "max": 7}, "false_alarm": 1}
    cases = found(written(tmp_path, raw, costs=costs)).filter(columns.POSITIVE)
    ratio = cases[columns.WEIGHT] / cases["loss"]
    assert ratio.max() == pytest.approx(ratio.min())


def test_of_several_classes_a_case_weighs_its_row(tmp_path: Path) -> None:
    raw = learnable(300, 1)
    data = {"id": "case", "truth": "shape", "prevalence": "as_sampled", "split": SPLIT}
    matrix = {
        "round": {"oval": 1, "spiked": 2},
        "oval": {"round": 5, "spiked": 5},
        "spiked": {"round": 1, "oval": 0},
    }
    raw = raw.filter(pl.col("shape").is_not_null())
    costs = {"matrix": matrix, "gain": {"spiked": 3}}
    cases = found(written(tmp_path, raw, data=data, task="multiclass", costs=costs))
    told = dict(cases.group_by(columns.TRUTH).agg(pl.col(columns.WEIGHT).first()).rows())
    assert told["oval"] / told["round"] == pytest.approx(10 / 3)
    assert told["spiked"] / told["round"] == pytest.approx(4 / 3)


def test_without_being_asked_for_nothing_is_weighed(tmp_path: Path) -> None:
    file = written(tmp_path, learnable(50, 1))
    file.write_text(file.read_text().replace("train:\n  weights: costs\n", ""))
    assert columns.WEIGHT not in found(file).columns


def test_a_class_that_weighs_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        found(written(tmp_path, learnable(50, 1), costs={"miss": 8}))
    assert told.value.code == "no_weight"
    assert "a wrong call of a negative costs nothing" in told.value.message


@pytest.mark.parametrize("name", ["majority", "logistic", "boosting"])
def test_dearer_misses_raise_the_scores_of_every_kind_of_model(tmp_path: Path, name: str) -> None:
    raw = learnable(300, 1)
    features = ("size", "shape", "noise")

    def mean(miss: float) -> float:
        cases = found(written(tmp_path / f"{miss}", raw, costs={"miss": miss, "false_alarm": 1}))
        model = learn(rungs()[name], cases, Task.BINARY, features, 1)
        return float(model.answer(cases).mean())  # type: ignore[arg-type]

    assert mean(1) + 0.05 < mean(5) < mean(25) - 0.02


def test_a_weight_of_two_is_the_case_twice(tmp_path: Path) -> None:
    """What cost-proportionate weights promise: the model of a table in which dear cases repeat."""
    cases = found(written(tmp_path, learnable(200, 1), costs={"miss": 2, "false_alarm": 1}))
    ill, features = pl.col(columns.POSITIVE), ("size", "noise")
    filled = cases.with_columns(pl.col("size").fill_null(0.0))
    twice = pl.concat([filled, filled.filter(ill)]).drop(columns.WEIGHT)
    rung = rungs()["majority"]
    one, other = (learn(rung, t, Task.BINARY, features, 1) for t in (filled, twice))
    assert one.answer(filled)[0] == pytest.approx(other.answer(filled)[0])


class Unweighing:
    """A rung of a stranger that was written before there were weights."""

    def fit(self, cases: Any, truth: Any, task: Any, features: Any, seed: Any) -> Any:
        return Column("noise", 1).fit(cases, truth, task, features, seed)


def test_a_kind_of_model_that_cannot_weigh_is_not_fitted_and_says_so(tmp_path: Path) -> None:
    cases = found(written(tmp_path, learnable(60, 1)))
    rung: Any = Unweighing()
    with pytest.raises(BadInput) as told:
        learn(rung, cases, Task.BINARY, ("noise",), 1)
    assert told.value.code == "no_weights"
    plain = cases.drop(columns.WEIGHT)
    assert learn(rung, plain, Task.BINARY, ("noise",), 1).needs == ("noise",)


@pytest.mark.parametrize("calibrate", ["sigmoid", "isotonic"])
def test_calibration_makes_chances_of_weighed_scores_again(tmp_path: Path, calibrate: str) -> None:
    cases = found(written(tmp_path, learnable(600, 1), costs={"miss": 20, "false_alarm": 1}))
    rung = rungs()["logistic"]
    features, share = ("size", "noise"), cases[columns.POSITIVE].to_numpy().mean()
    weighed_alone = learn(rung, cases, Task.BINARY, features, 1).answer(cases)
    behind = Calibrated(rung, Calibrate(calibrate))
    chances = learn(behind, cases, Task.BINARY, features, 1).answer(cases)
    assert weighed_alone.to_numpy().mean() > share + 0.1
    assert chances.to_numpy().mean() == pytest.approx(share, abs=0.03)
    plain = cases.drop(columns.WEIGHT)
    unweighed = learn(behind, plain, Task.BINARY, features, 1).answer(cases)
    # the rung was weighed all the same: it is another model than without prices
    assert np.abs((chances - unweighed).to_numpy()).max() > 1e-6


def test_calibration_does_not_hide_that_a_rung_cannot_weigh(tmp_path: Path) -> None:
    cases = found(written(tmp_path, learnable(60, 1)))
    rung: Any = Unweighing()
    with pytest.raises(BadInput) as told:
        learn(Calibrated(rung, Calibrate.SIGMOID), cases, Task.BINARY, ("noise",), 1)
    assert told.value.code == "no_weights"


def test_other_prices_make_other_models_and_no_kept_one_is_taken_for_them(tmp_path: Path) -> None:
    raw = learnable(200, 1)
    plain = written(tmp_path / "plain", raw)
    plain.write_text(plain.read_text().replace("train:\n  weights: costs\n", ""))
    files = [plain, written(tmp_path / "one", raw)]
    files.append(written(tmp_path / "other", raw, costs={"miss": 9, "false_alarm": 1}))
    products = [load_product(file) for file in files]
    keys = {Training.of(product, load_cases(product)).key for product in products}
    assert len(keys) == 3
