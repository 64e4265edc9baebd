"""How large a fresh set must be to show every gating requirement at once, from open data only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import nbinom

from roadworthy.core import columns
from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument, Rows, Statistic
from roadworthy.core.lever import Fresh, Kind
from roadworthy.core.need import Need
from roadworthy.core.path import Amount
from roadworthy.core.product import Product
from roadworthy.core.requirement import Tier
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.stats.binomial import share_of_power
from roadworthy.stats.dependence import effective_sample
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.measure import all_cells, on_cases
from roadworthy.workflow.prepare import per_unit
from roadworthy.workflow.slicing import Cell
from roadworthy.workflow.under import under_tables


@dataclass(frozen=True)
class Counted:
    """The cells that were judged on a table of so many ``cases``, in the verdicts' order."""

    planned: Sequence[Cell]
    cases: int


@dataclass(frozen=True)
class _Sized:
    """What one gating cell needs of a fresh set; ``share`` is how much of it one case brings."""

    cell: Cell
    need: Need
    observed: int | None
    target: int | None
    share: float
    counted: bool
    wider: float
    seen: bool

    @property
    def name(self) -> str:
        where = f" [{self.cell.slice}]" if self.cell.slice.keys else ""
        return f"{self.cell.requirement.id}{where}"

    def needed(self, selected: bool) -> int:
        """What it takes as seen, or, where that flatters, at the target if it takes more."""
        if selected and self.observed is not None:
            return max(self.observed, self.target or 0)
        return self.observed or self.target or 0

    def cases(self, needed: int, power: float) -> int:
        """Cases that bring ``needed`` of the kind, with probability ``power`` where drawn."""
        wanted = math.ceil(needed * self.wider)
        if not self.counted or self.share >= 1.0:
            return math.ceil(wanted / self.share)
        return int(nbinom.ppf(power, wanted, self.share)) + wanted


def fresh_set(
    product: Product,
    study: OpenStudy,
    verdicts: Sequence[Verdict],
    instruments: Mapping[str, Instrument],
    sealed: int,
    selected: bool = False,
    all_rows: Counted | None = None,
) -> Fresh:
    """The fresh set that passes every gating cell with the declared power, if all is as seen.

    The power is shared by the gating cells as if they were independent, and each gets so many cases
    that enough of its kind are among them with the power of a cell. ``verdicts`` are those of
    ``study`` at the full alpha; ``sealed`` unopened cases stand ready. ``selected``: something was
    chosen on these cases, which flatters what was seen, so a target that asks for more counts.
    ``all_rows`` are what the verdicts rest on where the study holds a sample of it.
    """
    power = product.confidence.power
    planned = all_cells(product, study, instruments) if all_rows is None else all_rows.planned
    pairs = _gating(planned, verdicts, instruments)
    each = share_of_power(power, max(len(pairs), 1))
    for verdict in (verdict for _, verdict in pairs):
        if verdict.outcome is Outcome.FAIL:
            return Fresh(None, power, why=f"{verdict.requirement} FAILs, and more would too")
    apart = _apart(pairs, verdicts)
    for verdict in apart:
        if verdict.outcome is Outcome.FAIL:
            why = f"{verdict.requirement} FAILs, and other cases alone would not change that"
            return Fresh(None, power, why=why)
    cases = study.tables["cases"].height if all_rows is None else all_rows.cases
    sized = [_sized(cell, verdict, study, instruments, each, cases) for cell, verdict in pairs]
    for one in sized:
        if one.need.never:
            return Fresh(None, power, why=f"{one.name} can never be shown: {one.need.never}")
        if one.observed is None and one.target is None and one.seen:
            why = f"{one.name} looked no better than its limit, and has no target to plan with"
            return Fresh(None, power, why=why)
    known = [one for one in sized if one.share > 0 and one.needed(selected)]
    unsized = (
        *(one.name for one in sized if one not in known),
        *dict.fromkeys(verdict.requirement for verdict in apart),
    )
    if not known:
        names = ", ".join(unsized) or "nothing is measured on cases"
        return Fresh(None, power, unsized=unsized, why=f"no size is known for {names}")
    needed = max(one.cases(one.needed(selected), each) for one in known)
    aimed = max(one.cases(one.target or one.observed or 0, each) for one in known)
    return Fresh(
        cases=needed,
        power=power,
        kinds=tuple(_kind(one, one.needed(selected)) for one in known),
        cost=_cost(product, max(needed - sealed, 0)),
        sealed=sealed,
        if_target=aimed if any(one.target for one in known) else None,
        at_target=tuple(one.name for one in known if one.observed is None),
        unsized=unsized,
        assumed=_assumed(known, selected),
    )


