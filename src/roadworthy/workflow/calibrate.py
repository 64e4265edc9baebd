"""From scored calibration cases to a certificate: each risk by itself, then one pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.certificate import (
    Certificate,
    CertifiedSide,
    MaxRisk,
    Missing,
    ProtectedLevel,
    Risk,
)
from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product, TriageRules
from roadworthy.core.requirement import WHOLE, Slice
from roadworthy.io import certificate_words as words
from roadworthy.stats import prices
from roadworthy.stats import triage as stats
from roadworthy.stats.triage import Sample
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.slicing import parts
from roadworthy.workflow.subject import Judged

Floats = NDArray[np.float64]
SideName = Literal["clear", "flag"]


@dataclass(frozen=True)
class _Group:
    """The whole, or a protected part, reduced to one row a unit; seen from the side that clears."""

    slice: Slice
    sample: Sample


@dataclass(frozen=True)
class _Found:
    """One risk, and up to where it holds.

    ``limit``: every lower threshold holds (exact risks). ``shown``: these do and no others
    (predictive values). Both as seen from the side's own direction, in which it decides below.
    """

    side: CertifiedSide
    limit: float | None
    shown: Floats | None

    @property
    def none(self) -> bool:
        return self.limit is None and (self.shown is None or not len(self.shown))


def made_from(
    product: Product,
    scored: pl.DataFrame,
    known: pl.DataFrame,
    tried: Floats,
    look: int = 1,
) -> Certificate:
    """The certificate of one look; date and fingerprints are the caller's.

    ``scored`` are the calibration cases with their scores, null where there is none; ``known`` are
    open cases that show which levels there are; ``tried`` comes from ``thresholds_to_try``.
    """
    rules = product.decision.triage
    assert rules is not None
    inside = scored.filter(pl.col(columns.INSIDE))
    cases = inside.filter(pl.col(columns.SCORE).is_not_null())
    told = _told_apart(product, scored, cases)
    groups = _groups(product, rules, told, known.filter(pl.col(columns.INSIDE)))
    # 1 - 0.95 is not 0.05
    delta = round(1.0 - rules.confidence, 12) / rules.looks / len(rules.risks)
    found = [_certify(product, one, groups, delta, tried) for one in rules.risks]
    clear, flag, notes = _chosen(product, cases, found)
    sides = tuple(_used(one, clear if one.side.side == "clear" else flag, groups) for one in found)
    whole = groups[0].sample
    return Certificate(
        outcome=Outcome.PASS
        if all(one.threshold is not None for one in sides)
        else Outcome.INCONCLUSIVE,
        sides=sides,
        confidence=rules.confidence,
        look=look,
        looks=rules.looks,
        method=words.method(rules, product.data.prevalence, len(tried)),
        unit=_shared_unit(product),
        scope=tuple(words.scope_rule(rule) for rule in product.scope.rules),
        prevalence=product.data.prevalence,
        cases=cases.height,
        positives=int(whole.error.sum()),
        negatives=int((~whole.error).sum()),
        unscored=inside.height - cases.height,
        made="",
        expires=None,
        fingerprints={},
        assumptions=words.assumptions(rules, _shared_unit(product), product.data.prevalence),
        notes=notes,
    )


def whole_sample(product: Product, scored: pl.DataFrame) -> Sample:
    """All calibration cases in scope with a score, one row a unit, as certificates count them."""
    cases = scored.filter(pl.col(columns.INSIDE) & pl.col(columns.SCORE).is_not_null())
    return _group(product, _told_apart(product, scored, cases), WHOLE).sample


def thresholds_to_try(product: Product, blind: Judged, others: Sequence[pl.DataFrame]) -> Floats:
    """Thresholds for predictive values, from the scores of the first of ``others`` that has any.

    None of these cases may certify anything; exact risks need no such thresholds.
    """
    rules = product.decision.triage
    if rules is None or not any(one.risk.predictive for one in rules.risks):
        return np.empty(0)
    for cases in others:
        inside = blind.guarded(cases).filter(pl.col(columns.INSIDE))
        answers = blind.answers(inside) if inside.height else None
        if answers is not None and answers.drop_nulls().len():
            return stats.grid(answers.drop_nulls().to_numpy())
    return stats.grid(np.empty(0))


def protected_columns(product: Product) -> list[str]:
    """The columns by which cases are protected."""
    rules = product.decision.triage
    return [] if rules is None else [name for rule in rules.protect for name in rule.by]


def case_costs(product: Product) -> list[str]:
    """The columns that hold a cost or a gain for each case."""
    if product.costs is None:
        return []
    # what acting on a case brings in has no part in the choice of a threshold
    return [one.column for one in replace(product.costs, profit=None).per_case]


def _shared_unit(product: Product) -> str | None:
    unit = product.data.unit
    return None if unit in (None, product.data.id) else unit


def _told_apart(product: Product, every: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """The cases without the negatives of a unit that is positive by any case at all.

    A unit whose positive cases have no score, or lie out of scope, is no negative unit: its other
    cases score as those of the ill do.
    """
    if _shared_unit(product) is None:
        return cases
    ill = every.filter(pl.col(columns.POSITIVE))[columns.UNIT].unique()
    return cases.filter(pl.col(columns.POSITIVE) | ~pl.col(columns.UNIT).is_in(ill.implode()))


def _groups(
    product: Product, rules: TriageRules, cases: pl.DataFrame, known: pl.DataFrame
) -> list[_Group]:
    """The whole first, then every protected part; levels that open data holds count too."""
    found = [WHOLE]
    for rule in rules.protect:
        found += parts(rule, cases, known, product.scope)
    return [_group(product, cases, one) for one in dict.fromkeys(found)]


def _group(product: Product, cases: pl.DataFrame, part: Slice) -> _Group:
    here = cases.filter(on_slice(part, cases.schema))
    unit = None
    if _shared_unit(product) is not None:
        unit = here[columns.UNIT].rank("dense").cast(pl.Int64).to_numpy() - 1
    score, positive = here[columns.SCORE].to_numpy(), here[columns.POSITIVE].to_numpy()
    return _Group(part, stats.one_a_unit(score, positive, unit))


def _certify(
    product: Product, wanted: MaxRisk, groups: Sequence[_Group], delta: float, tried: Floats
) -> _Found:
    clears = wanted.risk.side == "clear"
    seen = groups if clears else [replace(g, sample=g.sample.mirrored()) for g in groups]
    if wanted.risk.predictive:
        grid = tried if clears else -tried[::-1]
        return _predictive(product, wanted, seen, delta, grid)
    return _exact(wanted, seen, delta)


def _exact(wanted: MaxRisk, groups: Sequence[_Group], delta: float) -> _Found:
    """FNR or FPR: the lowest of the groups' thresholds holds on all of them."""
    risk = wanted.risk
    found = [stats.certified_threshold(g.sample, wanted.at_most, delta) for g in groups]
    limits = [one.threshold for one in found if one.threshold is not None]
    limit = min(limits) if len(limits) == len(groups) else None
    of = "positives" if risk is Risk.FNR else "negatives"
    needed = stats.errors_needed(wanted.at_most, delta)
    short = [
        Missing(needed, words.among(of, group.slice), one.n)
        for group, one in zip(groups, found, strict=True)
        if one.allowed < 0
    ]
    tied = next((pair for pair in zip(groups, found, strict=True) if pair[1].tied), None)
    needs = max(short, key=lambda one: one.more, default=None)
    reason = ""
    if needs is not None:
        reason = words.too_few(wanted, needs)
    elif tied is not None:
        where = words.among(of, tied[0].slice)
        reason = words.tied(wanted, tied[1].k, tied[1].allowed, where)
    whole = found[0]
    side = CertifiedSide(
        side=risk.side,
        risk=risk,
        at_most=wanted.at_most,
        delta=delta,
        k=whole.k,
        n=whole.n,
        of=of,
        bound=whole.bound,
        threshold=None,
        certified=_own(risk.side, limit),
        attainable=max(one.attainable for one in found),
        needs=needs,
        reason=reason,
        protected=tuple(
            ProtectedLevel(g.slice, one.k, one.n, one.bound, _own(risk.side, one.threshold))
            for g, one in zip(groups[1:], found[1:], strict=True)
        ),
    )
    return _Found(side, limit, None)


