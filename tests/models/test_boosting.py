"""The costliest built-in rung earns its place where straight lines cannot follow."""

from __future__ import annotations

import numpy as np
import polars as pl

from roadworthy.core.product import Task
from roadworthy.models.boosting import Boosting
from roadworthy.models.logistic import Logistic


def xor(n: int, seed: int) -> tuple[pl.DataFrame, pl.Series]:
    x = np.random.default_rng(seed).uniform(-1, 1, (2, n))
    return pl.DataFrame({"a": x[0], "b": x[1]}), pl.Series((x[0] > 0) ^ (x[1] > 0))


def test_an_interaction_is_learnt_by_trees_and_not_by_a_line() -> None:
    (cases, truth), (fresh, answer) = xor(600, 1), xor(600, 2)
    right = {}
    for rung in (Logistic(), Boosting()):
        score = rung.fit(cases, truth, Task.BINARY, ("a", "b"), 0).answer(fresh)
        right[type(rung).__name__] = float(np.mean((score >= 0.5).to_numpy() == answer.to_numpy()))
    assert right["Boosting"] > 0.9
    assert right["Logistic"] < 0.65
