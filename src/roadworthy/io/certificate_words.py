"""A certificate in the words of people who must sign it."""

from __future__ import annotations

from roadworthy.core.certificate import (
    Certificate,
    CertifiedSide,
    MaxRisk,
    Missing,
    OnOpenCases,
    ProtectedLevel,
    Risk,
    SeenRate,
)
from roadworthy.core.plan import PlannedRisk
from roadworthy.core.product import Prevalence, TriageRules
from roadworthy.core.requirement import Slice
from roadworthy.core.scope import Rule, ScopeRule
from roadworthy.io import telling
from roadworthy.stats.triage import STARTS

BY_COST = (
    "The thresholds are the cheapest inside what was certified: `costs` chose them on the "
    "calibration cases, and never outside."
)
OVERLAP = (
    "Some scores could be cleared and flagged alike; they are flagged, because a miss is the "
    "graver error. `costs` with a price of `refer` would weigh it."
)
DRAWN_IN = (
    "product.yaml draws the thresholds in (`only_below`, `only_above`): what is stricter than the "
    "certified ones stays certified."
)
NOT_WORTH_IT = (
    "it was certified, but deciding any case so would cost more than handing it to a person"
)
BLOCKED = "the other risk of this side was not certified"

_NAMES = {Risk.FNR: "FNR", Risk.FPR: "FPR", Risk.NPV: "NPV", Risk.PPV: "PPV"}
_MEANS = {
    Risk.FNR: "the share of the positives that is cleared",
    Risk.FPR: "the share of the negatives that is flagged",
    Risk.NPV: "the share of negatives among what is cleared",
    Risk.PPV: "the share of positives among what is flagged",
}
_DONE = {"clear": "cleared", "flag": "flagged"}


def promise(risk: Risk, at_most: float) -> str:
    """What must hold: "FNR at most 0.01", "NPV at least 0.999"."""
    if risk.predictive:
        return f"{_NAMES[risk]} at least {telling.exact(round(1.0 - at_most, 12))}"
    return f"{_NAMES[risk]} at most {telling.exact(at_most)}"


def meanings(found: Certificate) -> str:
    """What the short names stand for: "FNR is the share of the positives that is cleared"."""
    return "; ".join(f"{_NAMES[one.risk]} is {_MEANS[one.risk]}" for one in found.sides)


def requirement(found: Certificate) -> str:
    """All that the certificate is about."""
    return "; ".join(promise(side.risk, side.at_most) for side in found.sides)


def among(of: str, part: Slice) -> str:
    """A kind of cases, of a part of them."""
    return f"{of} of {part}" if part.keys else of


def guaranteed(side: CertifiedSide, confidence: float) -> str:
    """What a side promises, and by which counts, in one sentence."""
    sure = telling.percent(confidence)
    done, most = _DONE[side.side], telling.percent(side.at_most)
    if side.threshold is None:
        return telling.sentence(f"nothing is {done} without a person: {side.reason}")
    at = telling.number(side.threshold)
    where = "below" if side.side == "clear" else "above"
    lie = "lies" if side.k == 1 else "lie"
    if side.risk.predictive:
        wrong = "positive" if side.side == "clear" else "negative"
        return (
            f"At most {most} of what is {done} is {wrong}, with {sure} confidence: of "
            f"{telling.count(side.n)} calibration cases {where} {at}, {telling.count(side.k)} "
            f"{'is' if side.k == 1 else 'are'}."
        )
    return (
        f"At most {most} of the {side.of} are {done}, with {sure} confidence: "
        f"{telling.count(side.k)} of {telling.count(side.n)} calibration {side.of} {lie} {where} "
        f"{at}."
    )


def missing(side: CertifiedSide) -> tuple[str, ...]:
    """What these cases could certify, for a side that has no threshold."""
    if side.threshold is not None:
        return ()
    if side.certified is not None or not side.attainable < 1.0:
        return ()
    return (f"{attainable(side)} is the best that these cases could certify now.",)


def protected(side: CertifiedSide) -> tuple[str, ...]:
    """What was shown on each protected part: "vendor = A: 0 of 92 positives, at most 0.0321"."""
    if side.risk.predictive:
        parts = ", ".join(str(level.slice) for level in side.protected)
        return (f"Shown on each of {parts} by itself.",) if parts and side.certified else ()
    return tuple(
        f"{level.slice}: {_level(side, level)}"
        for level in sorted(side.protected, key=lambda one: one.certified is not None)
    )


