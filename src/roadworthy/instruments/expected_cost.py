"""Expected cost per case: misses, false alarms and referrals, each with its own price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.core.instrument import About
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Costs, Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import prices
from roadworthy.stats.priced_metric import PricedMean

NO_COSTS = "product.yaml declares no costs; add `costs: {unit: EUR, miss: ..., false_alarm: ...}`"


@dataclass(frozen=True)
class Parameters:
    """``reader_refers``: the side compared with is a person; each of its cases costs a referral.

    ``spread`` is the standard deviation of the costs (or of their difference) to plan with.
    """

    costs: Costs | None = inherited("costs")
    prevalence: Prevalence | None = inherited("prevalence")
    reader_refers: bool = True
    spread: float | None = None

    @property
    def unit(self) -> str:
        """The unit of the costs."""
        return "" if self.costs is None else self.costs.unit


class ExpectedCost(PricedMean):
    """The mean cost of a case; a referred one costs the referral, whatever the person then says."""

    about = About(
        title="Expected cost",
        definition="The mean cost of a case in scope: a missed positive, a false alarm or a "
        "referral to a person, each at its declared price; of several classes, each wrong call "
        "by the cost matrix.",
        formula="mean of miss * [missed] + false_alarm * [false alarm] + refer * [referred], "
        "or of matrix[truth][call]",
        source="Elkan 2001 (costs); bounds: simultaneous Clopper-Pearson on the counts, or, for "
        "costs that differ from case to case, Waudby-Smith & Ramdas 2024",
        better="lower",
        highest=None,
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        follows_prevalence=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "It is as good as its prices: a miss priced too low buys savings with missed cases.",
            "A mean hides who pays: slice it, or limit sensitivity beside it.",
        ),
    )
    parameters = Parameters

    def tariff(self, requirement: Requirement[Any]) -> prices.Tariff | None:
        costs: Costs | None = requirement.parameters.costs
        return None if costs is None else prices.cost(costs)

    def without(self, requirement: Requirement[Any]) -> str:
        return NO_COSTS
