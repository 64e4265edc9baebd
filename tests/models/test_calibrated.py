"""A calibrated rung is the rung, read back with a calibrator that learnt from cases held out."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest
from tests.rungs import Reads
from tests.tables import learnable

from roadworthy.core.errors import BadInput
from roadworthy.core.model import Uncertain
from roadworthy.core.product import Calibrate, Task
from roadworthy.models import calibrators
from roadworthy.models.boosting import Boosting
from roadworthy.models.calibrated import Calibrated, CalibratedModel
from roadworthy.models.ensemble import Ensemble
from roadworthy.models.logistic import Logistic
from roadworthy.stats import calibration

FEATURES = ("size", "shape", "noise")
TENTHS = np.linspace(0.0, 1.0, 11)


def learnt(rung: Calibrated, n: int = 600, seed: int = 1) -> CalibratedModel:
    raw = learnable(n, seed)
    found = rung.fit(raw.select(FEATURES), raw["ill"] == "yes", Task.BINARY, FEATURES, 0)
    assert isinstance(found, CalibratedModel)
    return found


def reread(rung: Calibrated, model: CalibratedModel, folder: Path) -> CalibratedModel:
    (folder / "m").write_bytes(model.to_bytes())
    found = rung.load(folder / "m")
    assert isinstance(found, CalibratedModel)
    return found


@pytest.mark.parametrize("inner", [Logistic(), pytest.param(Ensemble(), marks=pytest.mark.slow)])
def test_a_model_read_back_answers_alike_and_its_file_is_the_same_twice(
    inner: Logistic | Ensemble, tmp_path: Path
) -> None:
    rung, fresh = Calibrated(inner, Calibrate.SIGMOID), learnable(50, 2)
    model = learnt(rung, 300)
    again = reread(rung, model, tmp_path)
    assert again.answer(fresh).to_list() == model.answer(fresh).to_list()
    assert again.to_bytes() == model.to_bytes() == learnt(rung, 300).to_bytes()
    assert again.files == (tmp_path / "m",)
    assert again.name.endswith(", sigmoid calibration")


def test_trees_that_are_too_sure_are_nearer_to_what_happens_once_calibrated() -> None:
    fresh = learnable(20000, 3)
    happened = (fresh["ill"] == "yes").to_numpy()

    def error(model: CalibratedModel) -> float:
        return calibration.estimate(
            calibration.bins(model.answer(fresh).to_numpy(), happened, TENTHS)
        )

    plain = learnt(Calibrated(Boosting(), Calibrate.NONE), 250)
    assert error(learnt(Calibrated(Boosting(), Calibrate.AUTO), 250)) < 0.8 * error(plain)


def test_only_an_ensemble_tells_what_its_members_disagree_on() -> None:
    fresh = learnable(40, 4)
    asked = learnt(Calibrated(Ensemble(), Calibrate.TEMPERATURE), 300).distribution(fresh)
    assert asked["mutual_information"].null_count() == 0
    assert ((asked["low"] <= asked["score"]) & (asked["score"] <= asked["high"])).all()
    alone = learnt(Calibrated(Logistic(), Calibrate.TEMPERATURE), 300)
    assert isinstance(alone, Uncertain)
    assert alone.distribution(fresh)["mutual_information"].null_count() == fresh.height


def test_members_differ_more_where_nothing_was_learnt() -> None:
    model = Ensemble().fit(
        learnable(600, 5).select(FEATURES),
        learnable(600, 5)["ill"] == "yes",
        Task.BINARY,
        FEATURES,
        0,
    )
    assert isinstance(model, Uncertain)
    seen = learnable(300, 6)
    edge = seen.with_columns(size=pl.lit(0.1), shape=pl.lit("spiked"), noise=pl.lit(3.5))
    told = [model.distribution(cases)["mutual_information"].mean() for cases in (seen, edge)]
    assert told[1] > told[0]  # type: ignore[operator]


def test_what_is_no_score_is_left_for_the_judge_to_refuse() -> None:
    scores = np.linspace(0.01, 0.99, 100)
    calibrator = calibrators.fit(Calibrate.SIGMOID, scores, scores > 0.5)
    cases = pl.DataFrame({"s": [0.2, None, 1.5, 0.9, float("nan")]})
    found = CalibratedModel(Reads("s"), calibrator).answer(cases)
    assert found[1] is None
    assert found[2] == 1.5
    assert np.isnan(found[4])
    assert found[0] == calibrator([0.2])[0]
    assert found[3] == calibrator([0.9])[0]


def test_a_damaged_file_is_named_and_the_next_step_is_told(tmp_path: Path) -> None:
    rung = Calibrated(Logistic(), Calibrate.SIGMOID)
    broken = tmp_path / "m"
    broken.write_bytes(learnt(rung, 200).to_bytes()[:-40])
    with pytest.raises(BadInput, match="cannot be read"):
        rung.load(broken)
    with ZipFile(broken, "w") as archive:
        archive.writestr("model", b"")
    with pytest.raises(BadInput, match="cannot be read"):
        rung.load(broken)


def test_few_cases_of_one_kind_cannot_be_calibrated_on() -> None:
    raw = learnable(60, 7)
    truth = pl.Series([True] * 5 + [False] * 55)
    with pytest.raises(BadInput, match="5 positives to calibrate on"):
        Calibrated(Logistic(), Calibrate.AUTO).fit(
            raw.select(FEATURES), truth, Task.BINARY, FEATURES, 0
        )
