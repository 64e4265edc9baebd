"""Fits a rung to cases that may count unlike each other, or says that its kind cannot weigh."""

from __future__ import annotations

from inspect import signature
from typing import cast

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, Rung, WeighingRung


def fit(
    rung: Rung,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task,
    features: tuple[str, ...],
    seed: int,
    weights: pl.Series | None = None,
) -> Fitted:
    """``rung.fit``; ``weights`` (cases,) are handed in only where there are any.

    Raises:
        BadInput: the rung cannot be fitted, or cannot weigh cases.
    """
    if weights is None:
        return rung.fit(cases, truth, task, features, seed)
    if "weights" not in signature(rung.fit).parameters:
        raise BadInput(
            "this kind of model cannot weigh its cases.",
            code="no_weights",
            where="train.weights",
            next_step="Leave it out of `models:`, or remove `train: {weights: costs}`.",
        )
    weighing = cast(WeighingRung, rung)
    return weighing.fit(cases, truth, task, features, seed, weights=weights)
