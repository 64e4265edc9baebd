"""renew --plan: how many fresh labels show a drop, before anybody labels any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.renewal import FreshNeed, RenewalPlan, Right
from roadworthy.stats.two_rates_plan import Never, fresh_to_show_drop, fresh_to_show_hold
from roadworthy.workflow.both_sets import answers_on
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.renew import answering, require_tolerated

DROPS = (0.03, 0.05, 0.10, 0.15)


def renew_plan(
    product: Given,
    old: object | None = None,
    models: Sequence[str] = (),
    tolerated: float = 0.02,
    right: Right = Right.ACCURACY,
    thresholds: Mapping[str, float] | None = None,
    old_cases: int | None = None,
    old_rate: float | None = None,
    drops: Sequence[float] = (),
) -> RenewalPlan:
    """Fresh labels that show each of ``drops``, given the old set: a table, or its size and rate.

    With several models each must show it at its share of alpha (Holm's first step), and the one
    nearest to a coin's toss on the old set is planned for: it takes most.

    Raises:
        BadInput: the old set is not named, or a drop is no larger than what is tolerated.
    """
    product = as_product(product)
    require_tolerated(tolerated)
    count = max(1, len(models))
    if old is not None:
        named = answering(product, models, ())
        count = len(named)
        kept, answers = answers_on(product, old, named, right, thresholds or {})
        cases = kept.height
        rates = [float(one.to_numpy().mean()) for one in answers]
        rate = min(rates, key=lambda one: abs(one - 0.5))
    else:
        cases, rate = _told(old_cases, old_rate)
    level = (1.0 - product.confidence.level) / count
    wanted = tuple(drops) or tuple(d for d in DROPS if tolerated < d <= rate)
    power = product.confidence.power
    hold = (
        Never("no drop at all is tolerated, so none can be shown to be smaller")
        if tolerated == 0.0
        else fresh_to_show_hold(cases, rate, 0.0, tolerated, level, power)
    )
    return RenewalPlan(
        product=product.name,
        n_old=cases,
        old_rate=rate,
        models=count,
        tolerated=tolerated,
        confidence=product.confidence.level,
        power=power,
        needs=tuple(_need(product, cases, rate, drop, tolerated, level) for drop in wanted),
        to_show_hold=None if isinstance(hold, Never) else hold,
        why_hold=hold.why if isinstance(hold, Never) else "",
        label_cost=product.costs.label if product.costs else None,
        unit=product.costs.unit if product.costs else "",
        dependent=product.data.unit not in (None, product.data.id),
    )


def _need(
    product: Product, cases: int, rate: float, drop: float, tolerated: float, alpha: float
) -> FreshNeed:
    if not tolerated < drop <= rate:
        raise BadInput(
            f"a drop of {drop:g} cannot be planned for: it must be more than what is tolerated "
            f"({tolerated:g}) and leave a rate of at least 0 (the old one is {rate:.3g}).",
            code="usage",
            where="--drop",
            value=drop,
            next_step="Name a larger drop, or tolerate less.",
        )
    found = fresh_to_show_drop(cases, rate, drop, tolerated, alpha, product.confidence.power)
    if isinstance(found, Never):
        return FreshNeed(drop, None, found.why)
    return FreshNeed(drop, found, "")


def _told(cases: int | None, rate: float | None) -> tuple[int, float]:
    if cases is None or rate is None or cases < 1 or not 0.0 <= rate <= 1.0:
        raise BadInput(
            "a plan starts from the old set, and nothing says how large it is and how often the "
            "model was right on it.",
            code="usage",
            where="--plan",
            value=None if cases is None else cases,
            next_step="Name the table (`--old FILE`), or `--old-cases 500 --old-rate 0.9`.",
        )
    return cases, rate
