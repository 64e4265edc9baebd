"""From what was gathered on one cell to evidence for a limit: one function a kind of statistic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import nextafter

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.requirement import Limit
from roadworthy.stats import auc, binomial, dependence, inversion, means, paired, sequential
from roadworthy.stats.gathered import Average, ByUnit, Pairing, Ranks, Tally

INDEPENDENT = "cases are independent of one another and drawn from the cohort the claim is about"
CLUSTERED = "units are independent of one another; cases of one unit may depend on each other"
# said where two never disagree: a copy of the product's own calls looks the same
NO_COPY = "neither of the two owes its calls to the other, although they agree on all of these"
CLUSTERED_BY_SIZE = f"{CLUSTERED}; no unit of the cohort is larger than the largest seen"
NO_ORDER = (
    "a bound on a mean stays valid at every look only for cases in the order of their arrival, "
    "and cases stand in the order of their ids here"
)


@dataclass(frozen=True)
class Bounds:
    """Both one-sided bounds and both tail p-values at the limit."""

    low: float | None
    high: float | None
    above: float
    below: float


def measured(
    limit: Limit,
    bounds: Bounds,
    *,
    estimate: float,
    n: int,
    of: str,
    method: str,
    assumptions: tuple[str, ...],
) -> Measured:
    """Evidence whose p-values point the way the limit binds.

    ``bounds.above`` is the p-value against "the value is at or below the limit", ``bounds.below``
    the one against "at or above".
    """
    wants_high = limit.wants_high
    return Measured(
        estimate=estimate,
        low=bounds.low,
        high=bounds.high,
        p_pass=bounds.above if wants_high else bounds.below,
        p_fail=bounds.below if wants_high else bounds.above,
        n=n,
        of=of,
        method=method,
        assumptions=assumptions,
    )


def rate(tally: Tally, limit: Limit, regime: Regime, of: str) -> Evidence:
    """A share of cases: exact binomial; by effective sample size when cases depend."""
    if tally.n == 0:
        return NotMeasured(f"there are no {of} to measure it on")
    if regime.anytime:
        return _anytime_rate(tally, limit, regime, of)
    if tally.units is None:
        k, n, method, assumption = (
            float(tally.k),
            float(tally.n),
            "exact binomial (Clopper-Pearson)",
            INDEPENDENT,
        )
    else:
        try:
            effective = dependence.effective_sample(
                tally.units.sums, tally.units.sizes, regime.alpha
            )
        except ValueError as problem:
            return NotMeasured(str(problem))
        k, n, assumption = effective.k, effective.n, CLUSTERED
        method = (
            f"exact binomial on an effective sample of {n:.1f} out of {tally.n} {of} "
            f"in {effective.units} units (Korn-Graubard)"
        )
    return measured(
        limit,
        _binomial_bounds(k, n, limit, regime.alpha),
        estimate=tally.estimate,
        n=tally.n,
        of=of,
        method=method,
        assumptions=(assumption,),
    )


def _binomial_bounds(k: float, n: float, limit: Limit, alpha: float) -> Bounds:
    return Bounds(
        float(binomial.lower(k, n, alpha)),
        float(binomial.upper(k, n, alpha)),
        float(binomial.p_above(k, n, limit.threshold)),
        float(binomial.p_below(k, n, limit.threshold)),
    )


def _anytime_rate(tally: Tally, limit: Limit, regime: Regime, of: str) -> Evidence:
    if tally.units is not None:
        return NotMeasured(NO_ORDER)
    k, n = tally.k, tally.n
    bounds = Bounds(
        float(sequential.mixture_lower(k, n, regime.alpha)),
        float(sequential.mixture_upper(k, n, regime.alpha)),
        float(sequential.mixture_p_above(k, n, limit.threshold)),
        float(sequential.mixture_p_below(k, n, limit.threshold)),
    )
    return measured(
        limit,
        bounds,
        estimate=tally.estimate,
        n=n,
        of=of,
        method="anytime-valid beta-binomial mixture",
        assumptions=(INDEPENDENT,),
    )


def average(
    values: Average, limit: Limit, regime: Regime, of: str, lo: float, hi: float
) -> Evidence:
    """A mean of values declared to lie in ``lo..hi``: betting bounds, at every n."""
    if values.n == 0:
        return NotMeasured(f"there are no {of} to measure it on")
    if regime.anytime:
        return NotMeasured(NO_ORDER)
    if beyond := outside(values, lo, hi):
        return beyond
    found = _bet(values.units, limit, regime, lo, hi, n=values.n, of=of)
    return replace(found, spread=values.spread)


def outside(values: Average, lo: float, hi: float) -> NotMeasured | None:
    """Why no bound on the mean holds: a value lies outside the declared ends; None: none does."""
    ends = [end for end in (values.smallest, values.largest) if end is not None]
    beyond = [end for end in ends if not lo <= end <= hi]
    if not beyond:
        return None
    return NotMeasured(
        f"a value of {beyond[-1]:g} lies outside the declared {lo:g} to {hi:g}, "
        "so no bound on the mean holds; declare the true maximum"
    )


def weighed_average(
    values: Mapping[str, Average],
    weights: Mapping[str, float],
    limit: Limit,
    regime: Regime,
    lo: float,
    hi: float,
) -> Evidence:
    """A weighted sum of class means, each bounded by betting at its share of alpha (Bonferroni)."""
    if regime.anytime:
        return NotMeasured(NO_ORDER)
    for name in weights:
        if values[name].n == 0:
            return NotMeasured(f"there are no {name} to measure it on")
        if beyond := outside(values[name], lo, hi):
            return beyond
    units = {name: values[name].units for name in weights}

    def total(bound: Callable[..., float], alpha: float) -> float:
        share = alpha / len(weights)
        return sum(
            w * bound(units[k].sums, units[k].sizes, share, lo, hi) for k, w in weights.items()
        )

    dependent = any(unit.dependent for unit in units.values())
    return from_bounds(
        limit,
        regime,
        lambda alpha: total(means.lower, alpha),
        lambda alpha: total(means.upper, alpha),
        estimate=sum(w * means.estimate(units[k].sums, units[k].sizes) for k, w in weights.items()),
        n=sum(values[name].n for name in weights),
        of="cases",
        method=f"weighted sum of betting bounds over {', '.join(weights)} (Bonferroni)",
        assumptions=(CLUSTERED_BY_SIZE if dependent else INDEPENDENT,),
    )


def _bet(
    units: ByUnit, limit: Limit, regime: Regime, lo: float, hi: float, *, n: int, of: str
) -> Measured:
    sums, sizes = units.sums, units.sizes
    bounds = Bounds(
        means.lower(sums, sizes, regime.alpha, lo, hi),
        means.upper(sums, sizes, regime.alpha, lo, hi),
        means.p_above(sums, sizes, limit.threshold, lo, hi),
        means.p_below(sums, sizes, limit.threshold, lo, hi),
    )
    return measured(
        limit,
        bounds,
        estimate=means.estimate(sums, sizes),
        n=n,
        of=of,
        method=f"bounded mean by betting (values in {lo:g} to {hi:g})",
        assumptions=(CLUSTERED_BY_SIZE if units.dependent else INDEPENDENT,),
    )


def gain(pairs: Pairing, limit: Limit, regime: Regime, of: str) -> Evidence:
    """Share of cases that ours gets right minus the share that theirs does, on the same cases."""
    counts = pairs.counts
    if counts.n == 0:
        return NotMeasured(f"there are no {of} to compare on")
    if regime.anytime:
        return NotMeasured("no bound on a gain is known here that stays valid at every look")
    alike = (NO_COPY,) if counts.gained == counts.lost == 0 else ()
    if pairs.units.dependent:
        bet = _bet(pairs.units, limit, regime, -1.0, 1.0, n=counts.n, of=of)
        told = isinstance(bet, Measured)
        return replace(bet, assumptions=(*bet.assumptions, *alike)) if told else bet
    alpha, at = regime.alpha, limit.threshold
    low, high = paired.lower(counts, alpha), paired.upper(counts, alpha)
    bounds = Bounds(
        low,
        high,
        _as_the_bound_says(paired.p_above(counts, at), alpha, shown=low >= at),
        _as_the_bound_says(paired.p_below(counts, at), alpha, shown=high <= at),
    )
    found = measured(
        limit,
        bounds,
        estimate=paired.estimate(counts),
        n=counts.n,
        of=of,
        method=f"exact unconditional paired test (Tango's score; {counts.gained} gained, "
        f"{counts.lost} lost)",
        assumptions=(INDEPENDENT, *alike),
    )
    apart = (counts.gained + counts.lost) / counts.n
    return replace(found, spread=max(apart - found.estimate**2, 0.0) ** 0.5)


def _as_the_bound_says(p: float, alpha: float, *, shown: bool) -> float:
    """The exact paired p-value dips along the limit; the bound is its careful side."""
    return p if shown else max(p, nextafter(alpha, 1.0))


def ranking(ranks: Ranks, limit: Limit, regime: Regime) -> Evidence:
    """The AUC as an exact binomial on independent pairs; a histogram's error widens it."""
    if ranks.auc is None:
        return NotMeasured("an AUC needs both positives and negatives")
    if regime.anytime:
        return NotMeasured("no bound on an AUC is known here that stays valid at every look")
    fewest = min(ranks.units_positive, ranks.units_negative)
    if ranks.dependent and fewest < dependence.MIN_UNITS:
        return NotMeasured(
            f"{fewest} units of one class are too few for dependent cases; "
            f"{dependence.MIN_UNITS} are needed"
        )
    sizes = (ranks.effective_positives, ranks.effective_negatives)
    estimate, error, alpha, at = ranks.auc, ranks.error, regime.alpha, limit.threshold
    worst, best = max(0.0, estimate - error), min(1.0, estimate + error)
    try:
        bounds = Bounds(
            auc.lower(worst, *sizes, alpha),
            auc.upper(best, *sizes, alpha),
            auc.p_above(worst, *sizes, at),
            auc.p_below(best, *sizes, at),
        )
    except ValueError as problem:
        return NotMeasured(str(problem))
    within = f", from a histogram (error at most {error:.1e})" if error else ""
    return measured(
        limit,
        bounds,
        estimate=estimate,
        n=ranks.positives + ranks.negatives,
        of="cases",
        method=f"exact binomial on as many independent pairs as the rarer class has{within}",
        assumptions=(CLUSTERED if ranks.dependent else INDEPENDENT,),
    )


