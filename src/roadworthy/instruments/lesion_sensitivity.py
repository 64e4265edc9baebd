"""Lesion sensitivity: of the true boxes in images, the share that a mark finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.requirement import Requirement
from roadworthy.stats.evidence import rate
from roadworthy.stats.localised import FIXED, KNOWN, LESIONS_FOUND, unknown
from roadworthy.stats.rate_metric import cases_needed


class LesionSensitivity:
    """Lesions that a mark finds at the mark threshold, of all lesions."""

    about = About(
        title="Lesion sensitivity",
        definition="Of the true boxes, the share that at least one mark finds.",
        formula="lesions found / lesions, at the mark threshold",
        source="Chakraborty & Winter 1990, Radiology 174:873 (FROC); Korn & Graubard 1998",
        per_unit=False,
        judges_calls=False,
        judges_marks=True,
        pitfalls=(
            "Marking everything reaches 1: false_marks_per_image must be required beside it.",
            "Lesions of one patient are alike: 100 lesions of 30 patients are no 100 proofs, and "
            "below 50 patients with several there is no bound.",
            "It holds for the declared rule of what a hit is; a wider rule flatters.",
            "Another mark threshold is another product: fix it on other cases.",
        ),
    )
    parameters = NoParameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Lesions and those found, by unit; and of how many cases that is known."""
        return {"known": KNOWN, "found": LESIONS_FOUND}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact binomial on the effective number of lesions."""
        if why := unknown(gathered["known"]):
            return NotMeasured(why)
        found = rate(gathered["found"], requirement.limit, regime, "lesions")
        if isinstance(found, NotMeasured):
            return found
        return replace(found, assumptions=(*found.assumptions, FIXED))

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Lesions, were they independent of one another."""
        need = cases_needed(requirement.limit, requirement.target, seen, regime, power, "lesions")
        told = "every lesion is another patient's: more are needed where patients have several"
        return replace(need, among="found", assumed=(told,))
