"""On German credit with its official prices a net that minimises cost costs less at its own cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from tests.models.nets.learning import guidance

from roadworthy.core.product import LossName, Task, TrainRules
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.rungs import Mlp

CREDIT = Path(__file__).parents[3] / "examples" / "credit"
NO_REASON = ("case", "personal_status", "age", "foreign_worker", "credit")
MISS, FALSE_ALARM, SEEDS = 5.0, 1.0, 8


@pytest.mark.slow
def test_the_loss_of_the_prices_lowers_what_calls_cost() -> None:
    """The same net, cases and cut of .5; the paired t bound over seeds is one-sided, 99 %.

    That the log loss does as well once its *threshold* knows the prices is told in docs/images.md.
    """
    tables = [pl.read_csv(CREDIT / f"{name}.csv") for name in ("applications", "kept_aside")]
    cases = pl.concat(tables, how="vertical_relaxed")
    saved = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(cases.height)
        log, aligned = (_cost(cases, order, loss, seed) for loss in (LossName.LOG, LossName.COST))
        saved.append(log - aligned)
    bound = np.mean(saved) - stats.t.ppf(0.99, SEEDS - 1) * stats.sem(saved)
    assert bound > 0.1, saved


def _cost(
    cases: pl.DataFrame,
    order: np.ndarray[tuple[int], np.dtype[np.int64]],
    loss: LossName,
    seed: int,
) -> float:
    """What the calls of fresh cases cost on average."""
    features = tuple(name for name in cases.columns if name not in NO_REASON)
    seen, fresh = cases[order[:600]], cases[order[600:]]
    bad, truth = seen["credit"] == "bad", (fresh["credit"] == "bad").to_numpy()
    costs = np.where(bad.to_numpy()[:, None], [[MISS, 0.0]], [[0.0, FALSE_ALARM]])
    told = guidance(seen, training=TrainRules(loss=loss), costs=costs, calls=(False, True))
    rung = Mlp("S", Plan(epochs=25, patience=6, least_steps=0))
    model = rung.fit(seen.select(features), bad, Task.BINARY, features, seed, None, told)
    flagged = model.answer(fresh).to_numpy() >= 0.5
    return float(np.where(truth, MISS * ~flagged, FALSE_ALARM * flagged).mean())
