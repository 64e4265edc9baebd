"""Decide less alone: stricter thresholds inside what is certified, so that the rates pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.lever import Change, Rejudge
from roadworthy.core.outcome import Outcome
from roadworthy.core.path import Path
from roadworthy.core.policy import Referred, Triage
from roadworthy.core.standing import Cell, Standing, out_of_reach, standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words, telling
from roadworthy.stats.prices import per_case

SHARES = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50)
# how much of what is handed over was cleared
SHAPES = (0.5, 1.0, 0.0)
# a side that decides next to nothing is another product
LEAST_LEFT = 0.1


@dataclass(frozen=True)
class _Tried:
    policy: Triage
    verdicts: tuple[Verdict, ...]
    standing: Standing


class DecideLess:
    """Hands the cases nearest to a certified threshold to a person; the certificate stays."""

    about = "decide less alone, inside what is certified"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The thresholds that hand over least, of those tried, with which all can hold."""
        policy, found = rejudge.policy, study.certificate
        if not isinstance(policy, Triage) or found is None or found.outcome is not Outcome.PASS:
            return []
        before = rejudge(study)
        apart = out_of_reach(verdicts) | out_of_reach(before)
        start = standing(before, apart)
        if start.settled:
            return []
        look = rejudge.sketch(study)
        unseen = apart | out_of_reach(rejudge(look))
        tried: list[_Tried] = []
        for stricter in _stricter(look, policy, found):
            tried.append(_try(look, stricter, unseen, rejudge))
            if tried[-1].standing.settled:
                break
        best = _least(tried, standing(rejudge(look), unseen))
        if best is None:
            return []
        again = _try(study, best.policy, apart, rejudge)
        if again.standing.missed or not again.standing.meets_more_than(start):
            return []
        return [_path(study, policy, again, len(tried), before, rejudge)]


def _try(study: OpenStudy, policy: Triage, apart: Collection[Cell], rejudge: Rejudge) -> _Tried:
    after = rejudge(study, Change(policy=policy))
    return _Tried(policy, after, standing(after, apart))


def _least(tried: Sequence[_Tried], start: Standing) -> _Tried | None:
    """The first with which all is shown; else the first with which all estimates hold."""
    good = [one for one in tried if not one.standing.missed]
    better = [one for one in good if one.standing.meets_more_than(start)]
    return min(better, key=lambda one: not one.standing.settled, default=None)


def _path(
    study: OpenStudy,
    policy: Triage,
    found: _Tried,
    tried: int,
    before: Sequence[Verdict],
    rejudge: Rejudge,
) -> Path:
    fresh = rejudge.fresh(study, Change(policy=found.policy))
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    was, now = _alone(policy), _alone(found.policy)
    alone, less = (float(inside.select(one.mean()).item() or 0.0) for one in (was, now))
    paid = per_case(inside, was & ~now, rejudge.product.costs)
    price = f", for {telling.number(paid.value, paid.unit)} a case" if paid else ""
    referred = rejudge.product.decision.referred or Referred.EXCLUDED
    return Path(
        lever="decide_less",
        change=f"{_rule(policy, found.policy)}, inside what is certified: "
        f"{_percent(alone - less)} more of the cases in scope go to a person{price}, and "
        f"{_percent(less)} are decided alone, no longer {_percent(alone)}.",
        expected=path_words.then(before, found.verdicts),
        cost=fresh.cost,
        assumed=(
            path_words.PERSON[referred],
            "the certificate stays: what is stricter was certified with it, at no further look",
            *fresh.assumed,
        ),
        selection=True,
        write=path_words.triage(rejudge.product, policy, found.policy),
        per_case=paid,
        cases=fresh.more,
        settles=fresh.settles,
        proof=path_words.proof(fresh, f"{tried} pairs of thresholds"),
    )


def _rule(policy: Triage, stricter: Triage) -> str:
    told = []
    if stricter.clear_below is not None and stricter.clear_below != policy.clear_below:
        told.append(f"clear only scores below {stricter.clear_below:.4g}")
    if stricter.flag_above is not None and stricter.flag_above != policy.flag_above:
        told.append(f"flag only scores above {stricter.flag_above:.4g}")
    rule = " and ".join(told)
    return f"{rule[:1].upper()}{rule[1:]}"


def _percent(share: float) -> str:
    return telling.percent(round(share, 3))


def _alone(policy: Triage) -> pl.Expr:
    """What is decided without a person; a case without a score is not."""
    score, nothing = pl.col(columns.SCORE), pl.lit(False)
    low, high = policy.clear_below, policy.flag_above
    cleared = nothing if low is None else (score < low).fill_null(False)
    return cleared | (nothing if high is None else (score > high).fill_null(False))


def _stricter(study: OpenStudy, policy: Triage, certificate: Certificate) -> Iterator[Triage]:
    """Pairs of stricter thresholds, those that hand over least first.

    A side with a predictive value stays: it may be lower where less is decided.
    """
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    scores = np.sort(inside[columns.SCORE].drop_nulls().to_numpy())
    fixed = {side.side for side in certificate.sides if side.risk.predictive}
    seen = {policy}
    for share in SHARES:
        for clears in SHAPES:
            low, high = policy.clear_below, policy.flag_above
            if low is not None and "clear" not in fixed:
                low = _drawn_in(scores[scores < low], share * clears * inside.height, low)
            if high is not None and "flag" not in fixed:
                count = share * (1.0 - clears) * inside.height
                high = 0.0 - _drawn_in(0.0 - scores[scores > high][::-1], count, 0.0 - high)
            if low is None or high is None or low <= high:
                stricter = replace(policy, clear_below=low, flag_above=high)
                if stricter not in seen:
                    seen.add(stricter)
                    yield stricter


def _drawn_in(alone: NDArray[np.float64], count: float, threshold: float) -> float:
    """The lower threshold that hands over the ``count`` highest of the ascending scores below.

    The present one where that leaves too few.
    """
    more = round(count)
    left = len(alone) - more
    if more < 1 or left < max(LEAST_LEFT * len(alone), 1.0) or alone[left] <= alone[0]:
        return threshold
    return float(alone[left])
