"""A judgement of sealed cases with nothing left of it but one bit, while looks remain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from roadworthy.core.evidence import Withheld
from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product
from roadworthy.core.requirement import WHOLE, Requirement, Tier
from roadworthy.core.seal import Look, SealedSet, Told
from roadworthy.core.verdict import Judgement, Population, Verdict

NOT_YET = (
    "NOT YET says that not everything that is required was shown, and no more: neither which "
    "requirement, nor how far off. It can also mean that the model gave no valid answer for a case."
)


def why_withheld(sealed: SealedSet, look: Look, *, passed: bool) -> str:
    """Why no number is told, and after a PASS, which ends the looks, how they are had."""
    left = sealed.budget.looks - look.number
    told = "PASS or NOT YET and nothing else"
    if look.told is Told.REQUIREMENTS:
        told = "PASS or NOT YET of each requirement that gates, and nothing else"
    if passed:
        return (
            f"look {look.number} of {sealed.budget.looks} tells {told}; `roadworthy certify "
            "--reveal numbers` tells all and retires the set"
        )
    return (
        f"look {look.number} of {sealed.budget.looks} tells {told}, since a number told now would "
        f"spoil the {left} look{'s' * (left > 1)} that {'is' if left == 1 else 'are'} left"
    )


def withheld(
    judgement: Judgement, product: Product, sealed: SealedSet, look: Look, cells: Sequence[Verdict]
) -> Judgement:
    """``judgement`` (which holds nothing of the sealed cases but its outcome) for the asker.

    ``cells`` are the verdicts; of them only PASS or not is used, requirement by requirement where
    the look tells that.
    """
    passed = judgement.outcome is Outcome.PASS
    shown = Outcome.PASS if passed else Outcome.INCONCLUSIVE
    verdicts = tuple(
        Verdict(
            requirement=one.id,
            metric=one.metric,
            slice=WHOLE,
            tier=Tier.CRITICAL if gates(one) else Tier.ADVISORY,
            limit=one.limit,
            outcome=_shown(one, shown, look, cells),
            evidence=Withheld(),
            confidence=one.confidence,
            effective_confidence=1.0 - one.alpha * look.share,
            reason="",
            target=one.target,
            of=one.of,
            hypothetical=next((c.hypothetical for c in cells if c.requirement == one.id), ""),
        )
        for one in product.requirements
    )
    return replace(
        judgement,
        outcome=shown,
        verdicts=verdicts,
        population=Population(sealed.cases, None, None, None),
        notes=(*judgement.notes, NOT_YET) if not passed else judgement.notes,
        pictures=None,
        ways=(),
        withheld=why_withheld(sealed, look, passed=passed),
    )


def gates(requirement: Requirement[Any]) -> bool:
    """Whether any cell of it gates the product."""
    return Tier.CRITICAL in (requirement.tier, *(rule.tier for rule in requirement.slices))


def _shown(
    requirement: Requirement[Any], bit: Outcome, look: Look, cells: Sequence[Verdict]
) -> Outcome:
    if not gates(requirement):
        return Outcome.INCONCLUSIVE
    if look.told is not Told.REQUIREMENTS:
        return bit
    gating = [c for c in cells if c.requirement == requirement.id and c.tier is Tier.CRITICAL]
    held = bool(gating) and all(cell.outcome is Outcome.PASS for cell in gating)
    return Outcome.PASS if held else Outcome.INCONCLUSIVE