def from_bounds(
    limit: Limit,
    regime: Regime,
    lower: Callable[[float], float],
    upper: Callable[[float], float],
    *,
    estimate: float,
    n: int,
    of: str,
    method: str,
    assumptions: tuple[str, ...] = (INDEPENDENT,),
) -> Measured:
    """Evidence from two bounds as functions of alpha; the p-values are found by inverting them."""
    at, wants_high = limit.threshold, limit.wants_high
    # The limit itself meets it: a bound that touches it speaks for PASS and never for FAIL.
    bounds = Bounds(
        lower(regime.alpha),
        upper(regime.alpha),
        inversion.p_value(lambda a: lower(a) >= at if wants_high else lower(a) > at),
        inversion.p_value(lambda a: upper(a) < at if wants_high else upper(a) <= at),
    )
    return measured(
        limit, bounds, estimate=estimate, n=n, of=of, method=method, assumptions=assumptions
    )


def certain(limit: Limit, value: float, *, n: int, of: str, method: str) -> Measured:
    """Evidence for what was counted, not sampled: the limit is met or it is not."""
    met = limit.met_by(value)
    return Measured(
        estimate=value,
        low=value,
        high=value,
        p_pass=0.0 if met else 1.0,
        p_fail=1.0 if met else 0.0,
        n=n,
        of=of,
        method=method,
    )


def effective(tally: Tally, alpha: float) -> tuple[float, float] | NotMeasured:
    """``k`` and ``n`` of a share for a combined bound: effective ones when cases depend."""
    if tally.units is None:
        return float(tally.k), float(tally.n)
    try:
        found = dependence.effective_sample(tally.units.sums, tally.units.sizes, alpha)
    except ValueError as problem:
        return NotMeasured(str(problem))
    return found.k, found.n


def planned(size: Callable[[], int]) -> int | None:
    """What a plan asks for; None where the truth is too near the limit for any plan."""
    try:
        return size()
    except ValueError:
        return None


def always_met(limit: Limit, lo: float, hi: float) -> bool:
    """Whether no value within ``lo..hi`` could miss the limit."""
    return limit.threshold <= lo if limit.wants_high else limit.threshold >= hi
