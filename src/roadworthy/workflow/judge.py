"""The judge: evidence against the limit, and the product takes its worst gating cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roadworthy.core.certificate import Certificate
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.need import Need
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.telling import bounds, count, estimate, sentence
from roadworthy.stats.multiplicity import holm
from roadworthy.workflow.slicing import Cell


@dataclass(frozen=True)
class Weighed:
    """A cell with its evidence, the regime it was measured in, and what more would settle it.

    ``hypothetical`` says why the evidence is no observation; empty when it is one.
    """

    cell: Cell
    evidence: Evidence
    regime: Regime
    need: Need | None = None
    hypothetical: str = ""


def judge(weighed: Sequence[Weighed]) -> tuple[Verdict, ...]:
    """One verdict a cell.

    PASS: ``p_pass`` <= alpha, with no correction over requirements fixed in advance, because all
    must hold (intersection-union test, Berger 1982). FAIL: ``p_fail`` is significant after Holm
    (1979) over all measured gating cells, ordered by p / alpha; cells that are shown only form a
    family of their own. Otherwise INCONCLUSIVE.
    """
    fails = _failing(weighed)
    return tuple(_verdict(w, failed) for w, failed in zip(weighed, fails, strict=True))


def product_outcome(verdicts: Sequence[Verdict], certificate: Certificate | None = None) -> Outcome:
    """The worst gating cell, or the certificate of a triage product if that is worse.

    Without a gating cell nothing was shown, whatever was certified.
    """
    cells = Outcome.worst(v.outcome for v in verdicts if v.tier is Tier.CRITICAL)
    return cells if certificate is None else Outcome.worst([cells, certificate.outcome])


def _failing(weighed: Sequence[Weighed]) -> list[bool]:
    failing = [False] * len(weighed)
    for tier in Tier:
        family = [
            (i, w.evidence.p_fail, w.regime.alpha)
            for i, w in enumerate(weighed)
            if w.cell.tier is tier and isinstance(w.evidence, Measured)
        ]
        if not family:
            continue
        index, p, alpha = zip(*family, strict=True)
        for i, rejected in zip(index, holm(np.array(p), np.array(alpha)), strict=True):
            failing[i] = bool(rejected)
    return failing


def _verdict(weighed: Weighed, failed: bool) -> Verdict:
    cell, evidence, alpha = weighed.cell, weighed.evidence, weighed.regime.alpha
    outcome = _outcome(evidence, alpha, failed)
    requirement = cell.requirement
    return Verdict(
        requirement=requirement.id,
        metric=requirement.metric,
        slice=cell.slice,
        tier=cell.tier,
        limit=requirement.limit,
        outcome=outcome,
        evidence=evidence,
        confidence=requirement.confidence,
        effective_confidence=1.0 - alpha,
        reason=_reason(weighed, outcome),
        need=None if outcome is Outcome.PASS else weighed.need,
        target=requirement.target,
        of=requirement.of,
        hypothetical=weighed.hypothetical,
    )


def _outcome(evidence: Evidence, alpha: float, failed: bool) -> Outcome:
    if isinstance(evidence, NotMeasured):
        return Outcome.INCONCLUSIVE
    if evidence.p_pass <= alpha:
        return Outcome.PASS
    return Outcome.FAIL if failed else Outcome.INCONCLUSIVE


def _reason(weighed: Weighed, outcome: Outcome) -> str:
    told, evidence = _told(weighed, outcome), weighed.evidence
    if isinstance(evidence, NotMeasured) or not evidence.detail:
        return told
    return f"{told} {sentence(evidence.detail)}"


def _told(weighed: Weighed, outcome: Outcome) -> str:
    evidence, requirement = weighed.evidence, weighed.cell.requirement
    small = f" ({weighed.cell.small})" if weighed.cell.small else ""
    if isinstance(evidence, NotMeasured):
        return f"Not measured: {evidence.reason}{small}."
    limit = requirement.limit
    seen = f"{estimate(evidence, limit)} on {count(evidence.n)} {evidence.of}"
    if evidence.low == evidence.high == evidence.estimate:
        met = "meets" if outcome is Outcome.PASS else "misses"
        return f"{seen}, {evidence.method}: it {met} the limit{small}."
    between = f"{seen}; the bounds are {bounds(evidence, limit)}"
    if outcome is Outcome.PASS:
        return f"{between}, and even the worse one meets the limit{small}."
    if outcome is Outcome.FAIL:
        return f"{between}, and even the better one misses the limit{small}."
    if evidence.p_fail <= weighed.regime.alpha:
        return (
            f"{between}: alone a FAIL, but among all the cells judged together one like this "
            f"is no surprise (Holm){small}."
        )
    return f"{between}: the limit lies between them{small}."
