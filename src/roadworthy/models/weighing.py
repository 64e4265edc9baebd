"""Hands a rung what it can take: weights, or says that its kind cannot weigh, and guidance."""

from __future__ import annotations

from inspect import signature
from typing import cast

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, GuidedRung, Rung, WeighingRung


def fit(
    rung: Rung,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task,
    features: tuple[str, ...],
    seed: int,
    weights: pl.Series | None = None,
    guidance: Guidance | None = None,
) -> Fitted:
    """``rung.fit``; ``weights`` (cases,) are handed in only where there are any.

    ``guidance`` is for those that ask for it.

    Raises:
        BadInput: the rung cannot be fitted, or cannot weigh cases.
    """
    takes = signature(rung.fit).parameters
    if guidance is not None and "guidance" in takes:
        guided = cast(GuidedRung, rung)
        return guided.fit(cases, truth, task, features, seed, weights, guidance)
    if weights is None:
        return rung.fit(cases, truth, task, features, seed)
    if "weights" not in takes:
        raise BadInput(
            "this kind of model cannot weigh its cases.",
            code="no_weights",
            where="train.weights",
            next_step="Leave it out of `models:`, or remove `train: {weights: costs}`.",
        )
    weighing = cast(WeighingRung, rung)
    return weighing.fit(cases, truth, task, features, seed, weights=weights)
