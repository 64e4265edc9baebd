"""What a model knows of one case beyond its score: a chance, how sure it is, what actions cost."""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns, decided
from roadworthy.core.decided import made
from roadworthy.core.model import Model, Uncertain
from roadworthy.core.product import Calibrate, CaseCost, Costs, Product
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.stats import prices

_NUMBER = pl.Float64()
# what learns from cases that all count alike undoes what weights do, if it can shift
_NO_SHIFT = (Calibrate.NONE, Calibrate.TEMPERATURE)


def why_no_chance(product: Product, model: Model) -> str | None:
    """Why a score is not the chance that the case is positive; None: it is.

    A declared prevalence says that the product works where positives are rarer or more frequent
    than where its calibrator learnt, and a chance hangs on that (Elkan 2001).
    """
    if not isinstance(model, CalibratedModel):
        return "scores are not calibrated (`decision: {calibrate: auto}` does that)"
    if product.training.moves_scores and model.calibrator.method in _NO_SHIFT:
        how = "cases by their costs" if product.weights else "mistakes otherwise than by frequency"
        return f"training weighed its {how}, and nothing shifted the scores back"
    if isinstance(product.data.prevalence, float):
        share = product.data.prevalence
        return (
            f"scores were calibrated where positives are as frequent as among the training cases, "
            f"and `data.prevalence` says {share:g}"
        )
    return None


def answered(model: Model, cases: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame | None]:
    """The model's answers, and its distribution (None: it has none), one row a case in order.

    A threshold was certified for the answers, and the mean of a distribution may differ from them
    in its last digit.
    """
    if isinstance(model, CalibratedModel) and not isinstance(model.inner, Uncertain):
        # one score a case makes both: the model need not be run twice
        scores = model.inner.answer(cases)
        return model.through(scores), model.around(scores)
    told = model.distribution(cases) if isinstance(model, Uncertain) else None
    return model.answer(cases), told


def chances(told: pl.DataFrame | None, known: bool) -> list[pl.Expr]:
    """The columns of probability and uncertainty, to be added to a table that holds ``told``.

    ``known``: the score is a chance. Out of scope it is none: nothing was calibrated there.
    """
    # an interval around a score that is not there would be one around nothing
    inside = pl.when(pl.col(columns.INSIDE) & pl.col(columns.SCORE).is_not_null())
    nothing = pl.lit(None, dtype=_NUMBER)
    ends = {
        decided.PROBABILITY: pl.col(columns.SCORE),
        decided.PROBABILITY_LOW: nothing if told is None else pl.lit(told["low"]),
        decided.PROBABILITY_HIGH: nothing if told is None else pl.lit(told["high"]),
    }
    sure = {
        name: nothing if told is None else pl.lit(told[name]).fill_nan(None)
        for name in (decided.ENTROPY, decided.MUTUAL_INFORMATION)
    }
    found = [
        (inside.then(value).fill_nan(None) if known else nothing).alias(made(name))
        for name, value in ends.items()
    ]
    return found + [value.alias(made(name)) for name, value in sure.items()]


def priced(costs: Costs | None) -> bool:
    """Whether any mistake has a price; where none has, an expected cost is no number."""
    if costs is None or costs.matrix is not None:
        return False
    return any(isinstance(one, CaseCost) or one > 0 for one in (costs.miss, costs.false_alarm))


def cost_columns(costs: Costs) -> tuple[CaseCost, ...]:
    """The amounts per case that expected costs read; a profit is known when all is over."""
    used = (costs.miss, costs.false_alarm, costs.refer, costs.found, costs.cleared)
    return tuple(one for one in used if isinstance(one, CaseCost))


def expected_costs(costs: Costs | None) -> list[pl.Expr]:
    """What clearing, flagging and referring a case is expected to cost, less what right calls earn.

    By ``probability``; null where there is none. None: nothing has a price, and all are null.
    """
    p, chance = pl.col(made(decided.PROBABILITY)), pl.col(made(decided.PROBABILITY)).is_not_null()
    names = (decided.COST_CLEAR, decided.COST_FLAG, decided.COST_REFER)
    if costs is None:
        return [pl.lit(None, dtype=_NUMBER).alias(made(name)) for name in names]
    tariff = prices.loss(costs)
    assert isinstance(tariff, prices.ByKind)
    amounts = (
        p * tariff.amount("miss") + (1.0 - p) * tariff.amount("cleared"),
        p * tariff.amount("found") + (1.0 - p) * tariff.amount("false_alarm"),
        tariff.amount("refer"),
    )
    return [
        pl.when(chance).then(amount).alias(made(name))
        for name, amount in zip(names, amounts, strict=True)
    ]
