"""A band of doubt: which scores must go to a person so that the rates of the others pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.lever import Change, Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.policy import Policy, Referred
from roadworthy.core.product import Costs
from roadworthy.core.standing import Cell, Standing, out_of_reach, standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words, telling
from roadworthy.stats.prices import per_case

SHARES = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50)
# how much of the band lies below the threshold
SHAPES = (0.5, 1.0, 0.0)


@dataclass(frozen=True)
class _Tried:
    policy: Policy
    share: float
    verdicts: tuple[Verdict, ...]
    standing: Standing


class ReferMore:
    """Hands the cases nearest to the threshold to a person."""

    about = "refer doubtful cases to a person"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The narrowest band of those tried with which every gating requirement can hold."""
        policy, before = rejudge.policy, rejudge(study)
        apart = out_of_reach(verdicts) | out_of_reach(before)
        start = standing(before, apart)
        if not isinstance(policy, Policy) or start.settled:
            return []
        # a product that refers nothing yet has not said how rates count it; nothing is flattered
        # when the person's cases are left out
        referred = rejudge.product.decision.referred or Referred.EXCLUDED
        look = rejudge.sketch(study)
        unseen = apart | out_of_reach(rejudge(look))
        tried: list[_Tried] = []
        for band in _bands(look, policy):
            tried.append(_try(look, band, referred, unseen, rejudge))
            if tried[-1].standing.settled:
                break
        best = _narrowest(tried, standing(rejudge(look), unseen))
        if best is None:
            return []
        found = _try(study, best.policy, referred, apart, rejudge)
        if found.standing.missed or not found.standing.meets_more_than(start):
            return []
        return [_path(study, found, len(tried), referred, before, rejudge)]


def _try(
    study: OpenStudy,
    band: Policy,
    referred: Referred,
    apart: Collection[Cell],
    rejudge: Rejudge,
) -> _Tried:
    after = rejudge(study, Change(policy=band, referred=referred))
    return _Tried(band, _share(study, band), after, standing(after, apart))


def _narrowest(tried: Sequence[_Tried], start: Standing) -> _Tried | None:
    """The first band with which all is shown; else the first with which all estimates hold."""
    good = [one for one in tried if not one.standing.missed]
    better = [one for one in good if one.standing.meets_more_than(start)]
    return min(better, key=lambda one: not one.standing.settled, default=None)


def _path(
    study: OpenStudy,
    found: _Tried,
    tried: int,
    referred: Referred,
    before: Sequence[Verdict],
    rejudge: Rejudge,
) -> Path:
    fresh = rejudge.fresh(study, Change(policy=found.policy, referred=referred))
    low, high = found.policy.refer_between or (0.0, 0.0)
    paid = _price(study, found.policy, rejudge.product.costs)
    price = f", for {telling.number(paid.value, paid.unit)} a case" if paid else ""
    undeclared = rejudge.product.decision.referred is None
    return Path(
        lever="refer_more",
        change=f"Refer scores from {low:.4g} up to {high:.4g} to a person: "
        f"{telling.percent(round(found.share, 3))} of the cases in scope{price}.",
        expected=path_words.then(before, found.verdicts),
        cost=fresh.cost,
        assumed=(
            path_words.PERSON[referred],
            *(["product.yaml does not say yet how referrals count"] if undeclared else []),
            *fresh.assumed,
        ),
        selection=True,
        write=path_words.decision(rejudge.product, found.policy, referred),
        per_case=paid,
        cases=fresh.more,
        settles=fresh.settles,
        proof=path_words.proof(fresh, f"{tried} bands"),
    )


def _bands(study: OpenStudy, policy: Policy) -> Iterator[Policy]:
    """Bands around the threshold, and around the present band, the narrowest first."""
    table = study.tables["cases"]
    scores = np.unique(table.filter(pl.col(columns.INSIDE))[columns.SCORE].to_numpy())
    every = np.sort(table.filter(pl.col(columns.INSIDE))[columns.SCORE].to_numpy())
    if len(scores) < 2:
        return
    at = int(np.searchsorted(every, policy.threshold))
    old = policy.refer_between or (policy.threshold, policy.threshold)
    seen: set[tuple[float, float]] = {old}
    for share in SHARES:
        for below in SHAPES:
            size = max(round(share * len(every)), 1)
            first = max(at - round(below * size), 0)
            last = min(at + round((1.0 - below) * size), len(every) - 1)
            low = min(float(every[first]), old[0]) if first < at else old[0]
            high = max(float(every[last]), old[1]) if last > at else old[1]
            band = (max(low, 0.0), min(high, 1.0))
            if band[0] < band[1] and band not in seen:
                seen.add(band)
                yield Policy(policy.threshold, band)


def _referred(band: Policy) -> pl.Expr:
    low, high = band.refer_between or (0.0, 0.0)
    score = pl.col(columns.SCORE)
    return pl.col(columns.INSIDE) & (score >= low) & (score < high)


def _share(study: OpenStudy, band: Policy) -> float:
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    return float(inside.select(_referred(band).mean()).item() or 0.0)


def _price(study: OpenStudy, band: Policy, costs: Costs | None) -> Amount | None:
    """What referring costs per case, over all cases in scope; None: no price is declared."""
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    return per_case(inside, _referred(band), costs)