def _predictive(
    product: Product, wanted: MaxRisk, groups: Sequence[_Group], delta: float, grid: Floats
) -> _Found:
    """NPV or PPV: the thresholds that a multi-start fixed-sequence test rejects on all groups."""
    risk = wanted.risk
    prevalence = product.data.prevalence
    errors = None
    if isinstance(prevalence, float):
        errors = prevalence if risk is Risk.NPV else 1.0 - prevalence
    begin = stats.starts(len(grid))
    level = delta / max(len(begin), 1)
    args = (grid, wanted.at_most, level, errors)
    # a threshold counts where it is shown on every group: all of them must hold
    shown = [stats.predictive_shown(g.sample, *args) for g in groups]
    rejected = stats.fixed_sequence(np.logical_and.reduce(shown), begin)
    at = grid[list(begin)]
    least = [stats.smallest_predictive_error(g.sample, at, level, errors) for g in groups]
    of = "cleared" if risk is Risk.NPV else "flagged"
    needs = None
    if not rejected.any():
        needs = _more_decided(wanted, groups, grid, level, f"{of} cases", errors)
    side = CertifiedSide(
        side=risk.side,
        risk=risk,
        at_most=wanted.at_most,
        delta=delta,
        k=0,
        n=0,
        of=f"{of} cases",
        bound=max(least),
        threshold=None,
        certified=_own(risk.side, float(grid[rejected].max()) if rejected.any() else None),
        attainable=max(least),
        needs=needs,
        reason="" if rejected.any() else words.not_shown(wanted, len(grid)),
        protected=tuple(
            ProtectedLevel(g.slice, 0, len(g.sample.score), one, None)
            for g, one in zip(groups[1:], least[1:], strict=True)
        ),
    )
    return _Found(side, None, grid[rejected])


