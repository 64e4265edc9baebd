"""Every rung that learns reads text, safely, the same every time, and whatever is written later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from tests.texts import messages, wordy

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Calibrate, Task
from roadworthy.io.registry import rungs
from roadworthy.models.calibrated import Calibrated
from roadworthy.models.pipelines import TrainedPipeline, load
from roadworthy.models.reading import Reading

FEATURES = ("noise", "message")
LEARN = ("logistic", "boosting")
STRANGE = pl.DataFrame(
    {
        "noise": [0.0, None, 1.0, 2.0],
        "message": ["völlig neue Wörter 😀", None, "  \n ", "the lamp " * 5000],
    }
)
learn = pytest.mark.parametrize("rung", LEARN)


def fitted(rung: str, how: str | None = None, cases: pl.DataFrame | None = None) -> Any:
    found = messages(200, 3) if cases is None else cases
    reading = Reading(rungs()[rung], {"message": how})
    return reading.fit(found, found["ill"] == "yes", Task.BINARY, FEATURES, 7)


@learn
@pytest.mark.parametrize("how", [None, "lsa"])
def test_what_words_tell_is_learnt(rung: str, how: str | None) -> None:
    fresh = messages(300, 5, gaps=0.0)
    score = fitted(rung, how).answer(fresh)
    assert roc_auc_score(fresh["ill"] == "yes", score) > 0.95


@learn
def test_the_file_is_the_same_every_time_and_gives_back_the_model(
    rung: str, tmp_path: Path
) -> None:
    model = fitted(rung)
    content = model.to_bytes()
    assert content == fitted(rung).to_bytes()
    file = tmp_path / "model.skops"
    file.write_bytes(content)
    again = load(file)
    fresh = messages(50, 8)
    assert again.answer(fresh).to_list() == model.answer(fresh).to_list()
    assert set(again.needs) == set(FEATURES)
    # what is made ready to read is not written, also after it was used
    assert again.to_bytes() == content == model.to_bytes()


@learn
def test_new_words_gaps_and_long_texts_are_answered_one_by_one(rung: str) -> None:
    model = fitted(rung)
    together = model.answer(STRANGE).to_list()
    alone = [model.answer(STRANGE[row])[0] for row in range(STRANGE.height)]
    assert np.allclose(together, alone, rtol=0, atol=1e-12)
    assert all(0.0 <= score <= 1.0 for score in together)


@learn
def test_a_gap_and_blanks_are_the_same_and_can_be_learnt(rung: str) -> None:
    told = messages(200, 3, gaps=0.0)
    empty = told["ill"] == "yes"
    lovely = "the tent number 3 is lovely"
    text = pl.Series([lovely] * 200).set(empty, None)
    model = fitted(rung, cases=told.with_columns(message=text, noise=0.0))
    gap, blank, written = model.answer(
        pl.DataFrame({"noise": [0.0] * 3, "message": [None, " ", lovely]})
    )
    assert gap == blank > 0.9 > 0.1 > written


@pytest.mark.parametrize("task", list(Task))
def test_every_task_is_read_for(task: Task) -> None:
    cases = messages(120, 3)
    ill = cases["ill"] == "yes"
    truth = {
        Task.BINARY: ill,
        Task.MULTICLASS: cases["ill"],
        Task.REGRESSION: ill.cast(pl.Float64),
    }
    for name in LEARN:
        rung = Reading(rungs()[name], {"message": None})
        model = rung.fit(cases, truth[task], task, FEATURES, 7)
        assert model.answer(STRANGE).null_count() == 0


def test_the_ensemble_reads_and_says_how_its_members_differ() -> None:
    model = fitted("ensemble", cases=messages(40, 3))
    spread = model.distribution(STRANGE)
    assert spread["score"].to_list() == pytest.approx(model.answer(STRANGE).to_list())


def test_a_reading_rung_is_calibrated_and_weighed_like_any_other() -> None:
    cases = messages(200, 3)
    rung = Calibrated(Reading(rungs()["logistic"], {"message": None}), Calibrate.SIGMOID)
    ill = cases["ill"] == "yes"
    weights = pl.Series(np.where(ill, 1.8, 0.2))
    model = rung.fit(cases, ill, Task.BINARY, FEATURES, 7, weights=weights)
    assert "sigmoid calibration" in model.name
    plain = Reading(rungs()["logistic"], {"message": None})
    heavy, light = (
        plain.fit(cases, ill, Task.BINARY, FEATURES, 7, weights=given).answer(STRANGE)[0]
        for given in (weights, None)
    )
    assert heavy > light


def test_a_column_that_is_not_declared_is_still_no_category() -> None:
    cases = messages(200, 3)
    with pytest.raises(BadInput, match="different texts") as told:
        rungs()["logistic"].fit(cases, cases["ill"] == "yes", Task.BINARY, FEATURES, 7)
    assert told.value.code == "too_many_categories"
    assert "data: {text: [message]}" in told.value.next_step


def test_a_name_is_not_proposed_as_text() -> None:
    cases = messages(200, 3).with_columns(message=pl.format("p-{}", pl.int_range(200)))
    with pytest.raises(BadInput) as told:
        rungs()["logistic"].fit(cases, cases["ill"] == "yes", Task.BINARY, FEATURES, 7)
    assert "text:" not in told.value.next_step


@learn
@pytest.mark.parametrize(
    ("change", "how", "code"),
    [
        ({"message": pl.lit(" ")}, None, "no_words"),
        ({"message": pl.int_range(pl.len())}, None, "not_text"),
        ({}, "nonsense", "unknown_embedding"),
    ],
)
def test_what_cannot_be_read_is_told(
    rung: str, change: dict[str, pl.Expr], how: str | None, code: str
) -> None:
    with pytest.raises(BadInput) as told:
        fitted(rung, how, messages(60, 3).with_columns(**change))
    assert told.value.code == code and told.value.next_step


def test_trees_do_not_take_thousands_of_sparse_numbers() -> None:
    with pytest.raises(BadInput, match="lsa") as told:
        fitted("boosting", "tfidf", wordy(messages(400, 3)))
    assert told.value.code == "too_wide"


def test_a_kind_of_model_that_cannot_read_says_so() -> None:
    class Illiterate:
        rank, why = 5, "numbers alone"

        def title(self, task: Task) -> str:
            return "no reader"

        def fit(
            self,
            cases: pl.DataFrame,
            truth: pl.Series,
            task: Task,
            features: tuple[str, ...],
            seed: int,
        ) -> TrainedPipeline:
            raise AssertionError("it must not be asked")

        def load(self, artifact: Path) -> TrainedPipeline:
            raise AssertionError

    cases = messages(30, 3)
    rung = Reading(Illiterate(), {"message": None})
    with pytest.raises(BadInput) as told:
        rung.fit(cases, cases["ill"] == "yes", Task.BINARY, FEATURES, 7)
    assert told.value.code == "reads_no_text"


def test_a_file_that_holds_anything_else_is_refused(tmp_path: Path) -> None:
    from skops.io import dumps

    from roadworthy.models.text_column import TextColumn

    column = TextColumn("tfidf", 7, False)
    column.kept_ = {"words": Path("anywhere")}
    file = tmp_path / "model.skops"
    file.write_bytes(dumps({"pipeline": column, "card": {}}))
    with pytest.raises(BadInput, match="not trusted"):
        load(file)
