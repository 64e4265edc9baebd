"""plan: how many cases, of which kind, at what price, before any model exists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.need import Need
from roadworthy.core.path import Amount
from roadworthy.core.plan import Plan, PlannedCell, PlannedLook
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.requirement import Requirement, Slice, SliceKey, Tier
from roadworthy.io.registry import instruments
from roadworthy.stats.binomial import share_of_power
from roadworthy.stats.sequential import group_sequential
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.measure import on_cases
from roadworthy.workflow.plan_audits import planned_audits
from roadworthy.workflow.plan_certificate import planned_risks
from roadworthy.workflow.slicing import Cell, cells
from roadworthy.workflow.source import Parted, load_cases

LOOKS = (2, 3)


def plan(product: Given) -> Plan:
    """Sizes the test that shows every requirement and slice at once, with the declared power.

    The power is shared by the gating cells as if they were independent: each gets
    ``power ** (1 / cells)``. Shares of kinds and slices come from open data; without a table,
    from the declared prevalence.
    """
    product = as_product(product)
    found = plan_of(product, _cases(product))
    return replace(found, notes=(*found.notes, *since_loaded(product)))


def plan_of(product: Product, parted: Parted | None) -> Plan:
    """The plan of a product whose cases were read already; None: there are none yet."""
    registry = instruments()
    planned = _cells(product, parted, registry)
    gating = sum(cell.tier is Tier.CRITICAL for cell in planned)
    each = share_of_power(product.confidence.power, max(gating, 1))
    rows = tuple(_row(product, cell, parted, registry, each) for cell in planned)
    others = {r.id for r in product.requirements if not on_cases(r, registry)}
    counted = [
        row
        for row in rows
        if row.tier is Tier.CRITICAL and (row.cases is not None or row.requirement not in others)
    ]
    known = [row.cases for row in counted if row.cases is not None]
    complete = len(known) == len(counted)
    total = max(known, default=None) if complete else None
    return Plan(
        product=product.name,
        confidence=product.confidence.level,
        power=product.confidence.power,
        cells=rows,
        cases=total,
        cost=_cost(product, total),
        judging_set=_judging_set(product, parted),
        have=_have(parted),
        looks=tuple(_looks(product, rows, registry)),
        notes=_notes(product, rows, parted, gating, each),
        certificate=planned_risks(product, parted),
        audits=planned_audits(product, parted, registry),
    )


def _cases(product: Product) -> Parted | None:
    """The product's table; None when it is not there yet: a plan comes before the data."""
    try:
        return load_cases(product)
    except BadInput as problem:
        if problem.code == "missing_file":
            return None
        raise


def _cells(
    product: Product, parted: Parted | None, registry: Mapping[str, Instrument]
) -> list[Cell]:
    found = []
    for requirement in product.requirements:
        sliceable = parted is not None and on_cases(requirement, registry)
        if sliceable and parted is not None:
            inside = parted.all_open.filter(pl.col(columns.INSIDE))
            found += cells(requirement, inside, None, product.scope)
        else:
            found += [Cell(requirement), *_declared(requirement)]
    return found


def _declared(requirement: Requirement[Any]) -> list[Cell]:
    """Slices that product.yaml spells out, for a plan without a table."""
    found = []
    for rule in requirement.slices:
        changed = requirement.on(rule)
        keys = [SliceKey(rule.by[0], range=ends) for ends in rule.ranges]
        keys += [SliceKey(rule.by[0], value) for value in rule.levels]
        found += [Cell(changed, Slice((key,))) for key in keys]
    return found


def _row(
    product: Product,
    cell: Cell,
    parted: Parted | None,
    registry: Mapping[str, Instrument],
    power: float,
) -> PlannedCell:
    requirement = cell.requirement
    regime = Regime(requirement.alpha / product.confidence.looks)
    need = registry[requirement.metric].need(requirement, None, regime, power)
    needed = need.without_error if need.at_target is None else need.at_target
    share, have = _share(product, cell, need, parted, registry)
    return PlannedCell(
        requirement=requirement.id,
        metric=requirement.metric,
        slice=cell.slice,
        tier=cell.tier,
        limit=requirement.limit,
        target=requirement.target,
        need=need,
        needed=needed,
        cases=None if needed is None or not share else math.ceil(needed / share),
        have=have,
        of=requirement.of,
    )


