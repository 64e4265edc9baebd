"""Recall of each class, on all cases and where they are rare; and what a sampling did to it.

The bounds of gains are exact and unconditional (stats.paired), one for each class, model and
sampling at its share of alpha, so that all hold at once (Bonferroni): whoever looks for the line
that helped has paid for looking. The mean over classes lies between the means of these bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.product import Product, Task
from roadworthy.core.recalls import RARE, Gain, Recall, Tried
from roadworthy.core.requirement import WHOLE, Slice, SliceRule
from roadworthy.core.rung import APART, kind
from roadworthy.stats import binomial, paired
from roadworthy.stats.paired import PairedCounts
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.slicing import parts

ALPHA = 0.05
SHOWN = 8


def recalls(product: Product, cases: pl.DataFrame) -> tuple[Recall, ...]:
    """Of every class on all prepared ``cases``; then the slices in which a class is rarest.

    Slices are those that the requirements ask for. Nothing for values, which have no classes.
    """
    rated = _rated(product, cases)
    if rated is None or not rated.height:
        return ()
    whole = [_recall(name, WHOLE, rated) for name in _classes(rated)]
    rules = dict.fromkeys(rule for one in product.requirements for rule in one.slices)
    found = [
        _recall(name, part, rated)
        for part in dict.fromkeys(part for rule in rules for part in _parts(rule, product, rated))
        for name in _classes(rated)
    ]
    rare = sorted((one for one in found if 0 < one.n < RARE), key=lambda one: one.n)
    return (*whole, *rare[:SHOWN])


def tried(
    product: Product, answered: Mapping[str, pl.DataFrame], titles: Mapping[str, str]
) -> tuple[Tried, ...]:
    """Every rung under another sampling than the first, beside itself under the first.

    ``answered`` are the same prepared cases, by the name of the rung that answered them.
    """
    pairs = [(kind(name), name) for name in answered if APART in name and kind(name) in answered]
    if not pairs:
        return ()
    return tuple(
        _tried(product, answered[first], answered[name], titles[name], titles[first], len(pairs))
        for first, name in pairs
    )


def _tried(
    product: Product,
    first: pl.DataFrame,
    other: pl.DataFrame,
    title: str,
    beside: str,
    comparisons: int,
) -> Tried:
    one, two = (_rated(product, cases) for cases in (first, other))
    if one is None or two is None:
        return Tried(title, beside, why="values have no classes")
    both = one.join(two.select(columns.ID, pl.col("@right").alias("@other")), on=columns.ID)
    if both[columns.UNIT].n_unique() < both.height:
        return Tried(title, beside, why="cases of one unit depend on each other")
    names = _classes(both)
    alpha = ALPHA / (comparisons * max(len(names), 1))
    gains = [_gain(name, both.filter(pl.col("@class") == name), alpha) for name in names]
    if len(gains) > 1:
        ends = [(one.estimate, one.low, one.high) for one in gains]
        mean = np.mean(ends, axis=0).tolist()
        gains.insert(0, Gain("", *mean))
    return Tried(title, beside, tuple(gains))


def _gain(name: str, cases: pl.DataFrame, alpha: float) -> Gain:
    now, before = (cases[column].to_numpy() for column in ("@other", "@right"))
    counts = PairedCounts(int((now & ~before).sum()), int((~now & before).sum()), len(now))
    low, high = paired.lower(counts, alpha), paired.upper(counts, alpha)
    return Gain(name, float(paired.estimate(counts)), float(low), float(high))


def _rated(product: Product, cases: pl.DataFrame) -> pl.DataFrame | None:
    """The cases that rates count, with their class and whether its call is right."""
    if product.task is Task.REGRESSION or columns.RATED not in cases.columns:
        return None
    if product.task is Task.BINARY:
        positive = pl.col(columns.POSITIVE)
        right = pl.col(columns.FLAGGED) == positive
        of = pl.when(positive).then(pl.lit("positive")).otherwise(pl.lit("negative"))
    else:
        right, of = pl.col(columns.PREDICTED) == pl.col(columns.TRUTH), pl.col(columns.TRUTH)
    rated = cases.filter(pl.col(columns.RATED))
    return rated.with_columns(right.fill_null(False).alias("@right"), of.alias("@class"))


def _classes(rated: pl.DataFrame) -> Sequence[str]:
    """From rare to frequent."""
    counted = rated["@class"].value_counts().sort("count", "@class")
    return [str(name) for name in counted["@class"]]


def _parts(rule: SliceRule, product: Product, rated: pl.DataFrame) -> Iterator[Slice]:
    if all(name in rated.columns for name in rule.by):
        yield from parts(rule, rated, None, product.scope)


def _recall(name: str, part: Slice, rated: pl.DataFrame) -> Recall:
    here = rated.filter(on_slice(part, rated.schema) & (pl.col("@class") == name))
    right: NDArray[np.bool_] = here["@right"].to_numpy()
    k, n = int(right.sum()), len(right)
    where = "" if part is WHOLE else str(part)
    if n == 0 or here[columns.UNIT].n_unique() < n:
        return Recall(name, where, k, n, None, None)
    low, high = binomial.lower(k, n, ALPHA), binomial.upper(k, n, ALPHA)
    return Recall(name, where, k, n, float(low), float(high))
