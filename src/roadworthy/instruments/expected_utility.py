"""Expected utility per case: what right calls earn, less what mistakes and people cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.core.instrument import About
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Costs, Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import prices
from roadworthy.stats.priced_metric import PricedMean

NO_COSTS = (
    "product.yaml declares no costs; add `costs: {unit: EUR, miss: ..., false_alarm: ..., "
    "gain: {found: ..., cleared: ...}}`"
)


@dataclass(frozen=True)
class Parameters:
    """``reader_refers``: the side compared with is a person; each of its cases costs a referral.

    ``spread`` is the standard deviation of the utilities (or of their difference) to plan with.
    """

    costs: Costs | None = inherited("costs")
    prevalence: Prevalence | None = inherited("prevalence")
    reader_refers: bool = True
    spread: float | None = None

    @property
    def unit(self) -> str:
        """The unit of the costs."""
        return "" if self.costs is None else self.costs.unit


class ExpectedUtility(PricedMean):
    """The mean utility of a case; a referred one earns nothing and costs the referral."""

    about = About(
        title="Expected utility",
        definition="The mean, over cases in scope, of what a right call earns (`gain`), less what "
        "a missed positive, a false alarm or a referral to a person costs.",
        formula="mean of found * [found] + cleared * [cleared] - miss * [missed] - "
        "false_alarm * [false alarm] - refer * [referred]",
        source="Elkan 2001 (costs and benefits on one scale); bounds: simultaneous Clopper-Pearson "
        "on the counts, or, for amounts that differ from case to case, Waudby-Smith & Ramdas 2024",
        better="higher",
        lowest=None,
        highest=None,
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        follows_prevalence=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "Do not count one thing twice: a gain that is lost is no cost beside it.",
            "A referred case earns nothing here, although the person may still earn it.",
        ),
    )
    parameters = Parameters

    def tariff(self, requirement: Requirement[Any]) -> prices.Tariff | None:
        costs: Costs | None = requirement.parameters.costs
        return None if costs is None else prices.loss(costs)

    def without(self, requirement: Requirement[Any]) -> str:
        return NO_COSTS
