"""What the best rung gains over the kept one, pair by pair on the same open cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.ladder import Gain
from roadworthy.core.policy import Policy
from roadworthy.core.product import Task
from roadworthy.core.requirement import Limit, Side, Whose
from roadworthy.workflow.gather import gather
from roadworthy.workflow.slicing import Cell
from roadworthy.workflow.subject import Judged

_KEPT = "@kept"


def gained(
    requirement: str,
    best: Judged,
    kept: Judged,
    cases: pl.DataFrame,
    instruments: Mapping[str, Instrument],
    rung: str,
) -> Gain | None:
    """How much better ``best`` is in a requirement, on all cases; None: it cannot be told in pairs.

    The cases are those that chose the kept one, so this tells what was given up and proves nothing.
    """
    asked = next(r for r in best.product.requirements if r.id == requirement)
    comparable = instruments[asked.metric].about.comparable and not asked.limit.compares
    if not comparable or asked.of is Whose.TEAM or not (_decides(best) and _decides(kept)):
        return None
    both = best.prepared(cases).with_columns(_calls(kept, cases).alias(columns.call(_KEPT)))
    paired = replace(asked, limit=Limit(Side.MIN_GAIN, 0.0, against=_KEPT), slices=())
    alpha = 1.0 - asked.confidence
    try:
        found = gather(both, [Cell(paired)], instruments)[0]
    except BadInput:
        return None
    seen = instruments[asked.metric].measure(paired, found, Regime(alpha))
    if not isinstance(seen, Measured):
        return None
    return Gain(requirement, rung, seen.estimate, seen.low, seen.high, asked.confidence, seen.n)


def _decides(judged: Judged) -> bool:
    """Whether every case gets a call: what goes to a person is nobody's gain."""
    policy = judged.policy
    if judged.product.task is not Task.BINARY:
        return True
    return isinstance(policy, Policy) and policy.refer_between is None


def _calls(judged: Judged, cases: pl.DataFrame) -> pl.Series:
    name = columns.FLAGGED if judged.product.task is Task.BINARY else columns.PREDICTED
    return judged.prepared(cases)[name]
