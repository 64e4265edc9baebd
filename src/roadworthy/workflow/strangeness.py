"""How strange cases look: to the guard, and to the model's own doubt; a row a case."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from roadworthy.core import columns
from roadworthy.core.guard import STRANGENESS
from roadworthy.core.model import Model, Uncertain
from roadworthy.core.product import Product, Task
from roadworthy.io.registry import instruments
from roadworthy.models import uncertainty
from roadworthy.models.guard import FittedGuard

DOUBT = ("entropy", "mutual_information")


def is_asked_for(product: Product) -> bool:
    """Whether any requirement is measured on it: the model is asked of every set for that."""
    known = instruments()
    return any(known[one.metric].about.table == STRANGENESS for one in product.requirements)


def strangeness(
    product: Product, guard: FittedGuard, model: Model, sets: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Columns ``set``, ``@unit``, ``guard``, ``entropy`` and ``mutual_information``.

    ``sets`` are cases by the name of their set; those in scope have none. Doubt is null where the
    model tells none, or where cases lack a column that it reads.
    """
    return pl.concat(
        [
            cases.select(
                pl.lit(name).alias("set"),
                # a unit of one set is none of another
                pl.format("{}\0{}", pl.lit(name), pl.col(columns.UNIT)).alias(columns.UNIT),
                pl.Series("guard", guard.scores(cases), dtype=pl.Float64),
                *_doubt(product, model, cases),
            )
            for name, cases in sets.items()
        ]
    )


def _doubt(product: Product, model: Model, cases: pl.DataFrame) -> list[pl.Series]:
    nothing = [pl.Series(name, [None] * cases.height, dtype=pl.Float64) for name in DOUBT]
    if not set(model.needs) <= set(cases.columns):
        return nothing
    if isinstance(model, Uncertain):
        told = model.distribution(cases)
    elif product.task is Task.BINARY:
        told = uncertainty.of_scores(model.answer(cases).cast(pl.Float64).to_numpy())
    else:
        return nothing
    return [told[name].fill_nan(None) for name in DOUBT]