def _level(side: CertifiedSide, level: ProtectedLevel) -> str:
    seen = f"{telling.count(level.n)} {side.of}"
    if level.certified is None:
        return f"not certified on {seen}"
    most = telling.number(level.bound, apart=(side.at_most,), rounding=telling.UP)
    where = "below" if side.side == "clear" else "above"
    return (
        f"at most {most} by its own {seen}, which allow {where} {telling.number(level.certified)}"
    )


def on_open(found: Certificate) -> tuple[str, ...]:
    """Where open cases go, and which positives are then seen by nobody."""
    seen = found.open
    if seen is None:
        return ()
    shares = (
        f"Of {telling.count(seen.cases)} open cases ({seen.set}), {_share(seen.cleared)} are "
        f"cleared, {_share(seen.referred)} referred to a person and {_share(seen.flagged)} flagged."
    )
    first = (shares,) if seen.assisted is None else (shares, _assisted(found, seen))
    if seen.gross is None:
        return first
    units = f" {found.unit}s" if found.unit else " positives"
    told = [
        *first,
        f"Gross misses there: {telling.count(seen.gross.k)} of {telling.count(seen.gross.n)}"
        f"{units} cleared ({_bounds(seen.gross)}).",
    ]
    for reader in seen.readers:
        name, net, also = reader.name, reader.net, reader.also_missed
        told.append(
            f"Net of {name}, who read the same cases: {telling.count(net.k)} cleared that {name} "
            f"calls ({_bounds(net)}); {telling.count(also.k)} cleared that {name} misses too "
            f"({_bounds(also)})."
        )
    return tuple(told)


def _assisted(found: Certificate, seen: OnOpenCases) -> str:
    """How many people are helped, and how good the help is; the person decides."""
    assert seen.assisted is not None
    told = f"With a suggestion for the person: {_share(seen.assisted)} of all cases"
    right = seen.suggestions
    if right is None:
        return f"{told}."
    units = f" {found.unit}s" if found.unit else ""
    return (
        f"{told}; right in {telling.count(right.k)} of {telling.count(right.n)}{units} "
        f"({_bounds(right)})."
    )


def _share(value: float) -> str:
    return telling.percent(round(value, 3))


def _bounds(seen: SeenRate) -> str:
    low = telling.number(seen.low, rounding=telling.DOWN)
    return f"{low} to {telling.number(seen.high, rounding=telling.UP)}"


def rests_on(found: Certificate) -> tuple[str, ...]:
    """The cases that certified it, how the error was shared, and until when it is valid."""
    unit = f"units ({found.unit})" if found.unit else "cases"
    kinds = (
        f"{telling.count(found.positives)} positives, {telling.count(found.negatives)} negatives"
    )
    told = f"Certified on the calibration {unit}: {kinds}"
    if found.unscored:
        told += f"; {telling.count(found.unscored)} cases without a score go to a person"
    looks = f"look {found.look} of {found.looks}"
    valid = f", valid until {found.expires}" if found.expires else ""
    delta = " and ".join(f"{one.delta:.4g} for {_NAMES[one.risk]}" for one in found.sides)
    total = telling.percent(found.confidence)
    return (
        f"{told}. {looks.capitalize()}, {found.made}{valid}.",
        f"Together {total} confidence: an error of {delta}"
        + (f" a look, of {found.looks}." if found.looks > 1 else "."),
        *found.notes,
    )


def attainable(side: CertifiedSide) -> str:
    """The smallest risk that could be certified now: "FNR at most 0.055"."""
    if side.risk.predictive:
        value = telling.number(1.0 - side.attainable, rounding=telling.DOWN)
        return f"{_NAMES[side.risk]} at least {value}"
    return f"{_NAMES[side.risk]} at most {telling.number(side.attainable, rounding=telling.UP)}"


