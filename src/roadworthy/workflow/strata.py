"""How many sealed cases there are of each kind, so that nobody opens them for nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import Refused
from roadworthy.core.evidence import Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import Product
from roadworthy.core.requirement import Tier, Whose
from roadworthy.core.seal import SealedSet
from roadworthy.io import telling
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.measure import on_cases
from roadworthy.workflow.slicing import MOST_LEVELS, Cell, cells

COUNT = "cases"
MOST_STRATA = 400
# a set this large is never hopeless for want of cases, save in a slice that its verdict names
MOST_EXPANDED = 200_000
_TOLD = (columns.INSIDE, columns.POSITIVE, columns.TRUTH)


def strata_of(cases: pl.DataFrame, product: Product) -> tuple[Mapping[str, Any], ...]:
    """Counts by slice columns and scope fields of few levels, by truth, and by scope.

    ``cases`` are prepared and sealed. Each stratum is a mapping of column to level, with ``cases``.
    """
    named = [n for r in product.requirements for rule in r.slices for n in rule.by]
    few = [
        name
        for name in dict.fromkeys([*named, *product.scope.fields])
        if name in cases.columns and cases[name].n_unique() <= MOST_LEVELS
    ]
    truth = [n for n in _TOLD if n in cases.columns and cases[n].n_unique() <= MOST_LEVELS]
    while True:
        by = [*few, *truth]
        found = cases.group_by(by).len(COUNT).sort(by, nulls_last=True)
        if found.height <= MOST_STRATA or not few:
            return tuple(
                {name: _plain(value) for name, value in row.items()}
                for row in found.iter_rows(named=True)
            )
        few.pop()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime.date) else value


def require_hope(
    product: Product,
    sealed: SealedSet,
    share: float,
    number: int,
    instruments: Mapping[str, Instrument],
) -> None:
    """Refuses a look of which even a product without one error could not make a PASS.

    Raises:
        Refused: naming the requirement, and how many more cases it takes.
    """
    if sealed.cases > MOST_EXPANDED or not sealed.strata:
        return
    spread = pl.DataFrame(list(sealed.strata), infer_schema_length=None)
    frame = spread.select(pl.exclude(COUNT).repeat_by(COUNT).explode())
    inside = frame.filter(pl.col(columns.INSIDE))
    for cell in _cells(product, inside, instruments):
        short = _short(cell, inside, share, instruments)
        if short is not None:
            raise _hopeless(cell, sealed, share, number, *short)


def _cells(
    product: Product, inside: pl.DataFrame, instruments: Mapping[str, Instrument]
) -> Sequence[Cell]:
    """The gating cells that the strata can tell anything of."""
    found = []
    for requirement in product.requirements:
        told = all(set(rule.by) <= set(inside.columns) for rule in requirement.slices)
        counted = on_cases(requirement, instruments) and not requirement.per_unit
        if not counted or requirement.of is Whose.TEAM:
            continue
        if told:
            found += cells(requirement, inside, None, product.scope)
        else:
            found.append(Cell(requirement))
    return [cell for cell in found if cell.tier is Tier.CRITICAL and not cell.absent]


def _short(
    cell: Cell, inside: pl.DataFrame, share: float, instruments: Mapping[str, Instrument]
) -> tuple[int, int, str] | None:
    """What it takes without one error, what there is, and of which kind; None: it is enough."""
    requirement = cell.requirement
    instrument = instruments[requirement.metric]
    need = instrument.need(requirement, None, Regime(requirement.alpha * share), requirement.power)
    if need.without_error is None or need.among is None:
        return None
    counted = instrument.statistics(requirement)[need.among].columns()
    kind: pl.Expr = counted.get("among", counted.get("of", pl.lit(True)))
    if not set(kind.meta.root_names()) <= set(inside.columns):
        return None
    here = on_slice(cell.slice, inside.schema)
    worth = pl.when(here).then(kind.cast(pl.Float64)).otherwise(0.0)
    # a kind that every case is of reads no column: it must be spread over the rows
    have = int(inside.with_columns(worth.alias("@worth"))["@worth"].sum())
    return (need.without_error, have, need.of) if have < need.without_error else None


def _hopeless(
    cell: Cell, sealed: SealedSet, share: float, number: int, needed: int, have: int, of: str
) -> Refused:
    where = f" [{cell.slice}]" if cell.slice.keys else ""
    alpha = cell.requirement.alpha * share
    return Refused(
        f"look {number} of {sealed.budget.looks} has alpha {telling.number(alpha)}: at that even a "
        f"product without one error needs {needed:,} {of} to show {cell.requirement.id}{where}, "
        f"and the sealed set holds {have:,}. It was not opened.",
        code="hopeless_look",
        where="the sealed set",
        value=have,
        next_step=f"Collect {needed - have:,} more {of} and seal a larger set.",
    )
