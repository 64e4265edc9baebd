"""The lowest rung: one answer for every case, and not a column is read."""

from __future__ import annotations

import polars as pl
import pytest

from roadworthy.core.product import Task
from roadworthy.models.majority import Majority

CASES = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})


@pytest.mark.parametrize(
    ("task", "truth", "answer"),
    [
        (Task.BINARY, [True, False, False, False], 0.25),
        (Task.MULTICLASS, ["b", "a", "b", "c"], "b"),
        (Task.REGRESSION, [1.0, 2.0, 4.0, 1000.0], 3.0),
    ],
)
def test_the_share_the_commonest_class_or_the_median(
    task: Task, truth: list[bool] | list[str] | list[float], answer: object
) -> None:
    model = Majority().fit(CASES, pl.Series(truth), task, ("x",), 0)
    assert model.needs == ()
    assert model.answer(CASES).to_list() == [answer] * 4