def planned(risk: PlannedRisk) -> tuple[str, ...]:
    """How many calibration cases certify a risk, how many there are, and what audits would take."""
    error = "miss" if risk.risk.side == "clear" else "false alarm"
    first, *others = risk.counts
    more = ", ".join(f"{telling.count(cases)} with {errors}" for errors, cases in others)
    told = f"{promise(risk.risk, risk.at_most)}: {telling.count(first[1])} {risk.of} without a "
    told += f"{error}, {more}"
    if risk.have is not None:
        enough = "" if risk.have >= first[1] else " (too few)"
        told += f"; the calibration set holds {telling.count(risk.have)}{enough}"
    if risk.audits is None or risk.prevalence is None or risk.cleared is None:
        return (f"{told}.",)
    return (
        f"{told}.",
        f"Showing the same by auditing cleared cases takes about {telling.count(risk.audits)} "
        f"audits without a miss, at a prevalence of {telling.number(risk.prevalence)} and "
        f"{telling.percent(risk.cleared)} cleared{_traffic(risk)}.",
    )


def _traffic(risk: PlannedRisk) -> str:
    return "" if risk.traffic is None else f": about {telling.count(risk.traffic)} cases at work"


def too_few(wanted: MaxRisk, needs: Missing) -> str:
    """Why a class with too few cases certifies nothing."""
    error = "miss" if wanted.risk.side == "clear" else "false alarm"
    are = "is" if needs.have == 1 else "are"
    return (
        f"{promise(wanted.risk, wanted.at_most)} takes {telling.count(needs.cases)} {needs.of} "
        f"with no {error}, and there {are} {telling.count(needs.have)} "
        f"({telling.count(needs.more)} missing)"
    )


def tied(wanted: MaxRisk, k: int, allowed: int, where: str) -> str:
    """Why equal scores at the end certify nothing."""
    end = "lowest" if wanted.risk is Risk.FNR else "highest"
    return (
        f"{telling.count(k)} {where} share the {end} score of all, and "
        f"{promise(wanted.risk, wanted.at_most)} allows {telling.count(allowed)} beyond a threshold"
    )


def nothing_within(side: str, limit: float) -> str:
    """Why a side that product.yaml draws in too far decides nothing."""
    where = "below" if side == "clear" else "above"
    return (
        f"product.yaml lets it decide only {where} {telling.number(limit)}, and no calibration "
        "case lies there"
    )


def not_shown(wanted: MaxRisk, tried: int) -> str:
    """Why no threshold of the grid was certified."""
    return f"{promise(wanted.risk, wanted.at_most)} was shown at none of {tried} thresholds"


def method(rules: TriageRules, prevalence: Prevalence | None, tried: int) -> str:
    """How the thresholds were found, for who checks the arithmetic."""
    told = []
    if any(not one.risk.predictive for one in rules.risks):
        told.append("exact order statistic on counts (Tong, Feng & Li 2018)")
    if any(one.risk.predictive for one in rules.risks):
        by = "exact binomial tests"
        if isinstance(prevalence, float):
            by = f"exact bounds of both classes at a prevalence of {prevalence:g}"
        told.append(
            f"fixed-sequence test over {tried} thresholds fixed beforehand, {STARTS} starts at "
            f"delta/{STARTS} each (Bauer 1991; Angelopoulos et al. 2022), by {by}"
        )
    split = f"delta {_delta(rules.confidence)} over {len(rules.risks)} "
    split += "risk" if len(rules.risks) == 1 else "risks"
    if rules.looks > 1:
        split += f" and {rules.looks} looks"
    if rules.protect:
        split += "; protected parts share it, because all of them must hold (Berger 1982)"
    return f"{'; '.join(told)}; {split}"


def _delta(confidence: float) -> str:
    return f"{round(1.0 - confidence, 12):g}"


def assumptions(
    rules: TriageRules, unit: str | None, prevalence: Prevalence | None
) -> tuple[str, ...]:
    """What must be so for the guarantee to hold."""
    told = [
        "cases to come are like the calibration cases in scope, drawn from the same source",
        "nobody chose model or decision by looking at the calibration cases",
    ]
    if unit is not None:
        told.append(
            f"units ({unit}) are independent; a positive unit is missed when all of its positive "
            "cases are cleared, a negative unit is a false alarm when any of its cases is flagged"
        )
    if any(one.risk.predictive for one in rules.risks) and prevalence == "as_sampled":
        told.append("positives are as common as among the calibration cases")
    if rules.looks > 1:
        told.append("the policies of later looks do not follow from what earlier looks told")
    return tuple(told)


def scope_rule(rule: Rule) -> str:
    """A condition of the scope, as it stands in the certificate."""
    if isinstance(rule, ScopeRule):
        return f"{rule.field}: {telling.allowed(rule)}"
    return telling.condition(rule.condition)
