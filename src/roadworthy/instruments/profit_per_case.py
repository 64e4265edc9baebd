"""Profit per case: what the cases that were acted on brought in, each by its own amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About
from roadworthy.core.need import Need
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Costs, Task
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.stats.mean_metric import MeanLoss
from roadworthy.stats.prices import MOST_READS, READS, REFERRED, least, most, price

NO_PROFIT = (
    "product.yaml declares no profit; add "
    "`costs: {profit: {column: ..., min: ..., max: ..., when: flagged}}`"
)


@dataclass(frozen=True)
class Parameters:
    """``reader_refers``: the side compared with is a person; each of its cases costs a referral.

    ``spread`` is the standard deviation of the profit (or of its difference) to plan with.
    """

    costs: Costs | None = inherited("costs")
    prevalence: Prevalence | None = inherited("prevalence")
    reader_refers: bool = True
    spread: float | None = None

    @property
    def unit(self) -> str:
        """The unit of the costs."""
        return "" if self.costs is None else self.costs.unit


class ProfitPerCase(MeanLoss):
    """The mean profit of a case: its own amount if it was acted on, nothing if it was not."""

    about = About(
        title="Profit per case",
        definition="The mean profit of a case in scope: the amount in the column `profit` when the "
        "product acts on it (`when: flagged` or `cleared`), nothing when it does not, and less the "
        "price of a referral when a person decides.",
        formula="mean of profit * [acted on] - refer * [referred]",
        source="Verbraken, Verbeke & Baesens 2013, IEEE TKDE 25:961 (profit of a classifier); "
        "bound: Waudby-Smith & Ramdas 2024; why ends must be declared: Bahadur & Savage 1956",
        better="higher",
        lowest=None,
        highest=None,
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "A profit that was seen only where somebody acted says nothing of the other cases.",
            "Wide ends cost cases: `min` and `max` are what one case can ever lose or bring in.",
        ),
    )
    parameters = Parameters

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        flagged = pl.col(columns.FLAGGED).fill_null(False)
        costs: Costs = requirement.parameters.costs
        if requirement.of is Whose.TEAM:
            return _earned(costs, flagged) - price(costs.refer) * READS
        return pl.when(REFERRED).then(-price(costs.refer)).otherwise(_earned(costs, flagged))

    def loss_of(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        costs: Costs = requirement.parameters.costs
        found = _earned(costs, call)
        return found - price(costs.refer) if requirement.parameters.reader_refers else found

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        costs: Costs = requirement.parameters.costs
        assert costs.profit is not None
        low, high = min(least(costs.profit.earned), 0.0), max(most(costs.profit.earned), 0.0)
        refer = most(costs.refer)
        if requirement.of is Whose.TEAM:
            return low - MOST_READS * refer, high
        both = requirement.limit.against and requirement.parameters.reader_refers
        return (low - refer if both else min(low, 0.0 - refer)), high

    def statistics(self, requirement: Requirement[Any]) -> Any:
        """The profit of each case."""
        return super().statistics(requirement) if _declared(requirement) else {}

    def measure(self, requirement: Requirement[Any], gathered: Any, regime: Regime) -> Evidence:
        """Betting bounds between the declared ends."""
        if not _declared(requirement):
            return NotMeasured(NO_PROFIT)
        return super().measure(requirement, gathered, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """As for any bounded mean; without a declared profit it can never be shown."""
        if not _declared(requirement):
            return Need("cases", never=NO_PROFIT)
        return super().need(requirement, seen, regime, power)


def _declared(requirement: Requirement[Any]) -> bool:
    costs: Costs | None = requirement.parameters.costs
    return costs is not None and costs.profit is not None


def _earned(costs: Costs, flagged: pl.Expr) -> pl.Expr:
    assert costs.profit is not None
    acted = flagged if costs.profit.when == "flagged" else ~flagged
    return pl.when(acted).then(price(costs.profit.earned)).otherwise(0.0)
