"""Cells under a perturbation: who is counted there, and how far it is from the usual number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.perturbation import CASES_UNDER, ChangesColumn, Under
from roadworthy.core.policy import Decides, Referred
from roadworthy.core.product import Product
from roadworthy.core.study import Study
from roadworthy.io import tables, telling
from roadworthy.workflow.gather import gather
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.prepare import decide, without_decision
from roadworthy.workflow.slicing import Cell

NOT_ASKED = "the model was not asked again about perturbed cases here"


def under_tables(names: Mapping[str, pl.DataFrame]) -> list[str]:
    """The names of the tables that hold perturbed cases."""
    return [name for name in names if name.startswith(CASES_UNDER)]


def decided(cases: pl.DataFrame, policy: Decides | None, referred: Referred | None) -> pl.DataFrame:
    """Cases under a perturbation with their answers, decided; ``@inside`` is as without it.

    What scope or guard turn away only because of the perturbation (``@handed``) goes to a person,
    and counts like any case that is referred: turning away what became hard is no way out of a
    rate.
    """
    inside = pl.col(columns.INSIDE)
    let_in = (inside & ~pl.col(columns.HANDED)).alias(columns.INSIDE)
    asked = cases.with_columns(inside.alias("@let in"), let_in)
    found = without_decision(asked) if policy is None else decide(asked, policy, referred)
    counted = referred in (Referred.RIGHT, Referred.WRONG) and policy is not None
    rated = pl.col("@let in") & (pl.lit(True) if counted else ~pl.col(columns.REFERRED))
    found = found.with_columns(rated.alias(columns.RATED), pl.col("@let in").alias(columns.INSIDE))
    return found.drop("@let in")


def decided_again(
    study: Study, cases: pl.DataFrame, policy: Decides | None, referred: Referred | None
) -> dict[str, pl.DataFrame]:
    """The tables of perturbed cases, where ``cases`` have another scope or a policy is another."""
    place = [columns.INSIDE, columns.OUTSIDE, columns.REJECTED]
    return {
        name: decided(study.tables[name].with_columns(cases.select(place)), policy, referred)
        for name in under_tables(study.tables)
    }


def told_under(
    evidence: Measured,
    cell: Cell,
    study: Study,
    instruments: Mapping[str, Instrument],
    regime: Regime,
) -> Measured:
    """The evidence with what a reader must know: which perturbation, and what it took."""
    requirement = cell.requirement
    under = requirement.under
    assert under is not None
    told = [f"this is under {under}{_usual(evidence, cell, study, instruments, regime)}"]
    table = study.tables[under.table]
    here = table.filter(on_slice(cell.slice, table.schema) & pl.col(columns.INSIDE))
    handed = int(here[columns.HANDED].sum())
    if handed:
        told.append(f"{handed:,} of the {here.height:,} cases in scope are turned away only there")
    unanswered = _unanswered(here)
    if unanswered:
        told.append(f"{unanswered:,} of them have no answer there and go to a person")
    told += [evidence.detail] if evidence.detail else []
    return replace(evidence, detail="; ".join(told))


def _usual(
    evidence: Measured,
    cell: Cell,
    study: Study,
    instruments: Mapping[str, Instrument],
    regime: Regime,
) -> str:
    """What the same cell shows without the perturbation."""
    usual = replace(cell, requirement=replace(cell.requirement, under=None))
    (gathered,) = gather(study.tables["cases"], [usual], instruments)
    found = instruments[usual.requirement.metric].measure(usual.requirement, gathered, regime)
    if not isinstance(found, Measured):
        return ""
    limit = cell.requirement.limit
    by = evidence.estimate - found.estimate
    if by == 0.0:
        return ", which changes nothing here"
    less = "more" if by > 0 else "less"
    return (
        f"; without it the same cases give {telling.estimate(found, limit)}, so it is "
        f"{telling.number(abs(by))} {less}"
    )


def _unanswered(here: pl.DataFrame) -> int:
    answer = columns.SCORE if columns.SCORE in here.columns else columns.PREDICTED
    asked = here.filter(~pl.col(columns.HANDED))
    return int(asked[answer].null_count())


def require_seen(product: Product, under: Under, schema: pl.Schema, requirement: str) -> None:
    """Refuses a perturbation that cannot be of its column.

    Raises:
        BadInput: the column is not there, or holds other values.
    """
    if not isinstance(under.perturbation, ChangesColumn):
        return
    where = f"{product.file.name}: requirement {requirement}"
    tables.require_columns(pl.DataFrame(schema=schema), [under.perturbation.column], where)
    try:
        # what a perturbation makes of no value at all, it makes of a column of such values
        values = pl.Series(under.perturbation.column, [], schema[under.perturbation.column])
        under.perturbation.values(values, values.to_numpy())
    except ValueError as problem:
        raise BadInput(
            f"it cannot be perturbed by {under}: {problem}.",
            code="cannot_perturb",
            where=where,
            value=str(under),
            next_step="Name another column, or another perturbation.",
        ) from problem
