"""A certificate in the words of people who must sign it."""

from __future__ import annotations

from roadworthy.core.certificate import Certificate, CertifiedSide, MaxRisk, Missing, Risk
from roadworthy.core.product import Prevalence, ScopeRule, TriageRules
from roadworthy.core.requirement import Slice
from roadworthy.io import telling
from roadworthy.stats.triage import STARTS

BY_COST = (
    "The thresholds are the cheapest inside what was certified: `costs` chose them on the "
    "calibration cases, and never outside."
)
OVERLAP = (
    "Some scores could be cleared and flagged alike; they are flagged, because a miss is the graver "
    "error. `costs` with a price of `refer` would weigh it."
)
NOT_WORTH_IT = (
    "it was certified, but deciding any case so would cost more than handing it to a person"
)
BLOCKED = "the other risk of this side was not certified"

_NAMES = {Risk.FNR: "FNR", Risk.FPR: "FPR", Risk.NPV: "NPV", Risk.PPV: "PPV"}
_CLASS = {Risk.FNR: "positives", Risk.FPR: "negatives"}
_DONE = {"clear": "cleared", "flag": "flagged"}


def promise(risk: Risk, at_most: float) -> str:
    """What must hold: "FNR at most 0.01", "NPV at least 0.999"."""
    if risk.predictive:
        return f"{_NAMES[risk]} at least {telling.exact(round(1.0 - at_most, 12))}"
    return f"{_NAMES[risk]} at most {telling.exact(at_most)}"


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
    """What a side without a threshold would take, and what could be certified now."""
    if side.threshold is not None:
        return ()
    told = []
    if side.needs is not None:
        told.append(
            f"It takes {telling.count(side.needs.cases)} {side.needs.of} with no miss; "
            f"{telling.count(side.needs.more)} are missing."
            if side.side == "clear"
            else f"It takes {telling.count(side.needs.cases)} {side.needs.of} with no false alarm; "
            f"{telling.count(side.needs.more)} are missing."
        )
    if side.certified is None and side.attainable < 1.0:
        told.append(f"{attainable(side)} is the best that these cases could certify now.")
    return tuple(told)


def attainable(side: CertifiedSide) -> str:
    """The smallest risk that could be certified now: "FNR at most 0.055"."""
    if side.risk.predictive:
        value = telling.number(1.0 - side.attainable, rounding=telling.DOWN)
        return f"{_NAMES[side.risk]} at least {value}"
    return f"{_NAMES[side.risk]} at most {telling.number(side.attainable, rounding=telling.UP)}"


def too_few(wanted: MaxRisk, needs: Missing) -> str:
    """Why a class with too few cases certifies nothing."""
    most = promise(wanted.risk, wanted.at_most)
    are = "is" if needs.have == 1 else "are"
    return (
        f"{most} takes {telling.count(needs.cases)} {needs.of} with none beyond the threshold, and "
        f"there {are} {telling.count(needs.have)}"
    )


def tied(wanted: MaxRisk, k: int, allowed: int, where: str) -> str:
    """Why equal scores at the end certify nothing."""
    end = "lowest" if wanted.risk is Risk.FNR else "highest"
    return (
        f"{telling.count(k)} {where} share the {end} score of all, and "
        f"{promise(wanted.risk, wanted.at_most)} allows {telling.count(allowed)} beyond a threshold"
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
            "cases are cleared, and a negative unit is a false alarm when any of its cases is flagged"
        )
    if any(one.risk.predictive for one in rules.risks) and prevalence == "as_sampled":
        told.append("positives are as common as among the calibration cases")
    if rules.looks > 1:
        told.append("the policies of later looks do not follow from what earlier looks told")
    return tuple(told)


def scope_rule(rule: ScopeRule) -> str:
    """A condition of the scope, as it stands in the certificate."""
    return f"{rule.field}: {telling.allowed(rule)}"
