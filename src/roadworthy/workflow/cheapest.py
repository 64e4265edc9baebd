"""Chooses the threshold, and the band for a person, at which validation cases cost least."""

from __future__ import annotations

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.stats import prices
from roadworthy.stats.cost_thresholds import Cut, cheapest_band, cheapest_threshold

CLEAR, FLAG, REFER = "@clear", "@flag", "@refer"


def cheapest(product: Product, cases: pl.DataFrame, scores: pl.Series) -> Cut:
    """The cut of least cost over all thresholds (and bands) on the ``cases`` in scope.

    What right calls earn counts against the cost; a declared prevalence weighs the classes. Cases
    in a band that product.yaml fixes go to a person whatever the threshold is.
    """
    assert product.costs is not None
    tariff = prices.loss(product.costs)
    weight = _weight(cases, product.data.prevalence)
    priced = cases.with_columns(scores.alias(columns.SCORE)).filter(pl.col(columns.INSIDE))
    priced = priced.with_columns(
        (tariff.of(pl.lit(False)) * weight).alias(CLEAR),
        (tariff.of(pl.lit(True)) * weight).alias(FLAG),
        (prices.price(product.costs.refer) * weight).alias(REFER),
    )
    if band := product.decision.refer_between:
        here = pl.col(columns.SCORE)
        decided = priced.filter((here < band[0]) | (here >= band[1]))
        # with everybody in the band the threshold decides nothing, and any will do
        priced = decided if decided.height else priced
    if priced.height == 0:
        raise BadInput(
            "no validation case is in scope, so no threshold can be chosen.",
            code="no_cases",
            where="the validation split",
            next_step="Widen the scope or the validation split, or give a threshold.",
        )
    score, clear, flag, refer = (
        priced[name].to_numpy().astype(np.float64) for name in (columns.SCORE, CLEAR, FLAG, REFER)
    )
    if product.decision.cheapest_band:
        return cheapest_band(score, clear, flag, refer)
    return cheapest_threshold(score, clear, flag)


def _weight(cases: pl.DataFrame, prevalence: object) -> pl.Expr:
    """How much a case of each class stands for, where the product will work."""
    inside = cases.filter(pl.col(columns.INSIDE))[columns.POSITIVE]
    share = inside.mean()
    if not isinstance(prevalence, float) or not isinstance(share, float) or not 0 < share < 1:
        return pl.lit(1.0)
    rare = pl.lit(prevalence / share)
    return pl.when(prices.POSITIVE).then(rare).otherwise((1.0 - prevalence) / (1.0 - share))
