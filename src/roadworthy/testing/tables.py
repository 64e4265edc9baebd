"""The tables on which the kits try what they are given: prepared as the workflow prepares them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.guard import FALSE_ALARMS, MUST_DETECT, STRANGENESS
from roadworthy.core.policy import Policy, Referred
from roadworthy.core.product import Task
from roadworthy.workflow.prepare import decide, in_fixed_order, without_decision

OTHER = "other"


def prepared_cases(task: Task, n: int = 400, seed: int = 7) -> pl.DataFrame:
    """Cases as instruments see them (see core.columns), some of them out of scope or referred.

    The user's own columns are ``events``, ``miles`` and ``price`` (0 to 1); ``@call:other`` is what
    somebody else said.

    >>> prepared_cases(Task.REGRESSION)["@predicted"].len()
    400
    """
    rng = np.random.default_rng(seed)
    ids = [f"case-{i}" for i in range(n)]
    inside = rng.random(n) < 0.95
    cases = pl.DataFrame(
        {
            columns.ID: ids,
            columns.UNIT: ids,
            columns.INSIDE: inside,
            columns.OUTSIDE: [None if fits else "OUT_OF_SCOPE:age" for fits in inside],
            "events": rng.poisson(0.2, n),
            "miles": rng.uniform(10.0, 30.0, n),
            "price": rng.random(n),
        },
        schema_overrides={columns.OUTSIDE: pl.String},
    )
    made = {Task.BINARY: _binary, Task.MULTICLASS: _multiclass, Task.REGRESSION: _regression}
    return in_fixed_order(_marked(made[task](cases, rng), seed), str(seed))


def prepared_table(name: str, task: Task = Task.BINARY) -> pl.DataFrame:
    """The kit's table of that name.

    ``cases``, ``timings`` (ms), ``processes`` (mb), ``decisions`` and ``artifact`` (bytes), or what
    a guard turned away: of the cases that set its threshold (FALSE_ALARMS), and of the set ``far``
    (MUST_DETECT); how strange both look (STRANGENESS).

    >>> prepared_table("artifact")["bytes"].to_list()
    [1200000, 300000]
    """
    if name == "timings":
        return pl.DataFrame({"ms": np.random.default_rng(7).lognormal(2.0, 0.5, 1000)})
    if name == "processes":
        return pl.DataFrame({"mb": np.random.default_rng(7).uniform(90.0, 110.0, 200)})
    if name == "decisions":
        return pl.DataFrame({"bytes": np.random.default_rng(7).integers(300, 400, 1000)})
    if name == "artifact":
        return pl.DataFrame({"file": ["model", "card"], "bytes": [1_200_000, 300_000]})
    if name == FALSE_ALARMS:
        return pl.DataFrame({"turned_away": [True] * 3 + [False] * 397})
    if name == MUST_DETECT:
        unit = [f"far-{i}" for i in range(400)]
        away = [i % 20 > 0 for i in range(400)]
        return pl.DataFrame({"set": "far", columns.UNIT: unit, "turned_away": away})
    if name == STRANGENESS:
        return _strange()
    assert name == "cases", f"the kit has no {name} table: hand one in, `table=`"
    return prepared_cases(task)


def _strange() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    parts = [
        pl.DataFrame(
            {
                "set": name,
                columns.UNIT: [f"{name}-{i}" for i in range(200)],
                "guard": rng.gamma(shape, 0.2, 200),
                "entropy": rng.beta(shape, 4, 200),
                "mutual_information": rng.beta(shape, 8, 200),
            }
        )
        for name, shape in (("", 2.0), ("far", 5.0))
    ]
    return pl.concat(parts)


def _marked(cases: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Two images a case, up to two lesions, most of them found, and up to two false marks each."""
    rng, n = np.random.default_rng([seed, 1]), cases.height
    lesions = rng.integers(0, 3, n)
    found, false = rng.binomial(lesions, 0.8), rng.binomial(4, 0.1, n)
    return cases.with_columns(
        pl.lit(None, dtype=pl.String).alias(columns.UNMARKED),
        pl.lit(2).alias(columns.IMAGES),
        pl.Series(columns.LESION_COUNT, lesions),
        pl.Series(columns.FOUND, found),
        pl.Series(columns.FALSE_COUNT, false),
    )


def _binary(cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    positive = rng.random(cases.height) < 0.5
    score = np.where(positive, rng.beta(5, 2, cases.height), rng.beta(2, 5, cases.height))
    call = positive ^ (rng.random(cases.height) < 0.2)
    found = cases.with_columns(
        pl.Series(columns.POSITIVE, positive),
        pl.Series(columns.SCORE, score),
        pl.Series(columns.call(OTHER), call),
    )
    return decide(found, Policy(0.5, (0.45, 0.5)), Referred.RIGHT)


def _multiclass(cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    classes, n = np.array(["a", "b", "c"]), cases.height
    truth = rng.integers(0, 3, n)
    said, called = ((truth + (rng.random(n) < wrong)) % 3 for wrong in (0.1, 0.2))
    found = _answered(cases, classes[truth], classes[said], classes[called])
    certainty = np.where(said == truth, rng.beta(6, 2, n), rng.beta(3, 3, n))
    return without_decision(found.with_columns(pl.Series(columns.CERTAINTY, certainty)))


def _regression(cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    truth = rng.normal(50.0, 10.0, cases.height)
    said, called = (truth + rng.uniform(-most, most, cases.height) for most in (4.0, 6.0))
    return without_decision(_answered(cases, truth, said, called))


def _answered(cases: pl.DataFrame, truth: Any, said: Any, called: Any) -> pl.DataFrame:
    named = {columns.TRUTH: truth, columns.PREDICTED: said, columns.call(OTHER): called}
    return cases.with_columns([pl.Series(name, values) for name, values in named.items()])
