"""From a study to verdicts: cells, one scan a table, evidence, and the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product as product_of
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import NOT_CERTIFIED
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.picture import Pictures
from roadworthy.core.product import Product, Scope
from roadworthy.core.requirement import Requirement, SliceRule, Whose
from roadworthy.core.scope import LEARNED
from roadworthy.core.study import Study
from roadworthy.core.team import Team
from roadworthy.core.verdict import Outcome, Population, Verdict
from roadworthy.stats.multiplicity import alpha_for_candidates
from roadworthy.workflow.gather import gather
from roadworthy.workflow.judge import Weighed, judge
from roadworthy.workflow.pictures import Asked
from roadworthy.workflow.slicing import Cell, cells
from roadworthy.workflow.stream import Streamed
from roadworthy.workflow.team import seen, viewed
from roadworthy.workflow.under import NOT_ASKED, told_under
from roadworthy.workflow.verification import is_designed


def verdicts(
    product: Product,
    study: Study,
    instruments: Mapping[str, Instrument],
    anytime: bool = False,
    streamed: Streamed | None = None,
) -> tuple[Verdict, ...]:
    """Every requirement on every slice of the study.

    ``streamed`` is what one pass over the cases gave; ``study`` then holds the other tables only.
    """
    planned, found = _planned_and_gathered(product, study, instruments, streamed)
    weighed = [
        _weigh(cell, found.get(id(cell)), study, instruments, anytime, product.team)
        for cell in planned
    ]
    return judge(weighed)


def verdicts_and_pictures(
    product: Product,
    study: Study,
    instruments: Mapping[str, Instrument],
    asked: Asked,
    streamed: Streamed | None = None,
) -> tuple[tuple[Verdict, ...], Pictures | None]:
    """The verdicts, and the pictures that were gathered with them.

    There are none where some truths are unknown: a picture of the others would flatter.
    """
    cases = study.tables.get("cases")
    if cases is not None and is_designed(cases):
        return verdicts(product, study, instruments, streamed=streamed), None
    if streamed is not None:
        (asked_of,) = streamed.cells[asked.requirement.id]
        pictured = streamed.gathered.get(id(asked_of))
        told = verdicts(product, study, instruments, streamed=streamed)
        return told, asked.taken(pictured, study.candidates)
    planned, found = _planned_and_gathered(product, study, instruments, also=asked)
    weighed = [
        _weigh(cell, found.get(id(cell)), study, instruments, False, product.team)
        for cell in planned
    ]
    return judge(weighed), asked.taken(found.get(id(asked.cell)), study.candidates)


def evidence(
    product: Product, study: Study, instruments: Mapping[str, Instrument]
) -> tuple[Evidence, ...]:
    """What was measured, cell by cell, for those who compare and do not judge."""
    planned, found = _planned_and_gathered(product, study, instruments)
    return tuple(
        _measured(cell, found.get(id(cell)), study, instruments, _regime(cell, study, instruments))
        for cell in planned
    )


def table_of(requirement: Requirement[Any], instruments: Mapping[str, Instrument]) -> str:
    """Which observation table a requirement is measured on."""
    if requirement.under is not None:
        return requirement.under.table
    own = getattr(requirement.parameters, "table", None)
    return str(own or instruments[requirement.metric].about.table)


def on_cases(requirement: Requirement[Any], instruments: Mapping[str, Instrument]) -> bool:
    """Whether it is measured on the cases, as they are or under a perturbation."""
    return table_of(replace(requirement, under=None), instruments) == "cases"


def planned_cells(
    requirement: Requirement[Any],
    study: Study,
    instruments: Mapping[str, Instrument],
    scope: Scope,
    before: dict[SliceRule, list[Cell]] | None = None,
) -> list[Cell]:
    """The requirement's cells; one cell when its table is missing.

    ``before`` are those of rules that other requirements on the same table have.
    """
    name = table_of(requirement, instruments)
    table = study.tables.get(name)
    if table is None:
        return [Cell(requirement)]
    for rule in requirement.slices:
        for column in rule.by:
            if column not in table.columns:
                raise BadInput(
                    f"the slice column {column!r} does not exist in the {name} table.",
                    code="missing_column",
                    where=f"requirement {requirement.id}",
                    value=column,
                    next_step=f"Its columns: {', '.join(_own(table))}.",
                )
    known = study.open_levels if on_cases(requirement, instruments) else None
    known = None if known is None else _inside(known)
    return cells(requirement, _inside(table), known, scope, before)


def all_cells(
    product: Product,
    study: Study,
    instruments: Mapping[str, Instrument],
    streamed: Streamed | None = None,
) -> list[Cell]:
    """The cells of all requirements, in the order of their verdicts."""
    known = {} if streamed is None else streamed.cells
    before: dict[str, dict[SliceRule, list[Cell]]] = {}
    return [
        cell
        for requirement in product.requirements
        for cell in known.get(requirement.id)
        or planned_cells(
            requirement,
            study,
            instruments,
            product.scope,
            before.setdefault(table_of(requirement, instruments), {}),
        )
    ]


def population(table: pl.DataFrame) -> Population:
    """How many cases were judged, and where the others went."""
    outside = table[columns.OUTSIDE].drop_nulls().value_counts(sort=True).rows()
    units = table[columns.UNIT].n_unique()
    positives = None
    if columns.POSITIVE in table.columns:
        positives = int((table[columns.POSITIVE] & table[columns.INSIDE]).sum())
    return Population(
        cases=table.height,
        units=None if units == table.height else units,
        inside=int(table[columns.INSIDE].sum()),
        referred=int((table[columns.REFERRED] & table[columns.INSIDE]).sum()),
        positives=positives,
        outside=tuple((str(reason), int(count)) for reason, count in outside),
        rejected=int(table[columns.REJECTED].sum()) if columns.REJECTED in table.columns else 0,
        turned_away=dict(outside).get(LEARNED, 0) if columns.UNFAMILIAR in table.columns else None,
    )


def _planned_and_gathered(
    product: Product,
    study: Study,
    instruments: Mapping[str, Instrument],
    streamed: Streamed | None = None,
    also: Asked | None = None,
) -> tuple[list[Cell], dict[int, dict[str, Any]]]:
    planned = all_cells(product, study, instruments, streamed)
    if also is None:
        found = _gathered(planned, study, instruments, product.team)
    else:
        # one scan for both
        known = {**instruments, **also.instruments}
        found = _gathered([*planned, also.cell], study, known, product.team)
    return planned, found if streamed is None else {**found, **streamed.gathered}


def _gathered(
    planned: Sequence[Cell],
    study: Study,
    instruments: Mapping[str, Instrument],
    team: Team | None,
) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for (name, table), whose in product_of(study.tables.items(), Whose):
        here = [
            cell
            for cell in planned
            if not cell.absent
            and table_of(cell.requirement, instruments) == name
            and cell.requirement.of is whose
        ]
        if here:
            told = gather(viewed(table, team, whose), here, instruments)
            found |= dict(zip(map(id, here), told, strict=True))
    return found


def _weigh(
    cell: Cell,
    gathered: Mapping[str, Any] | None,
    study: Study,
    instruments: Mapping[str, Instrument],
    anytime: bool,
    team: Team | None,
) -> Weighed:
    requirement, regime = cell.requirement, _regime(cell, study, instruments, anytime)
    instrument = instruments[requirement.metric]
    watched = seen(cell, team, study.subject, instrument)
    found = _measured(cell, gathered, study, instruments, regime)
    if isinstance(found, Measured) and requirement.under is not None:
        found = told_under(found, cell, study, instruments, regime)
    if found == NotMeasured(NOT_CERTIFIED):
        # what must be certified first says itself what it takes
        return Weighed(cell, found, regime, hypothetical=watched.hypothetical)
    if watched.evidence is not None:
        # its cases chose nothing, so the whole alpha; more cases here would settle nothing
        return Weighed(cell, watched.evidence, Regime(requirement.alpha * study.share))
    measured = found if isinstance(found, Measured) else None
    if measured is not None and measured.p_pass <= regime.alpha:
        # sizing the next test takes longer than judging this one, and a PASS needs no next one
        return Weighed(cell, found, regime, hypothetical=watched.hypothetical)
    # a fresh set is judged at the full alpha: nothing will have been chosen on it
    need = instrument.need(requirement, measured, Regime(requirement.alpha), requirement.power)
    return Weighed(cell, found, regime, need, watched.hypothetical)


def _regime(
    cell: Cell, study: Study, instruments: Mapping[str, Instrument], anytime: bool = False
) -> Regime:
    """What was chosen among candidates was chosen on the cases, and on no other table.

    Whoever measures a device again and again chooses the best day of it, and pays for that.
    """
    if on_cases(cell.requirement, instruments):
        candidates = study.candidates
    else:
        name = table_of(cell.requirement, instruments)
        candidates = _measured_so_often(study.tables.get(name))
    # a look at a sealed set spends its share on every table: each look is another chance
    alpha = alpha_for_candidates(cell.requirement.alpha * study.share, candidates)
    return Regime(float(alpha), anytime)


def _measured_so_often(table: pl.DataFrame | None) -> int:
    if table is None or columns.MEASURED not in table.columns or table.is_empty():
        return 1
    return max(1, int(table[columns.MEASURED][0]))


def _measured(
    cell: Cell,
    gathered: Mapping[str, Any] | None,
    study: Study,
    instruments: Mapping[str, Instrument],
    regime: Regime,
) -> Evidence:
    requirement = cell.requirement
    if cell.absent:
        return NotMeasured(cell.absent)
    if gathered is None:
        table, under = table_of(requirement, instruments), requirement.under
        why = f"there is no {table} table" if under is None else NOT_ASKED
        return NotMeasured(study.missing_tables.get(table, why))
    instrument, certificate = instruments[requirement.metric], study.certificate
    certified = certificate is None or certificate.outcome is Outcome.PASS
    if not certified and _hangs_on_decisions(requirement, instrument):
        # a policy that refers for want of a certificate is not the one that is meant: no FAIL of it
        return NotMeasured(NOT_CERTIFIED)
    return instrument.measure(requirement, gathered, regime)


def _hangs_on_decisions(requirement: Requirement[Any], instrument: Instrument) -> bool:
    """Whether it counts what was cleared, flagged or referred, and not the scores alone."""
    statistics = instrument.statistics(requirement).values()
    read = {
        name
        for statistic in statistics
        for expression in statistic.columns().values()
        for name in expression.meta.root_names()
    }
    return bool(read & {columns.FLAGGED, columns.REFERRED})


def _inside(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col(columns.INSIDE)) if columns.INSIDE in table.columns else table


def _own(table: pl.DataFrame) -> list[str]:
    return [name for name in table.columns if not name.startswith("@")]
