"""What each kind of case costs or earns, as polars expressions and as the ends they keep within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from roadworthy.core import columns
from roadworthy.core.path import Amount
from roadworthy.core.product import CaseCost, CostMatrix, Costs, Harm, Price

__all__ = [
    "KINDS",
    "MOST_READS",
    "READS",
    "TEAM_KINDS",
    "ByClass",
    "ByKind",
    "Kind",
    "Tariff",
    "cost",
    "harm",
    "least",
    "loss",
    "most",
    "per_case",
    "price",
]

Kind: TypeAlias = Literal["miss", "found", "false_alarm", "cleared", "refer", "arbiter"]

POSITIVE = pl.col(columns.POSITIVE)
FLAGGED = pl.col(columns.FLAGGED).fill_null(False)
REFERRED = pl.col(columns.REFERRED)
ARBITRATED = pl.col(columns.ARBITRATED)
# of a case that the product refers it is not known what the person says
KINDS: Mapping[Kind, pl.Expr] = {
    "miss": POSITIVE & ~FLAGGED & ~REFERRED,
    "found": POSITIVE & FLAGGED & ~REFERRED,
    "false_alarm": ~POSITIVE & FLAGGED & ~REFERRED,
    "cleared": ~POSITIVE & ~FLAGGED & ~REFERRED,
    "refer": REFERRED,
}
# of a team's cases the person's call is known, so it is paid for or earned beside the reading
TEAM_KINDS: Mapping[Kind, pl.Expr] = {
    "miss": POSITIVE & ~FLAGGED,
    "found": POSITIVE & FLAGGED,
    "false_alarm": ~POSITIVE & FLAGGED,
    "cleared": ~POSITIVE & ~FLAGGED,
    "refer": REFERRED,
    "arbiter": ARBITRATED,
}
# how often people read a case of a team: an arbiter reads once more
READS = REFERRED.cast(pl.Float64) + ARBITRATED.cast(pl.Float64)
MOST_READS = 2.0


@dataclass(frozen=True)
class ByKind:
    """The amount of each kind of binary case; ``sign`` -1 turns a gain into a loss."""

    miss: Price = 0.0
    found: Price = 0.0
    false_alarm: Price = 0.0
    cleared: Price = 0.0
    refer: Price = 0.0
    # earned, so that they count against the loss
    earned: frozenset[Kind] = frozenset()

    @property
    def fixed(self) -> bool:
        """Whether no amount differs from case to case."""
        return not any(isinstance(getattr(self, kind), CaseCost) for kind in KINDS)

    def amount(self, kind: Kind) -> pl.Expr:
        """What a case of this kind loses."""
        found = price(getattr(self, kind))
        return -found if kind in self.earned else found

    def ends(self, kind: Kind) -> tuple[float, float]:
        """The least and the most that a case of this kind can lose."""
        low, high = least(getattr(self, kind)), most(getattr(self, kind))
        return (0.0 - high, 0.0 - low) if kind in self.earned else (low, high)

    def of(self, call: pl.Expr) -> pl.Expr:
        """What each case loses when ``call`` is followed, whoever makes it."""
        flagged = pl.when(POSITIVE).then(self.amount("found")).otherwise(self.amount("false_alarm"))
        cleared = pl.when(POSITIVE).then(self.amount("miss")).otherwise(self.amount("cleared"))
        return pl.when(call).then(flagged).otherwise(cleared)


@dataclass(frozen=True)
class ByClass:
    """The amount of each pair of a true and a called class; what right calls earn is negative."""

    matrix: CostMatrix
    earned: Mapping[str, float]

    @property
    def amounts(self) -> dict[tuple[str, str], float]:
        """What a case of the first class loses when it is called by the second."""
        classes = self.matrix.classes
        return {
            (truth, call): 0.0 - self.earned.get(truth, 0.0)
            if truth == call
            else self.matrix.of(truth, call)
            for truth in classes
            for call in classes
        }

    def of(self, call: pl.Expr) -> pl.Expr:
        """What each case loses when ``call`` is followed; null where a class has no price."""
        truth, found = pl.col(columns.TRUTH), pl.lit(None, dtype=pl.Float64)
        for (was, said), amount in self.amounts.items():
            found = pl.when((truth == was) & (call == said)).then(pl.lit(amount)).otherwise(found)
        return found


Tariff: TypeAlias = ByKind | ByClass


def cost(costs: Costs) -> Tariff:
    """Costs alone: right calls cost nothing, whatever they earn."""
    if costs.matrix is not None:
        return ByClass(costs.matrix, {})
    return ByKind(miss=costs.miss, false_alarm=costs.false_alarm, refer=costs.refer)


def loss(costs: Costs) -> Tariff:
    """Costs, less what right calls earn: a utility with its sign turned."""
    if costs.matrix is not None:
        return ByClass(costs.matrix, dict(costs.earned))
    return ByKind(
        miss=costs.miss,
        found=costs.found,
        false_alarm=costs.false_alarm,
        cleared=costs.cleared,
        refer=costs.refer,
        earned=frozenset({"found", "cleared"}),
    )


def harm(done: Harm) -> Tariff:
    """Harm of one kind; right calls may do harm too, as a biopsy of a cancer does."""
    if done.matrix is not None:
        return ByClass(done.matrix, {})
    return ByKind(done.miss, done.found, done.false_alarm, done.cleared, done.refer)


def price(amount: Price) -> pl.Expr:
    """The amount of each case."""
    if isinstance(amount, CaseCost):
        return pl.col(amount.column).cast(pl.Float64)
    return pl.lit(amount, dtype=pl.Float64)


def most(amount: Price) -> float:
    """The most that an amount can be."""
    return amount.maximum if isinstance(amount, CaseCost) else amount


def least(amount: Price) -> float:
    """The least that an amount can be."""
    return amount.minimum if isinstance(amount, CaseCost) else amount


def per_case(cases: pl.DataFrame, referred: pl.Expr, costs: Costs | None) -> Amount | None:
    """What referring some of ``cases`` costs, per case of all; None: no price is declared."""
    if costs is None or costs.refer == 0.0:
        return None
    paid = pl.when(referred).then(price(costs.refer)).otherwise(0.0)
    return Amount(float(cases.select(paid.mean()).item() or 0.0), costs.unit)
