"""What training is told beside features and truth: units, the loss that is wanted, and prices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance, Progress
from roadworthy.core.images import Images
from roadworthy.core.product import Draw, LossName, Product, Sampling, Task
from roadworthy.io.levels import holds
from roadworthy.io.tables import require_columns
from roadworthy.stats import prices
from roadworthy.workflow.weights import stakes


def guidance_of(
    product: Product,
    training: pl.DataFrame,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
) -> Guidance:
    """The guidance for these training cases."""
    loss = product.training.loss
    calls: tuple[str | bool, ...] = ()
    costs: NDArray[np.float64] | None = None
    if loss in (LossName.COST, LossName.PROFIT):
        calls, costs = _priced(product, training, loss)
    return Guidance(
        ids=training[columns.ID],
        units=training[columns.UNIT],
        training=product.training,
        calls=calls,
        costs=costs,
        images=product.data.images or Images(()),
        progress=progress,
        checkpoints=checkpoints,
        shares=_shares(product, training),
    )


def _shares(product: Product, training: pl.DataFrame) -> dict[Sampling, NDArray[np.float64]]:
    """How often a case is seen, where prices or a column decide that; truth alone is known later.

    Raises:
        BadInput: there is no such column or level, or one kind of case costs nothing.
    """
    found: dict[Sampling, NDArray[np.float64]] = {}
    for rule in product.training.samplings:
        if rule.draw is Draw.COST:
            found[rule] = stakes(training, product)[columns.WEIGHT].to_numpy()
        if rule.level is not None:
            found[rule] = _of_level(rule, training, product)
    return found


def _of_level(rule: Sampling, training: pl.DataFrame, product: Product) -> NDArray[np.float64]:
    column, where = rule.column or product.data.truth, f"{product.file.name}: train.sampling"
    assert column is not None and rule.level is not None
    require_columns(training, [column], where)
    there = training.select(holds(column, training.schema[column], rule.level))
    marked = there.to_series().fill_null(False).to_numpy()
    if not marked.any():
        raise BadInput(
            f"no training case has {column} = {rule.level}.",
            code="no_such_level",
            where=where,
            value=str(rule.level),
            next_step="Write a level as the table spells it.",
        )
    return np.where(marked, float(rule.times), 1.0)


def _priced(
    product: Product, training: pl.DataFrame, loss: LossName
) -> tuple[tuple[str | bool, ...], NDArray[np.float64]]:
    """The calls, and what each call of each case costs less what it earns, (cases, calls)."""
    if product.task is Task.MULTICLASS:
        return _of_classes(product, training)
    cleared, flagged = _of_profit(product) if loss is LossName.PROFIT else _of_costs(product)
    found = training.select(cleared.alias("cleared"), flagged.alias("flagged"))
    return (False, True), found.cast(pl.Float64).to_numpy()


def _of_costs(product: Product) -> tuple[pl.Expr, pl.Expr]:
    costs = product.costs
    assert costs is not None  # product_checks
    by_truth = pl.when(prices.POSITIVE)
    cleared = by_truth.then(prices.price(costs.miss)).otherwise(-prices.price(costs.cleared))
    flagged = by_truth.then(-prices.price(costs.found)).otherwise(prices.price(costs.false_alarm))
    return cleared, flagged


def _of_profit(product: Product) -> tuple[pl.Expr, pl.Expr]:
    assert product.costs is not None and product.costs.profit is not None  # product_checks
    profit = product.costs.profit
    earned, nothing = -prices.price(profit.earned), pl.lit(0.0)
    return (nothing, earned) if profit.when == "flagged" else (earned, nothing)


def _of_classes(
    product: Product, training: pl.DataFrame
) -> tuple[tuple[str | bool, ...], NDArray[np.float64]]:
    assert product.costs is not None and product.costs.matrix is not None  # product_checks
    matrix, gains = product.costs.matrix, dict(product.costs.earned)
    rows = np.array(matrix.rows, dtype=np.float64)
    rows -= np.diag([gains.get(name, 0.0) for name in matrix.classes])
    place = {name: at for at, name in enumerate(matrix.classes)}
    return matrix.classes, rows[[place[truth] for truth in training[columns.TRUTH]]]
