"""One subject's answers beside another's on the same cases, and what is then asked of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import About, Instrument
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Limit, Requirement, Side, SliceRule, Tier, Whose
from roadworthy.workflow.measure import table_of

THEIRS = "@theirs:"


def joined(
    one: pl.DataFrame, two: pl.DataFrame, ours: Product, theirs: Product, name: str
) -> pl.DataFrame:
    """Our cases with their answers beside them, paired by id; rates count what both rate.

    ``one`` and ``two`` are prepared; ``name`` is what the other is called.

    Raises:
        BadInput: they have no case in common, or another truth.
    """
    truth, answer = truth_and_answer(ours.task)
    kept = [columns.RATED, columns.INSIDE, columns.REFERRED, truth, answer]
    kept += [columns.SCORE] if columns.SCORE in two.columns else []
    beside = two.select(columns.ID, *(pl.col(c).alias(THEIRS + c) for c in kept))
    table = one.join(beside, on=columns.ID, how="inner", maintain_order="left")
    _require_pairs(table, one, theirs)
    _require_same_truth(table, truth, theirs)
    both = [
        (pl.col(column) & pl.col(THEIRS + column)).alias(column)
        for column in (columns.RATED, columns.INSIDE)
    ]
    return table.with_columns(*both, pl.col(THEIRS + answer).alias(columns.call(name)))


def truth_and_answer(task: Task) -> tuple[str, str]:
    """The columns with what is true of a case and with what was said of it."""
    if task is Task.BINARY:
        return columns.POSITIVE, columns.FLAGGED
    return columns.TRUTH, columns.PREDICTED


def _require_pairs(table: pl.DataFrame, one: pl.DataFrame, theirs: Product) -> None:
    if table.height == 0:
        raise BadInput(
            f"none of the {one.height} open cases is open to {theirs.name} as well.",
            code="no_pairs",
            where=theirs.file.name,
            value=0,
            next_step="Name a table that neither has seen: `--on FILE`.",
        )


def _require_same_truth(table: pl.DataFrame, truth: str, theirs: Product) -> None:
    differ = table.filter(pl.col(truth) != pl.col(THEIRS + truth))
    if differ.height:
        case = differ[columns.ID][0]
        raise BadInput(
            f"the truth of {differ.height} of {table.height} cases differs between the two; the "
            f"first is case {case}.",
            code="different_truth",
            where=theirs.file.name,
            value=case,
            next_step="Compare on one truth: correct the tables, or `positive:` in one of the two.",
        )


def asked(
    product: Product,
    registry: Mapping[str, Instrument],
    table: pl.DataFrame,
    other: str,
    max_drop: float,
    *,
    by_slice: bool = False,
) -> tuple[list[Requirement[Any]], list[tuple[str, str]]]:
    """Each comparable requirement as "at most so much worse than the other"; and the rest.

    ``by_slice`` asks it on every critical slice as well.

    Raises:
        BadInput: none can be compared.
    """
    found: list[Requirement[Any]] = []
    left_out = []
    seen = []
    for requirement in product.requirements:
        about = registry[requirement.metric].about
        why = _not_comparable(requirement, about, registry, table)
        kind = (requirement.metric, requirement.parameters, requirement.per_unit)
        if why:
            left_out.append((requirement.id, why))
        elif kind not in seen:
            seen.append(kind)
            found.append(_against(requirement, about, other, max_drop, by_slice))
    if not found:
        told = "; ".join(f"{name}: {why}" for name, why in left_out)
        raise BadInput(
            f"no requirement can be compared case by case ({told}).",
            code="not_comparable",
            where=product.file.name,
            next_step="Require one that can, such as sensitivity, accuracy or mae.",
        )
    return found, left_out


def _not_comparable(
    requirement: Requirement[Any],
    about: About,
    registry: Mapping[str, Instrument],
    table: pl.DataFrame,
) -> str:
    if requirement.of is Whose.TEAM:
        return "it is about product and reader together"
    if not about.comparable or table_of(requirement, registry) != "cases":
        return f"{requirement.metric} is no mean over cases"
    refers = bool(table[THEIRS + columns.REFERRED].any())
    if refers and hasattr(requirement.parameters, "costs"):
        return "the other refers cases, and what those cost is not known"
    return ""


def _against(
    requirement: Requirement[Any], about: About, other: str, max_drop: float, by_slice: bool
) -> Requirement[Any]:
    parameters = requirement.parameters
    if "reader_refers" in {field.name for field in fields(parameters)}:
        # the other is no person who reads every case
        parameters = replace(parameters, reader_refers=False)
    drop = max_drop if about.highest == 1.0 else 0.0
    return replace(
        requirement,
        limit=Limit(Side.MAX_DROP, drop, requirement.limit.unit, other),
        parameters=parameters,
        target=None,
        slices=tuple(map(_margin, _critical(requirement))) if by_slice else (),
        tier=Tier.CRITICAL,
    )


def _critical(requirement: Requirement[Any]) -> tuple[SliceRule, ...]:
    """The slices that gate the product."""
    rules = requirement.slices
    return tuple(one for one in rules if (one.tier or requirement.tier) is Tier.CRITICAL)


def _margin(rule: SliceRule) -> SliceRule:
    """The same slice with the margin of the whole in the place of its own limit."""
    return replace(rule, limit=None, target=None, tier=None)
