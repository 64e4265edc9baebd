"""One scan: what all instruments ask of a table, evaluated together, then reduced cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument, Rows, Statistic
from roadworthy.core.requirement import Requirement, Slice
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.prepare import per_unit
from roadworthy.workflow.slicing import Cell


@dataclass(frozen=True)
class Asked:
    """One statistic of one requirement, with the names its columns have in the scan."""

    requirement: Requirement[Any]
    name: str
    statistic: Statistic[Any]
    columns: Mapping[str, str]


def gather(
    table: pl.DataFrame, cells: Sequence[Cell], instruments: Mapping[str, Instrument]
) -> list[dict[str, Any]]:
    """What the instruments asked for, one mapping a cell, from one pass over ``table``.

    ``table`` is prepared (see core.columns), or a collector's table, which has no scope and no
    units. Cells of a requirement that says ``per: unit`` are reduced to one row a unit first.
    """
    plain = [cell for cell in cells if not cell.requirement.per_unit]
    found = dict(zip(map(id, plain), _scan(table, plain, instruments), strict=True))
    for cell in cells:
        if cell.requirement.per_unit:
            part = table.filter(on_slice(cell.slice, table.schema))
            whole = Cell(cell.requirement)
            found[id(cell)] = _scan(per_unit(part), [whole], instruments)[0]
    return [found[id(cell)] for cell in cells]


def _scan(
    table: pl.DataFrame, cells: Sequence[Cell], instruments: Mapping[str, Instrument]
) -> list[dict[str, Any]]:
    asked = _asked(cells, instruments)
    values = _evaluate(table, asked)
    masks = _Masks(table, [cell.slice for cell in cells])
    unit = _units(table)
    results = []
    for cell in cells:
        result = {}
        for ask in asked.get(id(cell.requirement), []):
            mask = masks.of(cell.slice, ask.statistic.rows)
            arrays = {key: values[name][mask] for key, name in ask.columns.items()}
            result[ask.name] = ask.statistic.reduce(arrays, None if unit is None else unit[mask])
        results.append(result)
    return results


def _asked(cells: Sequence[Cell], instruments: Mapping[str, Instrument]) -> dict[int, list[Asked]]:
    found: dict[int, list[Asked]] = {}
    for cell in cells:
        requirement = cell.requirement
        if id(requirement) in found:
            continue
        statistics = instruments[requirement.metric].statistics(requirement)
        found[id(requirement)] = [
            Asked(
                requirement,
                name,
                statistic,
                {k: f"{len(found)}:{name}:{k}" for k in statistic.columns()},
            )
            for name, statistic in statistics.items()
        ]
    return found


def _evaluate(table: pl.DataFrame, asked: Mapping[int, Sequence[Asked]]) -> dict[str, NDArray[Any]]:
    """All columns of all statistics in one lazy query; polars shares what they have in common."""
    expressions: list[pl.Expr] = []
    owners: dict[str, Asked] = {}
    for asks in asked.values():
        for ask in asks:
            for key, expression in ask.statistic.columns().items():
                expressions.append(expression.alias(ask.columns[key]))
                owners[ask.columns[key]] = ask
    if not expressions or table.height == 0:
        return {name: np.empty(0) for name in owners}
    evaluated = table.lazy().select([pl.int_range(pl.len()).alias("@row"), *expressions]).collect()
    rows = {kind: _rows(table, kind) for kind in Rows}
    for name, ask in owners.items():
        _refuse_missing(evaluated[name], rows[ask.statistic.rows], ask)
    return {name: _array(evaluated[name]) for name in owners}


def _array(series: pl.Series) -> NDArray[Any]:
    if series.dtype == pl.Boolean:
        return series.fill_null(False).to_numpy()
    return series.to_numpy()


def _refuse_missing(series: pl.Series, rows: NDArray[np.bool_], ask: Asked) -> None:
    missing = int((series.is_null().to_numpy() & rows).sum()) if series.null_count() else 0
    if series.dtype.is_float():
        missing += int((series.is_nan().fill_null(False).to_numpy() & rows).sum())
    if missing:
        roots = sorted(
            root
            for expression in ask.statistic.columns().values()
            for root in expression.meta.root_names()
            if not root.startswith("@")
        )
        raise BadInput(
            f"{missing} cases have no value for what {ask.requirement.metric} needs"
            + (f" (columns {', '.join(roots)})" if roots else "")
            + ".",
            code="missing_value",
            where=f"requirement {ask.requirement.id}",
            value=None,
            next_step="Fill in the values, or put those cases out of scope.",
        )


def _rows(table: pl.DataFrame, rows: Rows) -> NDArray[np.bool_]:
    if rows is Rows.ALL and columns.REJECTED in table.columns:
        return (~table[columns.REJECTED]).to_numpy()
    name = {Rows.RATED: columns.RATED, Rows.INSIDE: columns.INSIDE}.get(rows)
    if name is None or name not in table.columns:
        return np.ones(table.height, dtype=bool)
    return table[name].to_numpy()


def _units(table: pl.DataFrame) -> NDArray[Any] | None:
    """Codes of the unit of every case; None when every case is a unit of its own."""
    if columns.UNIT not in table.columns:
        return None
    code = table[columns.UNIT].rank("dense").to_numpy()
    return None if len(code) == 0 or int(code.max()) == len(code) else code


class _Masks:
    """Which rows belong to a slice, computed once a slice."""

    def __init__(self, table: pl.DataFrame, parts: Sequence[Slice]) -> None:
        self._table = table
        distinct = list(dict.fromkeys(part for part in parts if part.keys))
        named = [on_slice(part, table.schema).alias(str(i)) for i, part in enumerate(distinct)]
        found = table.select(named) if named else pl.DataFrame()
        self._by_slice = {part: found[str(i)].to_numpy() for i, part in enumerate(distinct)}
        self._rows = {rows: _rows(table, rows) for rows in Rows}

    def of(self, part: Slice, rows: Rows) -> NDArray[np.bool_]:
        return self._by_slice[part] & self._rows[rows] if part.keys else self._rows[rows]
