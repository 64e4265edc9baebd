"""Cases whose answers are known beforehand, and what an instrument makes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.need import Need
from roadworthy.core.policy import Policy, Referred
from roadworthy.core.requirement import Limit, Requirement, Side, Slice, SliceKey
from roadworthy.core.verdict import Outcome
from roadworthy.io.registry import instruments
from roadworthy.workflow.gather import gather
from roadworthy.workflow.prepare import decide, without_decision
from roadworthy.workflow.slicing import Cell

ALPHA = 0.05
RUN = "run"


def at_least(value: float) -> Limit:
    return Limit(Side.AT_LEAST, value)


def at_most(value: float) -> Limit:
    return Limit(Side.AT_MOST, value)


def max_drop(value: float) -> Limit:
    return Limit(Side.MAX_DROP, value, against="reader")


def min_gain(value: float) -> Limit:
    return Limit(Side.MIN_GAIN, value, against="reader")


def table(unit: Any = None, inside: Any = None, **named: Any) -> pl.DataFrame:
    """Cases with these columns, in scope and each a unit of its own unless said otherwise."""
    found = pl.DataFrame(named)
    ids = [f"c{i}" for i in range(found.height)]
    return found.with_columns(
        pl.Series(columns.ID, ids, dtype=pl.String),
        pl.Series(columns.UNIT, ids if unit is None else [str(u) for u in unit], dtype=pl.String),
        pl.Series(columns.INSIDE, [True] * found.height if inside is None else inside),
        pl.lit(None, dtype=pl.String).alias(columns.OUTSIDE),
    )


def binary(
    positive: Any,
    score: Any,
    *,
    reader: Any = None,
    doubt: tuple[float, float] | None = None,
    referred: Referred | None = None,
    **more: Any,
) -> pl.DataFrame:
    """Cases of a product that flags from a score of .5, decided as ``check`` decides them."""
    named = {
        columns.POSITIVE: np.asarray(positive, dtype=bool),
        columns.SCORE: np.asarray(score, dtype=np.float64),
    }
    if reader is not None:
        named[columns.call("reader")] = np.asarray(reader, dtype=bool)
    return decide(table(**named, **more), Policy(0.5, doubt), referred)


def answered(truth: Any, predicted: Any, *, reader: Any = None, **more: Any) -> pl.DataFrame:
    """Cases of a multiclass or regression product."""
    named = {columns.TRUTH: truth, columns.PREDICTED: predicted}
    if reader is not None:
        named[columns.call("reader")] = reader
    return without_decision(table(**named, **more))


def confused(found: int, missed: int, cleared: int = 0, alarmed: int = 0) -> pl.DataFrame:
    """Cases with exactly these counts."""
    positive = np.repeat([True, True, False, False], [found, missed, cleared, alarmed])
    score = np.repeat([0.9, 0.1, 0.1, 0.9], [found, missed, cleared, alarmed])
    return binary(positive, score)


def asked(metric: str, limit: Limit, parameters: Any = None, **more: Any) -> Requirement[Any]:
    """A requirement; ``parameters`` are the metric's defaults unless given."""
    words = instruments()[metric].parameters() if parameters is None else parameters
    return Requirement("asked", metric, limit, words, **more)


def evidence(
    metric: str,
    cases: pl.DataFrame,
    limit: Limit,
    parameters: Any = None,
    *,
    anytime: bool = False,
    alpha: float = ALPHA,
    **more: Any,
) -> Evidence:
    """What is measured, by the way that every verdict goes."""
    requirement = asked(metric, limit, parameters, **more)
    gathered = gather(cases, [Cell(requirement)], instruments())[0]
    return instruments()[metric].measure(requirement, gathered, Regime(alpha, anytime))


def measured(*given: Any, **more: Any) -> Measured:
    found = evidence(*given, **more)
    assert isinstance(found, Measured), found
    return found


def not_measured(*given: Any, **more: Any) -> str:
    """The reason why there is no number."""
    found = evidence(*given, **more)
    assert isinstance(found, NotMeasured), found
    return found.reason


def outcome(*given: Any, **more: Any) -> Outcome:
    """The verdict on this cell, were it the only one."""
    found = evidence(*given, **more)
    if isinstance(found, NotMeasured):
        return Outcome.INCONCLUSIVE
    if found.p_pass <= ALPHA:
        return Outcome.PASS
    return Outcome.FAIL if found.p_fail <= ALPHA else Outcome.INCONCLUSIVE


def need(
    metric: str, limit: Limit, parameters: Any = None, power: float = 0.8, **more: Any
) -> Need:
    return instruments()[metric].need(
        asked(metric, limit, parameters, **more), None, Regime(ALPHA), power
    )


def run_numbers(runs: int, cases: int) -> list[int]:
    """The column that parts one table into many studies."""
    return [int(run) for run in np.repeat(np.arange(runs), cases)]


def false_passes(
    metric: str,
    studies: pl.DataFrame,
    limit: Limit,
    parameters: Any = None,
    same: Callable[[Any], Hashable] | None = None,
) -> float:
    """Share of studies, told apart by the column ``run``, whose verdict is PASS.

    ``same`` names what was gathered: studies of one name are measured once.
    """
    requirement, instrument = asked(metric, limit, parameters), instruments()[metric]
    runs = studies[RUN].unique().to_list()
    cells = [Cell(requirement, Slice((SliceKey(RUN, run),))) for run in runs]
    known: dict[Hashable, bool] = {}
    passed = 0
    for number, gathered in enumerate(gather(studies, cells, instruments())):
        key = number if same is None else same(gathered)
        if key not in known:
            found = instrument.measure(requirement, gathered, Regime(ALPHA))
            known[key] = isinstance(found, Measured) and found.p_pass <= ALPHA
        passed += known[key]
    return passed / len(runs)


def within_error(runs: int) -> float:
    """The most false PASSes that ``runs`` simulated studies may show when alpha is kept."""
    return ALPHA + 3.0 * float(np.sqrt(ALPHA * (1.0 - ALPHA) / runs))
