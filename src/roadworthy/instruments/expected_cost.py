"""Expected cost per case: misses, false alarms and referrals, each with its own price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import CaseCost, Costs, Task
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.stats import costs as cost_bounds
from roadworthy.stats.evidence import from_bounds
from roadworthy.stats.gathered import Share, Tally, WhenDependent
from roadworthy.stats.mean_metric import POSITIVE, MeanLoss

FLAGGED = pl.col(columns.FLAGGED).fill_null(False)
REFERRED = pl.col(columns.REFERRED)
ARBITRATED = pl.col(columns.ARBITRATED)
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


class ExpectedCost(MeanLoss):
    """The mean cost of a case; a referred one costs the referral, whatever the person then says."""

    about = About(
        title="Expected cost",
        definition="The mean cost of a case in scope: a missed positive, a false alarm or a "
        "referral to a person, each at its declared price.",
        formula="mean of miss * [missed] + false_alarm * [false alarm] + refer * [referred]",
        source="Elkan 2001 (costs); bounds: simultaneous Clopper-Pearson on the counts, or, for "
        "costs that differ from case to case, Waudby-Smith & Ramdas 2024",
        better="lower",
        highest=None,
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "It is as good as its prices: a miss priced too low buys savings with missed cases.",
            "A mean hides who pays: slice it, or limit sensitivity beside it.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The cost of each case, and, where prices are fixed, counts by kind of cost."""
        if requirement.parameters.costs is None:
            return {}
        losses = super().statistics(requirement)
        if not _counted(requirement):
            return losses
        # counts bound the cost of independent cases; values are needed for the others only
        losses = {name: WhenDependent(mean) for name, mean in losses.items()}
        # what a team's reader calls is known, so its mistakes are paid beside the reading
        open_ = pl.lit(False) if requirement.of is Whose.TEAM else REFERRED
        kinds = {
            "miss": POSITIVE & ~FLAGGED & ~open_,
            "false_alarm": ~POSITIVE & FLAGGED & ~open_,
            "refer": REFERRED,
        }
        if requirement.of is Whose.TEAM:
            kinds["arbiter"] = ARBITRATED
        classes = {"cases": pl.lit(True)}
        if self._weights(requirement) is not None:
            classes = {"positives": POSITIVE, "negatives": ~POSITIVE}
        counts = {
            f"{part}:{kind}": Share(hit, among, Rows.INSIDE)
            for part, among in classes.items()
            for kind, hit in kinds.items()
        }
        return {**losses, **counts}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds on the counts, added up; betting bounds for dependent or priced cases."""
        if requirement.parameters.costs is None:
            return NotMeasured(NO_COSTS)
        tallies = {name: tally for name, tally in gathered.items() if isinstance(tally, Tally)}
        dependent = any(tally.units is not None for tally in tallies.values())
        if not tallies or dependent:
            return super().measure(requirement, gathered, regime)
        if regime.anytime:
            return NotMeasured("no bound on counted costs is known here that is valid at any look")
        groups = _groups(requirement.parameters.costs, tallies, self._weights(requirement))
        if isinstance(groups, NotMeasured):
            return groups
        counts = ", ".join(
            f"{name.replace(':', ' ')} {tally.k}" for name, tally in tallies.items() if tally.k
        )
        return from_bounds(
            requirement.limit,
            regime,
            lambda alpha: cost_bounds.lower(groups, alpha),
            lambda alpha: cost_bounds.upper(groups, alpha),
            estimate=cost_bounds.estimate(groups),
            n=sum(tally.n for name, tally in tallies.items() if name.endswith(":miss")),
            of="cases",
            method=f"sum of simultaneous exact bounds on the counts ({counts or 'no error'})",
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """As for any mean loss; without declared costs it can never be shown."""
        if requirement.parameters.costs is None:
            return Need("cases", never=NO_COSTS)
        return super().need(requirement, seen, regime, power)

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        costs: Costs = requirement.parameters.costs
        decided = self._errors(costs, pl.col(columns.FLAGGED).fill_null(False))
        if requirement.of is Whose.TEAM:
            reads = REFERRED.cast(pl.Float64) + ARBITRATED.cast(pl.Float64)
            return decided + _price(costs.refer) * reads
        return pl.when(REFERRED).then(_price(costs.refer)).otherwise(decided)

    def loss_of(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        costs: Costs = requirement.parameters.costs
        read = _price(costs.refer) if requirement.parameters.reader_refers else pl.lit(0.0)
        return self._errors(costs, call) + read

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        costs: Costs = requirement.parameters.costs
        refer = _most(costs.refer)
        errors = max(_most(costs.miss), _most(costs.false_alarm))
        if requirement.of is Whose.TEAM:
            return 0.0, errors + 2.0 * refer
        both = requirement.limit.against and requirement.parameters.reader_refers
        return 0.0, errors + refer if both else max(errors, refer)

    def _errors(self, costs: Costs, call: pl.Expr) -> pl.Expr:
        missed = _price(costs.miss) * (POSITIVE & ~call).cast(pl.Float64)
        return missed + _price(costs.false_alarm) * (~POSITIVE & call).cast(pl.Float64)


def _counted(requirement: Requirement[Any]) -> bool:
    costs: Costs = requirement.parameters.costs
    prices = (costs.miss, costs.false_alarm, costs.refer)
    return not requirement.limit.against and not any(isinstance(p, CaseCost) for p in prices)


def _groups(
    costs: Costs, gathered: Mapping[str, Tally], weights: Mapping[str, float] | None
) -> list[cost_bounds.Group] | NotMeasured:
    """The counts by class."""
    found = []
    for part, weight in (weights or {"cases": 1.0}).items():
        prices = {"miss": costs.miss, "false_alarm": costs.false_alarm}
        apart = [prices | {"refer": costs.refer}]
        if f"{part}:arbiter" in gathered:
            # a case that was read may be called wrong as well: each kind is counted by itself
            apart = [prices, {"refer": costs.refer}, {"arbiter": costs.refer}]
        for kinds in apart:
            tallies = [gathered[f"{part}:{kind}"] for kind in kinds]
            if tallies[0].n == 0:
                return NotMeasured(f"there are no {part} to measure it on")
            counts = tuple(float(tally.k) for tally in tallies)
            found.append(
                cost_bounds.Group(
                    counts, tuple(map(_most, kinds.values())), float(tallies[0].n), weight
                )
            )
    return found


def _price(cost: float | CaseCost) -> pl.Expr:
    return pl.col(cost.column).cast(pl.Float64) if isinstance(cost, CaseCost) else pl.lit(cost)


def _most(cost: float | CaseCost) -> float:
    return cost.maximum if isinstance(cost, CaseCost) else cost
