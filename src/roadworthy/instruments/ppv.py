"""PPV: of the cases that the product flags, the share that is positive."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.product import Task
from roadworthy.stats import predictive
from roadworthy.stats.predictive_metric import Bound, Predictive


class Ppv(Predictive):
    """Positives among the flagged, at a declared prevalence."""

    about = About(
        title="Positive predictive value",
        definition="Of the cases that the product flags, the share that is positive, at the "
        "declared prevalence.",
        formula="pi * sens / (pi * sens + (1 - pi) * (1 - spec))",
        source="Altman & Bland 1994, BMJ 309:102",
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        referral_counts=True,
    )
    called = "flagged cases"
    flagged = True

    def value(self, sensitivity: float, specificity: float, prevalence: float) -> float:
        return predictive.ppv(sensitivity, specificity, prevalence)

    def bounds(self) -> tuple[Bound, Bound]:
        return predictive.ppv_lower, predictive.ppv_upper