def _share(
    product: Product,
    cell: Cell,
    need: Need,
    parted: Parted | None,
    registry: Mapping[str, Instrument],
) -> tuple[float | None, int | None]:
    """How much of what counts a case brings (a share of cases, or exposure), and what there is."""
    requirement, among = cell.requirement, need.among
    if among is None:
        return (1.0 if need.of == "cases" and not cell.slice.keys else None), None
    counted = registry[requirement.metric].statistics(requirement)[among].columns()
    kind: pl.Expr = counted.get("among", counted.get("of", pl.lit(True)))
    roots = set(kind.meta.root_names())
    if parted is None:
        return _declared_share(product, roots, kind, cell), None
    cases = parted.all_open
    if not roots <= set(cases.columns):
        return None, None
    here = pl.col(columns.INSIDE) & on_slice(cell.slice, parted.schema)
    worth = pl.when(here).then(kind.cast(pl.Float64)).otherwise(0.0)
    if columns.CHANCE in cases.columns:
        return _verified_share(cases, worth), None
    share = float(cases.select(worth.mean()).item() or 0.0)
    return share or None, int(_judging(product, parted, worth, share) + 0.5)


def _verified_share(cases: pl.DataFrame, worth: pl.Expr) -> float | None:
    """What a case brings where some truths are unknown: each verified one stands for several."""
    chance = pl.col(columns.CHANCE)
    known = pl.col(columns.VERIFIED) & (chance > 0.0)
    total = cases.select(pl.when(known).then(worth / chance).sum()).item()
    return float(total) / cases.height if total else None


def _judging(product: Product, parted: Parted, worth: pl.Expr, share: float) -> float:
    """What the judging set holds; counted where the split fixes it, else guessed from open data.

    A split by fractions is stratified by truth, so its sealed counts tell nothing new. Another
    split's do, and are not read.
    """
    if not _seals(parted):
        return share * parted.all_open.height
    split = product.data.split
    stratified = split is not None and not (split.column or split.by or split.leave_out)
    if stratified:
        return parted.total_sealed(worth)
    return share * parted.sizes()[SetName.SEALED]


def _declared_share(product: Product, roots: set[str], kind: pl.Expr, cell: Cell) -> float | None:
    if cell.slice.keys or product.task is not Task.BINARY:
        return None
    if not roots:
        return 1.0
    prevalence = product.data.prevalence
    if roots != {columns.POSITIVE} or not isinstance(prevalence, float):
        return None
    one = pl.DataFrame({columns.POSITIVE: [True]})
    return prevalence if one.select(kind).item() else 1.0 - prevalence


def _seals(parted: Parted) -> bool:
    return bool(parted.sizes().get(SetName.SEALED))


def _judging_set(product: Product, parted: Parted | None) -> str:
    if parted is None:
        return "no table yet"
    return "sealed" if _seals(parted) else "all cases"


def _have(parted: Parted | None) -> int | None:
    if parted is None:
        return None
    return parted.sizes().get(SetName.SEALED) or parted.all_open.height


def _cost(product: Product, cases: int | None) -> Amount | None:
    if cases is None or product.costs is None or product.costs.label is None:
        return None
    return Amount(cases * product.costs.label, product.costs.unit)


def _looks(
    product: Product, rows: Sequence[PlannedCell], registry: Mapping[str, Instrument]
) -> list[PlannedLook]:
    """Designs with planned looks for the rate that needs most, in place of one look."""
    rates = [
        row
        for row in rows
        if row.tier is Tier.CRITICAL
        and row.need.among == "share"
        and row.needed is not None
        and row.target is not None
        and not row.limit.against
    ]
    if not rates:
        return []
    row = max(rates, key=lambda found: found.needed or 0)
    assert row.target is not None
    alpha, power = 1.0 - product.confidence.level, product.confidence.power
    found = []
    for count in LOOKS:
        try:
            design = group_sequential(row.limit.threshold, row.target, alpha, power, count)
        except ValueError:
            # a target this near the limit has no design; its row says what it needs
            continue
        found.append(
            PlannedLook(
                count, design.n, design.hits, design.expected_n, row.need.of, row.requirement
            )
        )
    return found


def _notes(
    product: Product,
    rows: Sequence[PlannedCell],
    parted: Parted | None,
    gating: int,
    each: float,
) -> tuple[str, ...]:
    found = []
    if gating > 1:
        found.append(
            f"{gating} gating cells pass together with power {product.confidence.power:g} when "
            f"each passes with {each:.3g}, taken as independent."
        )
    if parted is None:
        found.append("There is no table yet: shares of kinds and slices are the declared ones.")
    if any(row.target is None and row.need.never is None for row in rows):
        found.append("A requirement without a `target` is sized without a single error only.")
    assumed = dict.fromkeys(text for row in rows for text in row.need.assumed)
    return (*found, *(f"Assumed: {text}." for text in assumed))