def _more_decided(
    wanted: MaxRisk,
    groups: Sequence[_Group],
    grid: Floats,
    level: float,
    of: str,
    prevalence: float | None,
) -> Missing | None:
    """Cases below a threshold that would do without an error; at a prevalence it is not known."""
    if prevalence is not None:
        return None
    needed = stats.errors_needed(wanted.at_most, level)
    found = []
    for group in groups:
        sample = group.sample
        right = sample.score < (sample.score[sample.error].min() if sample.error.any() else np.inf)
        have = int((right & (sample.score < grid.max(initial=-np.inf))).sum())
        found.append(Missing(needed, words.among(of, group.slice), have))
    most = max(found, key=lambda one: one.more)
    return most if most.more else None


def _own(side: SideName, threshold: float | None) -> float | None:
    """A threshold in the product's scores, from the side's own direction."""
    if threshold is None or side == "clear":
        return threshold
    # 0.0 - x, because -0.0 would be shown as a negative zero
    return 0.0 - threshold


def _chosen(
    product: Product, cases: pl.DataFrame, found: Sequence[_Found]
) -> tuple[float | None, float | None, tuple[str, ...]]:
    """The thresholds that are used, never outside of what every risk of their side certified."""
    scores = cases[columns.SCORE].to_numpy()
    below = _certified_set("clear", found, scores)
    above = 0.0 - _certified_set("flag", found, 0.0 - scores)
    costs = _costs(product, cases)
    if costs is not None:
        pair = stats.cheapest(scores, *costs, below, above)
        return pair.clear_below, pair.flag_above, (words.BY_COST,)
    clear = float(below.max()) if len(below) else None
    flag = float(above.min()) if len(above) else None
    if clear is None or flag is None or clear <= flag:
        return clear, flag, ()
    # scores that may be cleared and flagged: a miss is the graver error, so flagging goes first
    lower = below[below <= flag]
    if len(lower):
        return float(lower.max()), flag, (words.OVERLAP,)
    return clear, float(above[above >= clear].min(initial=np.inf)), (words.OVERLAP,)


def _certified_set(side: SideName, found: Sequence[_Found], scores: Floats) -> Floats:
    """All thresholds that make a difference and hold for every risk of a side."""
    ours = [one for one in found if one.side.side == side]
    if not ours or any(one.none for one in ours):
        return np.empty(0)
    limit = min((one.limit for one in ours if one.limit is not None), default=np.inf)
    tested = [one.shown for one in ours if one.shown is not None]
    if not tested:
        return np.unique(np.append(scores[scores <= limit], limit))
    both = tested[0]
    for other in tested[1:]:
        both = np.intersect1d(both, other)
    return both[both <= limit]


def _costs(product: Product, cases: pl.DataFrame) -> tuple[Floats, Floats] | None:
    """What clearing and flagging each case costs more than a person; None: nothing to weigh."""
    costs = product.costs
    if costs is None or costs.refer == 0.0:
        return None
    tariff = prices.loss(costs)
    refer, clear, flag = (
        cases.select(loss.alias(columns.SCORE))[columns.SCORE].to_numpy()
        for loss in (prices.price(costs.refer), tariff.of(pl.lit(False)), tariff.of(pl.lit(True)))
    )
    positive = cases[columns.POSITIVE].to_numpy()
    weight = np.ones(cases.height)
    prevalence, share = product.data.prevalence, float(positive.mean()) if len(positive) else 0.0
    if isinstance(prevalence, float) and 0.0 < share < 1.0:
        weight = np.where(positive, prevalence / share, (1.0 - prevalence) / (1.0 - share))
    return weight * (clear - refer), weight * (flag - refer)


def _used(found: _Found, threshold: float | None, groups: Sequence[_Group]) -> CertifiedSide:
    """A side as it is used: its counts at the threshold that was chosen for it."""
    side = found.side
    if threshold is None:
        blocked = side.reason or (words.BLOCKED if side.certified is None else "")
        return replace(side, reason=blocked or words.NOT_WORTH_IT)
    sample = groups[0].sample
    if side.side == "flag":
        sample, threshold_below = sample.mirrored(), 0.0 - threshold
    else:
        threshold_below = threshold
    below = sample.score < threshold_below
    wrong = int((below & sample.error).sum())
    if side.risk.predictive:
        return replace(side, threshold=threshold, k=wrong, n=int(below.sum()), bound=side.at_most)
    return replace(side, threshold=threshold, k=wrong)
