"""What a certified policy does with open cases: where they go, and which positives nobody sees."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate, OnOpenCases, Reader, SeenRate
from roadworthy.core.product import Product
from roadworthy.stats import binomial
from roadworthy.workflow.prepare import suggested

_CLEARED = "@cleared"


def on_open_cases(
    certificate: Certificate,
    product: Product,
    table: pl.DataFrame,
    name: str,
    fresh: bool = True,
) -> Certificate:
    """The certificate with the shares of ``table``, whose cases are prepared and open.

    Shares are of all cases, also of those out of scope, which a person gets, save for those that
    the scope rejects: they are no cases for the product. The gross miss rate is
    the share of the positives in scope that are cleared; the net one counts only those that a
    reader of the same cases calls. Units count where cases share them: one is missed when all of
    its positive cases are cleared, and read rightly when any of them is called. Cases that are not
    ``fresh`` chose the thresholds, so nothing is said of misses among them.
    """
    if columns.REJECTED in table.columns:
        table = table.filter(~pl.col(columns.REJECTED))
    if table.is_empty():
        # of no case there are no shares
        return certificate
    alone = ~pl.col(columns.REFERRED)
    flagged = pl.col(columns.FLAGGED).fill_null(False)
    told = table.with_columns((alone & ~flagged).alias(_CLEARED))
    cleared, referred, flag = told.select(
        pl.col(_CLEARED).mean(),
        pl.col(columns.REFERRED).mean().alias("referred"),
        (alone & flagged).mean().alias("flagged"),
    ).row(0)
    shares = OnOpenCases(name, table.height, float(cleared), float(referred), float(flag))
    shares = _with_suggestions(shares, product, told, 1.0 - certificate.confidence, fresh)
    ill = told.filter(pl.col(columns.POSITIVE) & pl.col(columns.INSIDE))
    if not ill.height or not fresh:
        return certificate.on(shares)
    alpha = 1.0 - certificate.confidence
    readers = tuple(_reader(ill, calls.name, alpha) for calls in product.data.calls)
    return certificate.on(replace(shares, gross=_gross(ill, alpha), readers=readers))


def _with_suggestions(
    shares: OnOpenCases, product: Product, told: pl.DataFrame, alpha: float, fresh: bool
) -> OnOpenCases:
    """The shares with how many cases come with a suggestion, and how many of those are right."""
    rules = product.decision.triage
    if rules is None or rules.assist_from is None:
        return shares
    helped = told.select(suggested(rules.assist_from))[:, 0]
    shares = replace(shares, assisted=int(helped.sum()) / told.height)
    if not fresh or not helped.any():
        return shares
    right = (pl.col(columns.SCORE) >= 0.5) == pl.col(columns.POSITIVE)
    units = told.filter(helped).group_by(columns.UNIT).agg(right.all().alias("right"))
    return replace(shares, suggestions=_rate(units["right"], alpha))


def _gross(ill: pl.DataFrame, alpha: float) -> SeenRate:
    return _rate(ill.group_by(columns.UNIT).agg(pl.col(_CLEARED).all())[_CLEARED], alpha)


def _reader(ill: pl.DataFrame, name: str, alpha: float) -> Reader:
    call = columns.call(name)
    units = ill.group_by(columns.UNIT).agg(pl.col(_CLEARED).all(), pl.col(call).any())
    net = units[_CLEARED] & units[call]
    also = units[_CLEARED] & ~units[call]
    return Reader(name, _rate(net, alpha), _rate(also, alpha))


def _rate(hits: pl.Series, alpha: float) -> SeenRate:
    """Counts with two exact bounds, each one-sided."""
    k, n = int(hits.sum()), len(hits)
    return SeenRate(k, n, float(binomial.lower(k, n, alpha)), float(binomial.upper(k, n, alpha)))
