"""Certify a part: leave out the protected levels that are too thin, which a person then gets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import NOT_CERTIFIED, CertifiedSide, ProtectedLevel
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.product import ScopeRule
from roadworthy.core.requirement import Level
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import certificate_words as words
from roadworthy.io import path_words, telling
from roadworthy.io.levels import holds
from roadworthy.stats.triage import errors_needed


class CertifyPart:
    """Narrows the scope to the protected levels on which everything that is asked was shown."""

    about = "certify the part that can be"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path a column, where all that keeps a side from being certified is its levels."""
        found = study.certificate
        if found is None or found.outcome is Outcome.PASS:
            return []
        short = [side for side in found.sides if side.threshold is None]
        if not all(_by_its_levels(side) for side in short):
            return []
        waiting = NotMeasured(NOT_CERTIFIED)
        missed = [v for v in path_words.still_open(verdicts) if v.evidence != waiting]
        return [
            _path(study, column, found.sides, rejudge, settles=not missed)
            for column in _columns(found.sides, short)
        ]


def _by_its_levels(side: CertifiedSide) -> bool:
    """Whether the side has cases enough as a whole, and only some protected levels lack them."""
    if side.risk.predictive or errors_needed(side.at_most, side.delta) > side.n:
        return False
    return bool(_thin(side)) and any(one.certified is not None for one in side.protected)


def _thin(side: CertifiedSide) -> list[ProtectedLevel]:
    return [one for one in side.protected if one.certified is None]


def _columns(sides: Sequence[CertifiedSide], short: Sequence[CertifiedSide]) -> Iterator[str]:
    """The column whose levels are all that is thin; a level is a value of it, and no range."""
    thin = [one for side in short for one in _thin(side)]
    keys = [one.slice.keys for one in thin]
    named = {key.column for pair in keys for key in pair}
    if len(named) != 1 or not all(len(pair) == 1 for pair in keys):
        return
    if any(key.value is None for pair in keys for key in pair):
        return
    (column,) = named
    if _kept(column, sides):
        yield column


def _kept(column: str, sides: Sequence[CertifiedSide]) -> tuple[Level, ...]:
    """The levels of a column on which every side was shown, as they were met."""
    found: dict[Level, bool] = {}
    for side in sides:
        for one in side.protected:
            key = one.slice.keys[0]
            if len(one.slice.keys) == 1 and key.column == column and key.value is not None:
                found[key.value] = found.get(key.value, True) and one.certified is not None
    return tuple(level for level, shown in found.items() if shown)


def _path(
    study: OpenStudy,
    column: str,
    sides: Sequence[CertifiedSide],
    rejudge: Rejudge,
    settles: bool,
) -> Path:
    product = rejudge.product
    rule = ScopeRule(column, levels=_kept(column, sides))
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    dtype = inside.schema[column]
    each = [holds(column, dtype, level).fill_null(False) for level in rule.levels or ()]
    kept = inside.filter(pl.any_horizontal(each))
    cases = _cases(kept, each, sides)
    costs, cost = product.costs, None
    if cases is not None and costs is not None and costs.label is not None:
        cost = Amount(cases * costs.label, costs.unit)
    some = "fresh calibration cases"
    some = some if cases is None else f"at least {telling.count(cases)} {some}"
    share = telling.percent(round(kept.height / inside.height, 3)) if inside.height else "some"
    promised = " and ".join(words.promise(side.risk, side.at_most) for side in sides)
    guard = " Its guard is set anew for that scope." if product.guard is not None else ""
    return Path(
        lever="certify_part",
        change=f"Narrow the scope to {column} {telling.allowed(rule)} ({share} of the open cases "
        f"in scope), and certify on {some}.{guard}",
        expected=f"{promised} can be certified there; each of these was shown by itself on the "
        "calibration cases so far.",
        cost=cost,
        assumed=(
            "the cases left out go to a person, and whoever protected them agrees",
            "the calibration cases used so far are spent, save under looks declared before",
        ),
        write=path_words.scope((*product.scope.rules, rule)),
        cases=cases,
        settles=settles,
    )


def _cases(
    kept: pl.DataFrame, levels: Sequence[pl.Expr], sides: Sequence[CertifiedSide]
) -> int | None:
    """How many cases bring every level its positives and negatives; None: a kind was not seen."""
    needed = []
    for side in sides:
        kind = pl.col(columns.POSITIVE) if side.side == "clear" else ~pl.col(columns.POSITIVE)
        least = errors_needed(side.at_most, side.delta)
        for level in levels:
            seen = int(kept.select((kind & level).sum()).item() or 0)
            if not seen:
                return None
            needed.append(math.ceil(least * kept.height / seen))
    return max(needed, default=None)