def enlarged(study: OpenStudy, cases: int) -> OpenStudy:
    """The study with its cases repeated, in their order, until there are ``cases``.

    Repeated units are units of their own.
    """
    copies = -(-cases // study.tables["cases"].height)
    repeated = {}
    for name in ("cases", *under_tables(study.tables)):
        table = study.tables[name]
        parts = [table, *(_renamed(table, f"~{i}") for i in range(1, copies))]
        repeated[name] = pl.concat(parts).head(cases)
    return replace(study, tables={**study.tables, **repeated})


def _renamed(table: pl.DataFrame, suffix: str) -> pl.DataFrame:
    names = (columns.ID, columns.UNIT)
    return table.with_columns((pl.col(name) + suffix).alias(name) for name in names)


def _gating(
    planned: Sequence[Cell],
    verdicts: Sequence[Verdict],
    instruments: Mapping[str, Instrument],
) -> list[tuple[Cell, Verdict]]:
    """The gating cells that are measured on cases, with their verdicts."""
    return [
        (cell, verdict)
        for cell, verdict in zip(planned, verdicts, strict=True)
        if verdict.tier is Tier.CRITICAL
        and on_cases(cell.requirement, instruments)
        and not _counted_out(verdict)
    ]


def _apart(pairs: Sequence[tuple[Cell, Verdict]], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The gating verdicts that no sample of cases settles, and that are no PASS yet."""
    sized = [verdict for _, verdict in pairs]
    return [
        verdict
        for verdict in verdicts
        if verdict.tier is Tier.CRITICAL
        and verdict.outcome is not Outcome.PASS
        and verdict not in sized
    ]


def _counted_out(verdict: Verdict) -> bool:
    """Certain evidence, such as named cases: another sample of cases changes nothing."""
    found = verdict.evidence
    return isinstance(found, Measured) and found.low == found.high == found.estimate


def _sized(
    cell: Cell,
    verdict: Verdict,
    study: OpenStudy,
    instruments: Mapping[str, Instrument],
    power: float,
    cases: int,
) -> _Sized:
    requirement = cell.requirement
    instrument = instruments[requirement.metric]
    seen = verdict.evidence if isinstance(verdict.evidence, Measured) else None
    need = instrument.need(requirement, seen, Regime(requirement.alpha), power)
    statistic = instrument.statistics(requirement).get(need.among or "")
    share = _share(cell, need, statistic, study)
    if share == 0.0 and seen is not None and seen.of == need.of and statistic is not None:
        # a sample may hold none of a rare kind
        share = seen.n / cases
    observed = need.at_observed
    target = need.at_target
    if seen is None and target is None:
        target = need.without_error
    return _Sized(
        cell,
        need,
        observed,
        target,
        share,
        statistic is None or "among" in statistic.columns() or need.of == "cases",
        1.0 if requirement.per_unit or statistic is None else _wider(cell, statistic, study),
        seen is not None,
    )


def _share(cell: Cell, need: Need, statistic: Statistic[Any] | None, study: OpenStudy) -> float:
    """How much of what ``need`` counts one case of the study brings; 0: cannot be said."""
    if statistic is None and need.of != "cases":
        return 0.0
    found = counted_kind(statistic)
    table = study.tables["cases"]
    share = _worth(table, cell, found, statistic)
    if share == 0.0 and study.open_levels is not None:
        # the judged set lacks this slice, and other open data may show how frequent it is
        share = _worth(study.open_levels, cell, found, statistic)
    return share


def counted_kind(statistic: Statistic[Any] | None) -> pl.Expr:
    """How much a case adds to the size of a statistic: whether it counts, or its exposure."""
    named = {} if statistic is None else statistic.columns()
    return named.get("among", named.get("of", pl.lit(True)))


def _worth(
    table: pl.DataFrame, cell: Cell, kind: pl.Expr, statistic: Statistic[Any] | None
) -> float:
    if table.height == 0 or not set(kind.meta.root_names()) <= set(table.columns):
        return 0.0
    cases = table.height
    if cell.requirement.per_unit:
        part = table.filter(on_slice(cell.slice, table.schema))
        if part.height == 0 or columns.RATED not in table.columns:
            return 0.0
        table, here = per_unit(part), pl.lit(True)
    else:
        here = on_slice(cell.slice, table.schema)
    rows = Rows.INSIDE if statistic is None else statistic.rows
    column = {Rows.RATED: columns.RATED, Rows.INSIDE: columns.INSIDE}.get(rows)
    if column == columns.RATED and column not in table.columns:
        column = columns.INSIDE
    if column is not None:
        here = here & pl.col(column)
    elif columns.REJECTED in table.columns:
        here = here & ~pl.col(columns.REJECTED)
    worth = pl.when(here).then(kind.cast(pl.Float64)).otherwise(0.0)
    return float(table.select(worth.sum()).item() or 0.0) / cases


def _wider(cell: Cell, statistic: Statistic[Any], study: OpenStudy) -> float:
    """How many dependent cases are worth one independent case."""
    table = study.tables["cases"]
    units = table[columns.UNIT]
    named = statistic.columns()
    if units.n_unique() == table.height:
        return 1.0
    hit, among = named.get("hit"), named.get("among")
    here = on_slice(cell.slice, table.schema)
    part = table.filter(here & (pl.lit(True) if among is None else among))
    if part.height == 0:
        return 1.0
    value = pl.lit(0.0) if hit is None else hit.cast(pl.Float64)
    sums = part.group_by(columns.UNIT).agg(value.sum().alias("k"), pl.len().alias("n"))
    sizes = sums["n"].to_numpy().astype(np.float64)
    if hit is not None:
        try:
            found = effective_sample(sums["k"].to_numpy(), sizes, cell.requirement.alpha)
        except ValueError:
            return float(sizes.max())
        return max(1.0, float(sizes.sum()) / found.n)
    # cases of a unit fully alike: the most that it can cost
    return float((sizes**2).sum() / sizes.sum())


def _kind(one: _Sized, needed: int) -> Kind:
    where = str(one.cell.slice) if one.cell.slice.keys else ""
    return Kind(one.need.of, math.ceil(needed * one.wider), one.cell.requirement.id, where)


def _cost(product: Product, cases: int) -> Amount | None:
    if product.costs is None or product.costs.label is None:
        return None
    return Amount(cases * product.costs.label, product.costs.unit)


def _assumed(known: Sequence[_Sized], selected: bool) -> tuple[str, ...]:
    said = dict.fromkeys(text for one in known for text in one.need.assumed)
    if selected:
        said["what was seen holds on fresh cases, although these cases chose it"] = None
    if any(one.wider > 1.0 for one in known):
        said["cases of one unit as alike as they were here"] = None
    return tuple(said)
