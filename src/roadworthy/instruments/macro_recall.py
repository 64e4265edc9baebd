"""Macro recall: the mean of the recalls of all classes, so that a rare class counts as much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.gathered import Share
from roadworthy.stats.rate_metric import cases_needed, weighed

OTHERS = "cases of other classes"


@dataclass(frozen=True)
class Parameters:
    """``classes`` names every class: one that the data lacks must not drop out unseen."""

    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes must name every class once, not {list(self.classes)}.")


class MacroRecall:
    """The unweighted mean over classes of the share of a class that is called so."""

    about = About(
        title="Macro recall",
        definition="The mean over the declared classes of each class's recall.",
        formula="1/C * sum over classes of right calls of the class / cases of the class",
        source="Sokolova & Lapalme 2009, Inf. Process. Manag. 45:427",
        tasks=frozenset({Task.MULTICLASS}),
        referral_counts=True,
        per_unit=False,
        pitfalls=(
            "The rarest class decides how many cases are needed: each class needs its own.",
            "A good mean can hide one bad class: require its recall by itself where it matters.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """One share a class, and the cases whose class was not named."""
        truth, predicted = pl.col(columns.TRUTH), pl.col(columns.PREDICTED)
        classes = requirement.parameters.classes
        shares = {_kind(name): Share(predicted == truth, truth == name) for name in classes}
        return {**shares, OTHERS: Share(~truth.is_in(list(classes)))}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds of all classes at alpha / C each, averaged."""
        if others := gathered[OTHERS].k:
            return NotMeasured(f"{others} cases are of a class that `classes` does not name")
        names = [_kind(name) for name in requirement.parameters.classes]
        weights = dict.fromkeys(names, 1.0 / len(names))
        return weighed(gathered, weights, requirement.limit, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """As if one class were tested alone at alpha / C, so rather more than is due."""
        classes = len(requirement.parameters.classes)
        share = replace(regime, alpha=regime.alpha / classes)
        of = "cases of each class"
        found = cases_needed(requirement.limit, requirement.target, seen, share, power, of)
        return replace(found, among=None, assumed=("every class is as good as the mean",))


def _kind(name: str) -> str:
    return f"cases of class {name}"
