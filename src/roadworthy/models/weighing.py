"""Fits a rung with what not every kind takes: weights of the cases, columns of text, guidance."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, cast

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, Rung


def fit(
    rung: Rung,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task,
    features: tuple[str, ...],
    seed: int,
    weights: pl.Series | None = None,
    texts: Mapping[str, str | None] | None = None,
    guidance: Guidance | None = None,
) -> Fitted:
    """``rung.fit``; ``weights`` (cases,) and ``texts`` are handed in only where there are any.

    ``guidance`` is for those that ask for it.

    Raises:
        BadInput: the rung cannot be fitted, cannot weigh cases, or cannot read.
    """
    takes = signature(rung.fit).parameters
    others: dict[str, Any] = {}
    if weights is not None:
        others["weights"] = weights
    if texts:
        others["texts"] = texts
    for key in others:
        if key not in takes:
            raise _cannot(*_CANNOT[key])
    if guidance is not None and "guidance" in takes:
        others["guidance"] = guidance
    # each keyword is handed to rungs alone that have it
    return cast(Any, rung).fit(cases, truth, task, features, seed, **others)  # type: ignore[no-any-return]


_CANNOT = {
    "weights": (
        "weigh its cases",
        "no_weights",
        "train.weights",
        "remove `weights` or `sampling` from `train:`",
    ),
    "texts": ("read text", "reads_no_text", "data.text", "take the column out of `data: {text: }`"),
}


def _cannot(what: str, code: str, where: str, step: str) -> BadInput:
    return BadInput(
        f"this kind of model cannot {what}.",
        code=code,
        where=where,
        next_step=f"Leave it out of `models:`, or {step}.",
    )
