"""What the built-in rungs learn and refuse, beyond what the kit asks of every rung."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import learnable

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.io.registry import rungs
from roadworthy.models.pipelines import matrix

BUILT_IN = ("majority", "logistic", "boosting")
LEARN = ("logistic", "boosting")
FEATURES = ("size", "shape", "noise")
every = pytest.mark.parametrize("rung", BUILT_IN)


def truth_for(task: Task, cases: pl.DataFrame) -> pl.Series:
    ill = cases["ill"] == "yes"
    if task is Task.BINARY:
        return ill
    if task is Task.REGRESSION:
        return ill.cast(pl.Float64) + 0.1 * cases["noise"]
    return pl.Series(np.where(ill, "ill", np.where(cases["noise"] > 0, "well", "unclear")))


def fitted(rung: str, task: Task = Task.BINARY, cases: pl.DataFrame | None = None) -> Any:
    found = learnable(200, 3) if cases is None else cases
    return rungs()[rung].fit(found, truth_for(task, found), task, FEATURES, 7)


@pytest.mark.parametrize("rung", LEARN)
def test_what_can_be_learnt_is_learnt(rung: str) -> None:
    fresh = learnable(2000, 5)
    score = fitted(rung, cases=learnable(1000, 3)).answer(fresh)
    right = (score >= 0.5) == (fresh["ill"] == "yes")
    assert right.mean() > 0.75


@every
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_one_class_teaches_nothing(rung: str, task: Task) -> None:
    cases = learnable(50, 3)
    truth = pl.Series([True] * 50 if task is Task.BINARY else ["a"] * 50)
    with pytest.raises(BadInput) as told:
        rungs()[rung].fit(cases, truth, task, FEATURES, 7)
    assert told.value.code == "one_class"


@pytest.mark.parametrize("rung", LEARN)
@pytest.mark.parametrize("word", ["never differ", "are empty"])
def test_features_that_never_differ_teach_nothing(rung: str, word: str) -> None:
    same = pl.lit(None, dtype=pl.Float64) if word == "are empty" else pl.lit(2.0)
    cases = learnable(50, 3).with_columns(size=same, shape=pl.lit(None), noise=same)
    with pytest.raises(BadInput, match=word) as told:
        fitted(rung, cases=cases)
    assert told.value.code == "nothing_to_learn_from"


@pytest.mark.parametrize("rung", LEARN)
def test_a_text_that_names_the_case_is_refused(rung: str) -> None:
    cases = learnable(200, 3).with_columns(shape=pl.format("patient {}", pl.int_range(200)))
    with pytest.raises(BadInput) as told:
        fitted(rung, cases=cases)
    assert (told.value.code, told.value.where) == ("too_many_categories", "column shape")


@pytest.mark.parametrize("rung", LEARN)
def test_an_infinite_value_is_told_with_its_column(rung: str) -> None:
    model, endless = fitted(rung), learnable(10, 4).with_columns(noise=pl.lit(float("inf")))
    with pytest.raises(BadInput, match="noise") as told:
        model.answer(endless)
    assert told.value.code == "infinite_feature"


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("size", pl.col("size").cast(pl.String)),
        ("size", pl.col("size") > 0),
        ("size", pl.lit("2026-01-01").str.to_date()),
        ("shape", pl.lit(1.0)),
    ],
)
def test_a_feature_of_another_kind_than_it_was_is_refused_by_name(
    column: str, changed: pl.Expr
) -> None:
    with pytest.raises(BadInput, match=column) as told:
        matrix(learnable(60, 1).with_columns(changed.alias(column)), ("size",), ("shape",))
    assert told.value.code == "changed_type" and told.value.next_step


def test_a_feature_without_any_value_has_no_kind() -> None:
    empty = learnable(9, 1).with_columns(
        pl.lit(None, pl.String).alias("size"), pl.lit(None, pl.Float64).alias("shape")
    )
    assert matrix(empty, ("size",), ("shape",)).shape == (9, 2)
