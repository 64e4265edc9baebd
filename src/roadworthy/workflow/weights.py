"""What training weighs a case by: what a wrong call of it loses, so that models learn costs.

Cost-proportionate weights (Zadrozny, Langford & Abe 2003, "Cost-sensitive learning by
cost-proportionate example weighting"; Elkan 2001): a positive weighs its miss and the gain that
goes with it, a negative its false alarm and the gain that goes with that, case by case where a
column says so. Of several classes a case weighs the sum of its row of the matrix (Breiman et al.
1984; Ting 2002), which is exact only where all wrong calls of a class cost the same. Weights have
a mean of 1, so that the unit of the costs does not change how much a model is regularised. What
comes out of it are no calibrated chances: a weighted score of .5 is the point of equal cost.
"""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.product import Costs, Product, Task
from roadworthy.core.rung import Fitted, Rung, offered
from roadworthy.models import weighing
from roadworthy.stats import prices
from roadworthy.workflow.source import truth_of


def weighed(training: pl.DataFrame, product: Product) -> pl.DataFrame:
    """The training cases with ``@weight``, when product.yaml asks for it; otherwise as they are.

    Raises:
        BadInput: one kind of case weighs nothing, so nothing could be learnt of it.
    """
    return training if product.weights is None else stakes(training, product)


def stakes(training: pl.DataFrame, product: Product) -> pl.DataFrame:
    """The training cases with ``@weight``: what a wrong call of each loses, with a mean of 1.

    Raises:
        BadInput: one kind of case weighs nothing, so nothing could be learnt of it.
    """
    assert product.costs is not None  # product_checks
    stake = _stake(product.costs, product.task)
    found = training.with_columns(stake.alias(columns.WEIGHT))
    truth = columns.POSITIVE if product.task is Task.BINARY else columns.TRUTH
    sums = found.group_by(truth).agg(pl.col(columns.WEIGHT).sum()).sort(truth)
    nothing = sums.filter(~(pl.col(columns.WEIGHT) > 0.0))[truth]
    if nothing.len():
        raise BadInput(
            f"a wrong call of {_named(nothing[0], product)} costs nothing, so training would not "
            "look at such cases at all.",
            code="no_weight",
            where=f"{product.file.name}: train",
            value=str(nothing[0]),
            next_step="Give its mistake a price, or train without costs.",
        )
    return found.with_columns(pl.col(columns.WEIGHT) / pl.col(columns.WEIGHT).mean())


def learn(
    rung: Rung,
    training: pl.DataFrame,
    task: Task,
    features: tuple[str, ...],
    seed: int,
    guidance: Guidance | None = None,
) -> Fitted:
    """Fits a rung to the features of the training cases alone, by their weights if they have any.

    Raises:
        BadInput: the rung cannot be fitted, cannot weigh cases, or reads none of the features.
    """
    readable = offered(rung, features)
    if features and not readable and getattr(rung, "reads_table", True):
        raise BadInput(
            "it reads columns of the table, and all features are images.",
            code="no_features",
            where="data.features",
            next_step="Name columns beside them: `features: {image: ..., columns: [...]}`.",
        )
    weights = training[columns.WEIGHT] if columns.WEIGHT in training.columns else None
    # the features alone: a rung cannot learn from what it is not given
    seen, truth = training.select(features), truth_of(training, task)
    return weighing.fit(rung, seen, truth, task, readable, seed, weights, None, guidance)


def _stake(costs: Costs, task: Task) -> pl.Expr:
    """What a case loses when its call is wrong instead of right."""
    if task is Task.BINARY:
        positive = prices.price(costs.miss) + prices.price(costs.found)
        negative = prices.price(costs.false_alarm) + prices.price(costs.cleared)
        return pl.when(prices.POSITIVE).then(positive).otherwise(negative).clip(lower_bound=0.0)
    assert costs.matrix is not None
    gains = dict(costs.earned)
    by_class = {
        name: sum(row) + gains.get(name, 0.0)
        for name, row in zip(costs.matrix.classes, costs.matrix.rows, strict=True)
    }
    return pl.col(columns.TRUTH).replace_strict(by_class, return_dtype=pl.Float64)


def _named(value: object, product: Product) -> str:
    if product.task is Task.MULTICLASS:
        return f"'{value}'"
    return "a positive" if value else "a negative"
