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
        pitfalls=(
            "It depends on prevalence: .50 where 1 in 10 is positive is .05 where 6 in 1,000 are.",
            "Declare the prevalence of the place of use, not that of an enriched set.",
        ),
    )
    called = "flagged cases"
    flagged = True

    def value(self, sensitivity: float, specificity: float, prevalence: float) -> float:
        return predictive.ppv(sensitivity, specificity, prevalence)

    def bounds(self) -> tuple[Bound, Bound]:
        return predictive.ppv_lower, predictive.ppv_upper
