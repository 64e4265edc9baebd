"""Expected harm per case, one kind at a time: harm is not only money, and does not add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.core.instrument import About
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Harm, Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import prices
from roadworthy.stats.priced_metric import PricedMean


@dataclass(frozen=True)
class Parameters:
    """``harm`` names one of the product's `harms`, such as deaths, biopsies, minutes of reading.

    ``reader_refers``: the side compared with is a person; each of its cases does the harm of a
    referral. ``spread`` is the standard deviation of the harm (or of its difference) to plan with.
    """

    harm: str
    harms: tuple[Harm, ...] | None = inherited("harms")
    prevalence: Prevalence | None = inherited("prevalence")
    reader_refers: bool = True
    spread: float | None = None

    @property
    def named(self) -> Harm | None:
        """The harm that is named; None: nobody declared it."""
        return next((harm for harm in self.harms or () if harm.name == self.harm), None)

    @property
    def unit(self) -> str:
        """The unit of the harm."""
        return "" if self.named is None else self.named.unit


class ExpectedHarm(PricedMean):
    """The mean harm of one kind that a case does, whatever else it costs."""

    about = About(
        title="Expected harm",
        definition="The mean harm of one declared kind (deaths, biopsies, minutes of reading) that "
        "a case in scope does, by what became of it.",
        formula="mean of miss * [missed] + false_alarm * [false alarm] + refer * [referred] + "
        "found * [found] + cleared * [cleared], each in the unit of the harm",
        source="Vickers & Elkin 2006, Med. Decis. Making 26:565 (harms weighed apart from "
        "benefits); bounds: simultaneous Clopper-Pearson on the counts",
        better="lower",
        highest=None,
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        follows_prevalence=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "The amounts per case are assumptions from elsewhere: only the counts are measured.",
            "Each harm has its own limit; nothing here trades one for another.",
        ),
    )
    parameters = Parameters

    def tariff(self, requirement: Requirement[Any]) -> prices.Tariff | None:
        named: Harm | None = requirement.parameters.named
        return None if named is None else prices.harm(named)

    def without(self, requirement: Requirement[Any]) -> str:
        name = requirement.parameters.harm
        return f"product.yaml declares no harm `{name}`; add `harms: {{{name}: {{miss: ...}}}}`"
