"""Evidence from shares by a verification design: exact, and no better than what else is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.requirement import Limit
from roadworthy.stats import binomial, verification
from roadworthy.stats.evidence import INDEPENDENT, from_bounds
from roadworthy.stats.verified_share import DesignedTally

DRAWN = (
    "each case that the product cleared was drawn with its stated probability, whatever it is, and "
    "every other case has its truth"
)
METHOD = "exact binomial on verified cases, weighed by the chance of being verified"


def designed_rate(tally: DesignedTally, limit: Limit, regime: Regime, of: str) -> Evidence:
    """A share of cases by design."""
    return _combined({of: tally}, limit, regime, of, lambda rates: rates[0], METHOD)


def designed_sum(
    tallies: Mapping[str, DesignedTally], weights: Mapping[str, float], limit: Limit, regime: Regime
) -> Evidence:
    """A weighted sum of shares by design, each bounded at its share of alpha (Bonferroni)."""
    ordered = {name: tallies[name] for name in weights}

    def total(rates: list[float]) -> float:
        return sum(w * rate for w, rate in zip(weights.values(), rates, strict=True))

    return _combined(ordered, limit, regime, "cases", total, f"weighted sum of: {METHOD}")


def designed_value(
    tallies: Mapping[str, DesignedTally],
    limit: Limit,
    regime: Regime,
    value: Callable[[float, float], float],
) -> Evidence:
    """A predictive value from sensitivity and specificity, in both of which it rises."""

    def told(rates: list[float]) -> float:
        try:
            return value(*rates)
        except ValueError:
            # nothing is called so at these rates, so nothing is known of what is
            return 0.0

    return _combined(tallies, limit, regime, "cases", told, f"from both rates: {METHOD}")


def _combined(
    tallies: Mapping[str, DesignedTally],
    limit: Limit,
    regime: Regime,
    of: str,
    told: Callable[[list[float]], float],
    method: str,
) -> Evidence:
    """``told`` rises in every rate, so the bounds of all rates at alpha / rates bound it."""
    found = [verification.estimate(tally.known) for tally in tallies.values()]
    rates = [rate for rate in found if rate is not None]
    if len(rates) < len(found):
        empty = next(name for name, rate in zip(tallies, found, strict=True) if rate is None)
        return NotMeasured(f"there are no verified {empty} to measure it on")
    share = 1.0 / len(tallies)
    parts = list(tallies.values())
    evidence = from_bounds(
        limit,
        regime,
        lambda alpha: told([_lower(tally, alpha * share) for tally in parts]),
        lambda alpha: told([_upper(tally, alpha * share) for tally in parts]),
        estimate=told(rates),
        n=sum(tally.n for tally in parts),
        of=f"verified {of}" if any(tally.unverified for tally in parts) else of,
        method=method + (" (Bonferroni)" if len(parts) > 1 else ""),
        assumptions=(INDEPENDENT, DRAWN),
    )
    return replace(evidence, detail=_detail(evidence, parts))


def _lower(tally: DesignedTally, alpha: float) -> float:
    designed = verification.lower(tally.known, alpha)
    k, n = _all_known(tally)
    # what came to light by itself was not drawn, so it proves nothing; it may only lower a bound
    return min(designed, float(binomial.lower(k, n, alpha))) if tally.beside[1] else designed


def _upper(tally: DesignedTally, alpha: float) -> float:
    designed = verification.upper(tally.known, alpha)
    k, n = _all_known(tally)
    return max(designed, float(binomial.upper(k, n, alpha))) if tally.beside[1] else designed


def _all_known(tally: DesignedTally) -> tuple[int, int]:
    return tally.k + tally.beside[0], tally.n + tally.beside[1]


def _detail(evidence: Measured, parts: list[DesignedTally]) -> str:
    unknown = max(tally.unverified for tally in parts)
    beside = max(tally.beside[1] for tally in parts)
    told = ""
    if unknown:
        told = (
            f"{unknown:,} cases are not verified; audits stand for them, and `roadworthy plan` "
            "says how many it takes"
        )
    if beside:
        told += "; " if told else ""
        told += (
            f"{beside:,} cases whose truth is known although they were not drawn prove nothing, "
            "and may only make a bound worse"
        )
    return told
