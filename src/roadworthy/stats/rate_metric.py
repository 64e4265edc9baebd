"""What all rates share: a case is right or wrong, and the rate is the share that is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Limit, Requirement
from roadworthy.stats import binomial, paired, predictive
from roadworthy.stats.evidence import (
    CLUSTERED,
    INDEPENDENT,
    always_met,
    effective,
    from_bounds,
    gain,
    planned,
    rate,
    weighed_average,
)
from roadworthy.stats.gathered import Mean, Pairing, Pairs, Share
from roadworthy.stats.verified_evidence import designed_rate, designed_sum
from roadworthy.stats.verified_share import DesignedTally

POSITIVE = pl.col(columns.POSITIVE)


class Rate:
    """An instrument whose observations are right or wrong.

    A subclass says which cases count (``among``), when a call is right (``right``), what the
    cases are called (``of``), and, when less is better, that the wrong ones are counted.
    """

    about: About
    parameters: type[Any]
    of = "cases"
    ours = columns.FLAGGED
    rows = Rows.RATED
    # its shares may be told by a verification design (stats.verified_metric)
    by_design = True

    def among(self, requirement: Requirement[Any]) -> pl.Expr:
        """Which cases the rate is about."""
        return pl.lit(True)

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        """Whether a call on a case is right."""
        raise NotImplementedError(f"{type(self).__name__} must say when a call is right")

    def kind(self, requirement: Requirement[Any]) -> str:
        """What the cases that count are called."""
        return self.of

    def strata(self, requirement: Requirement[Any]) -> Mapping[str, tuple[pl.Expr, float]] | None:
        """Classes to weigh by a declared prevalence: which cases, and their weight; None: none."""
        prevalence = getattr(requirement.parameters, "prevalence", None)
        if not self.about.follows_prevalence or not isinstance(prevalence, float):
            return None
        return {"positives": (POSITIVE, prevalence), "negatives": (~POSITIVE, 1.0 - prevalence)}

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """One share; pairs for a comparison; one share a class when classes are weighed."""
        among, right = self.among(requirement), self._counted(requirement, pl.col(self.ours))
        strata = self.strata(requirement)
        pairs = self._pairs(requirement, among) if requirement.limit.against else None
        if strata is None:
            return {"pairs": pairs} if pairs else {"share": Share(right, among, self.rows)}
        if pairs is None:
            return {
                name: Share(right, among & part, self.rows) for name, (part, _) in strata.items()
            }
        gains = pairs.ours.cast(pl.Int8) - pairs.theirs.cast(pl.Int8)
        return {name: Mean(gains, among & part, self.rows) for name, (part, _) in strata.items()}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact evidence from the counts."""
        of, limit = self.kind(requirement), requirement.limit
        strata = self.strata(requirement)
        if "pairs" in gathered:
            pairing: Pairing = gathered["pairs"]
            return gain(pairing, limit, regime, of)
        if strata is None:
            share = gathered["share"]
            by_design = isinstance(share, DesignedTally)
            return (designed_rate if by_design else rate)(share, limit, regime, of)
        weights = {name: weight for name, (_, weight) in strata.items()}
        if limit.against:
            return weighed_average(gathered, weights, limit, regime, -1.0, 1.0)
        return weighed(gathered, weights, limit, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Fresh cases of the right kind, so many that the exact test passes and never dips."""
        of = self.kind(requirement)
        if requirement.limit.against:
            return pairs_needed(requirement, seen, regime, power, of)
        if self.strata(requirement) is not None:
            return replace(
                cases_needed(requirement.limit, requirement.target, seen, regime, power, "cases"),
                among=None,
                assumed=("both classes are as frequent in the set as declared, which is rough",),
            )
        return replace(
            cases_needed(requirement.limit, requirement.target, seen, regime, power, of),
            among="share",
        )

    def _counted(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        right = self.right(requirement, call)
        return right if self.about.better == "higher" else ~right

    def _pairs(self, requirement: Requirement[Any], among: pl.Expr) -> Pairs:
        theirs = pl.col(columns.call(str(requirement.limit.against)))
        return Pairs(
            self.right(requirement, pl.col(self.ours)),
            self.right(requirement, theirs),
            among,
            self.rows,
        )


def weighed(
    tallies: Mapping[str, Any], weights: Mapping[str, float], limit: Limit, regime: Regime
) -> Evidence:
    """A weighted sum of rates, each bounded exactly at its share of alpha (Bonferroni)."""
    designed = {name: one for name, one in tallies.items() if isinstance(one, DesignedTally)}
    if designed:
        return designed_sum(designed, weights, limit, regime)
    if regime.anytime:
        return NotMeasured("no bound on a weighted rate is known here that stays valid at any look")
    empty = [name for name in weights if tallies[name].n == 0]
    if empty:
        return NotMeasured(f"there are no {empty[0]} to measure it on")
    found = [effective(tallies[name], regime.alpha / len(weights)) for name in weights]
    pairs = [pair for pair in found if not isinstance(pair, NotMeasured)]
    if len(pairs) < len(found):
        return next(pair for pair in found if isinstance(pair, NotMeasured))
    k, n, w = [p[0] for p in pairs], [p[1] for p in pairs], list(weights.values())
    dependent = any(tallies[name].units is not None for name in weights)
    return from_bounds(
        limit,
        regime,
        lambda alpha: predictive.weighted_lower(k, n, w, alpha),
        lambda alpha: predictive.weighted_upper(k, n, w, alpha),
        estimate=sum(tallies[name].estimate * weight for name, weight in weights.items()),
        n=sum(tallies[name].n for name in weights),
        of="cases",
        method=f"weighted sum of exact bounds over {', '.join(weights)} (Bonferroni)",
        assumptions=(CLUSTERED if dependent else INDEPENDENT,),
    )


def cases_needed(
    limit: Limit,
    target: float | None,
    seen: Measured | None,
    regime: Regime,
    power: float,
    of: str,
) -> Need:
    """Independent cases that the exact binomial test needs at the target and at what was seen."""
    at = limit.threshold
    if always_met(limit, 0.0, 1.0):
        return Need(of, at_target=1, at_observed=1, without_error=1)
    if not 0.0 < at < 1.0:
        return Need(
            of, never=f"no number of {of} can show a rate of {limit}: one more could be wrong"
        )
    ideal = 1.0 if limit.wants_high else 0.0
    return Need(
        of,
        at_target=_size(limit, target, regime.alpha, power),
        at_observed=_size(limit, seen.estimate if seen else None, regime.alpha, power),
        without_error=_size(limit, ideal, regime.alpha, power),
    )


def _size(limit: Limit, truth: float | None, alpha: float, power: float) -> int | None:
    if truth is None or truth == limit.threshold or not limit.met_by(truth):
        return None
    return planned(lambda: binomial.sample_size(limit.threshold, truth, alpha, power).safe)


def pairs_needed(
    requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float, of: str
) -> Need:
    """Pairs that show a gain, were the two to disagree as often as declared, or seen if oftener."""
    limit, disagreement = requirement.limit, requirement.disagreement
    if seen is not None and seen.spread is not None:
        disagreement = max(disagreement, round(seen.spread**2 + seen.estimate**2, 12))

    def size(truth: float | None) -> int | None:
        if truth is None or truth <= limit.threshold:
            return None
        apart = max(disagreement, abs(truth))
        return planned(
            lambda: paired.sample_size(limit.threshold, truth, apart, regime.alpha, power)
        )

    if limit.threshold >= 1.0:
        return Need(of, never=f"no number of {of} can show that it {limit}: one more could be lost")
    return Need(
        of,
        at_target=size(requirement.target),
        at_observed=size(seen.estimate if seen else None),
        among="pairs",
        assumed=(f"the two disagree on {disagreement:.0%} of the {of}",),
    )
