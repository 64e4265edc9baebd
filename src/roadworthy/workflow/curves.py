"""ROC, reliability and cost against threshold: each from counts by score, each with its bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.evidence import NotMeasured
from roadworthy.core.picture import CostCurve, Mistakes, Price, Reliability, Roc, Share, Span
from roadworthy.core.policy import Policy, Triage
from roadworthy.core.product import CaseCost, Costs
from roadworthy.stats import binomial, calibration, costs
from roadworthy.stats.evidence import effective
from roadworthy.stats.gathered import Tally
from roadworthy.stats.pictured import Counted
from roadworthy.stats.score_counts import ScoreCounts, simultaneous
from roadworthy.workflow.subject import Judged

POINTS = 40
GROUPS, LEAST = 10, 30
SHARE_UNITS = (
    "cases of one unit depend on each other, and no band for a whole curve is known here that "
    "holds then"
)
ONE_CLASS = "the judged cases are all of one class, and a curve needs both"
NO_SCORES = "no score is thresholded here"
TWO_THRESHOLDS = "a triage product has two thresholds, and a person decides between them"


@dataclass(frozen=True)
class Curves:
    """The three pictures, and why one is not there."""

    roc: Roc | None = None
    reliability: Reliability | None = None
    costs: CostCurve | None = None
    without: tuple[tuple[str, str], ...] = ()


def curves(
    judged: Judged, found: Mapping[str, Any], mistakes: Sequence[Mistakes], alpha: float
) -> Curves:
    """The pictures of a product with scores; ``mistakes`` are its own, then those of readers."""
    if "scores" not in found:
        return Curves(without=(("roc", NO_SCORES),))
    scored: Counted[ScoreCounts] = found["scores"]
    positives = int(scored.counts.positives.sum())
    negatives = int(scored.counts.negatives.sum())
    if positives + negatives == 0:
        return Curves(without=(("roc", "no case is in scope"),))
    without = [("band", SHARE_UNITS)] if scored.dependent else []
    both = positives > 0 and negatives > 0
    triage = isinstance(judged.policy, Triage)
    if triage:
        without.append(("roc", TWO_THRESHOLDS))
    elif not both:
        without.append(("roc", ONE_CLASS))
    reliability = _reliability(judged, scored, alpha)
    drawn = both and not triage
    priced = _costs(judged, found, mistakes, alpha) if drawn else "" if triage else ONE_CLASS
    if isinstance(reliability, str):
        without.append(("reliability", reliability))
    if isinstance(priced, str) and priced:
        without.append(("costs", priced))
    return Curves(
        roc=_roc(found, mistakes[0], alpha) if drawn else None,
        reliability=None if isinstance(reliability, str) else reliability,
        costs=None if isinstance(priced, str) else priced,
        without=tuple(without),
    )


def _roc(found: Mapping[str, Any], ours: Mistakes, alpha: float) -> Roc:
    scored: Counted[ScoreCounts] = found["scores"]
    _, hits, alarms = scored.counts.at_or_above()
    positives, negatives = int(hits[-1]), int(alarms[-1])
    x, y = alarms / negatives, hits / positives
    kept = _thinned(x + y)
    each = 1.0 - math.sqrt(1.0 - alpha)
    at_alarms, at_found = ours.alarms, _not(ours.missed)
    if "at_found" in found:
        at_alarms, at_found = (_share(found[k], alpha) for k in ("at_alarms", "at_found"))
    return Roc(
        alarms=_rounded(x[kept]),
        found=_rounded(y[kept]),
        positives=positives,
        negatives=negatives,
        at_alarms=at_alarms,
        at_found=at_found,
        alarms_off=None if scored.dependent else simultaneous(negatives, each),
        found_off=None if scored.dependent else simultaneous(positives, each),
    )


def _thinned(along: NDArray[np.float64]) -> NDArray[np.int64]:
    """At most about ``POINTS`` places evenly along a curve; the first and the last among them."""
    if len(along) <= POINTS:
        return np.arange(len(along))
    step = np.floor(along / along[-1] * POINTS)
    _, first = np.unique(step, return_index=True)
    return np.unique([*first, len(along) - 1])


def _reliability(judged: Judged, scored: Counted[ScoreCounts], alpha: float) -> Reliability | str:
    if isinstance(judged.product.data.prevalence, float):
        return (
            "these cases hold another share of positives than the declared prevalence, so what "
            "scores are worth there cannot be read off them"
        )
    score, n, hits = scored.counts.groups(GROUPS, LEAST)
    told = _rounded(score), tuple(n.tolist()), tuple(hits.tolist())
    if scored.dependent:
        return Reliability(*told)
    # the edges do not matter for the bands: the groups are what they are
    edges = np.linspace(0.0, 1.0, len(n) + 1)
    bands = calibration.bands(calibration.Bins(edges, n, hits, score * n), alpha)
    return Reliability(*told, _rounded(bands.low), _rounded(bands.high))


def _costs(
    judged: Judged, found: Mapping[str, Any], mistakes: Sequence[Mistakes], alpha: float
) -> CostCurve | str:
    product, policy = judged.product, judged.policy
    declared, prevalence = product.costs, product.data.prevalence
    if declared is None:
        return ""
    if declared.per_case:
        return "costs differ from case to case, and counts by score cannot tell whose they are"
    if declared.found or declared.cleared:
        return "right calls earn something too, and this picture would show what is paid alone"
    if prevalence is None:
        return "what a case costs hangs on how common positives are; declare `data.prevalence`"
    assert isinstance(policy, Policy)
    scored: Counted[ScoreCounts] = found.get("decided", found["scores"])
    pricing = _Pricing(declared, None if prevalence == "as_sampled" else float(prevalence), alpha)
    sizes = mistakes[0].missed.n, mistakes[0].alarms.n
    threshold, hits, alarms = scored.counts.at_or_above()
    at = _grid(threshold, hits + alarms, policy.threshold)
    whole = int(hits[-1]), int(alarms[-1])
    spans = [
        pricing.span(whole[0] - int(hits[i]), int(alarms[i]), whole, sizes, scored.dependent)
        for i in at
    ]
    ours = mistakes[0]
    return CostCurve(
        threshold=_rounded(np.minimum(threshold[at], 1.0)),
        cost=tuple(_short(span.seen) for span in spans),
        low=tuple(_short(span.low) for span in spans if span.low is not None),
        high=tuple(_short(span.high) for span in spans if span.high is not None),
        now=pricing.span(ours.missed.k, ours.alarms.k, whole, sizes, scored.dependent),
        others=tuple(
            Price(who.name, pricing.read(who, _reading(judged, who.name), scored.dependent))
            for who in mistakes[1:]
            if who.missed.n and who.alarms.n
        ),
    )


def _grid(
    threshold: NDArray[np.float64], reached: NDArray[np.int64], now: float
) -> NDArray[np.int64]:
    """Thresholds evenly along the part of the scale where scores are, lowest first."""
    rising, share = threshold[::-1], reached[::-1] / max(int(reached[-1]), 1)
    # beyond what hardly any score reaches there is nothing to see
    top = float(rising[np.searchsorted(-share, -0.005)]) if len(rising) > 1 else 1.0
    end = min(1.0, max(1.05 * now, top))
    wanted = np.linspace(0.0, end, POINTS)
    places = np.minimum(np.searchsorted(rising, wanted), len(rising) - 1)
    return np.asarray(len(rising) - 1 - np.unique(places), dtype=np.int64)


@dataclass(frozen=True)
class _Pricing:
    """Mean costs with bounds, in the mixture of the cases or at a declared prevalence."""

    costs: Costs
    prevalence: float | None
    alpha: float

    def span(
        self,
        missed: int,
        alarms: int,
        decided: tuple[int, int],
        sizes: tuple[int, int],
        dependent: bool,
    ) -> Span:
        """``decided`` and ``sizes`` are positives and negatives: without a person, and in all."""
        referred = sizes[0] - decided[0], sizes[1] - decided[1]
        return self._bounded(missed, alarms, referred, sizes, dependent)

    def read(self, who: Mistakes, each: float, dependent: bool) -> Span:
        """What somebody costs who reads every case, at ``each`` a case."""
        sizes = who.missed.n, who.alarms.n
        # who reads every case refers none, and what cannot be needs no bound
        alone = replace(self, costs=replace(self.costs, refer=0.0))
        span = alone._bounded(who.missed.k, who.alarms.k, (0, 0), sizes, dependent)
        if span.low is None or span.high is None:
            return Span(span.seen + each)
        return Span(span.seen + each, span.low + each, span.high + each)

    def _bounded(
        self,
        missed: int,
        alarms: int,
        referred: tuple[int, int],
        sizes: tuple[int, int],
        dependent: bool,
    ) -> Span:
        miss, alarm, refer = (float(price) for price in _prices(self.costs))  # type: ignore[arg-type]
        if self.prevalence is None:
            counts = float(missed), float(alarms), float(sum(referred))
            groups = [costs.Group(counts, (miss, alarm, refer), float(sum(sizes)))]
        else:
            # a positive is never a false alarm, and what cannot be needs no bound
            groups = list(
                costs.at_prevalence(
                    costs.Group((missed, referred[0]), (miss, refer), sizes[0]),
                    costs.Group((alarms, referred[1]), (alarm, refer), sizes[1]),
                    self.prevalence,
                )
            )
        seen = costs.estimate(groups)
        if dependent:
            return Span(seen)
        return Span(seen, costs.lower(groups, self.alpha), costs.upper(groups, self.alpha))


def _reading(judged: Judged, name: str) -> float:
    """What one reading costs, as the requirement says that compares costs with this person."""
    declared = judged.product.costs
    assert declared is not None
    said = [
        getattr(requirement.parameters, "reader_refers", True)
        for requirement in judged.product.requirements
        if requirement.limit.against == name and requirement.metric == "expected_cost"
    ]
    return float(_prices(declared)[2]) if all(said) else 0.0  # type: ignore[arg-type]


def _prices(declared: Costs) -> tuple[float | CaseCost, ...]:
    return declared.miss, declared.false_alarm, declared.refer


def _share(tally: Tally, alpha: float) -> Share:
    bounded = effective(tally, alpha)
    if isinstance(bounded, NotMeasured):
        return Share(tally.k, tally.n)
    low, high = (float(bound(*bounded, alpha)) for bound in (binomial.lower, binomial.upper))
    return Share(tally.k, tally.n, low, high)


def _not(share: Share) -> Share:
    low = None if share.high is None else 1.0 - share.high
    high = None if share.low is None else 1.0 - share.low
    return Share(share.n - share.k, share.n, low, high)


def _short(value: float) -> float:
    """Six digits are more than a picture shows."""
    return float(f"{value:.6g}")


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
