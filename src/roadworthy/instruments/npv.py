"""NPV: of the cases that the product leaves alone, the share that is negative."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.product import Task
from roadworthy.stats import predictive
from roadworthy.stats.predictive_metric import Bound, Predictive


class Npv(Predictive):
    """Negatives among the cleared, at a declared prevalence."""

    about = About(
        title="Negative predictive value",
        definition="Of the cases that the product does not flag, the share that is negative, at "
        "the declared prevalence.",
        formula="(1 - pi) * spec / ((1 - pi) * spec + pi * (1 - sens))",
        source="Altman & Bland 1994, BMJ 309:102",
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        referral_counts=True,
        pitfalls=(
            "It depends on prevalence: with rare positives, clearing all makes it high.",
            "Declare the prevalence of the place of use, not that of an enriched set.",
        ),
    )
    called = "cleared cases"
    flagged = False

    def value(self, sensitivity: float, specificity: float, prevalence: float) -> float:
        return predictive.npv(sensitivity, specificity, prevalence)

    def bounds(self) -> tuple[Bound, Bound]:
        return predictive.npv_lower, predictive.npv_upper
