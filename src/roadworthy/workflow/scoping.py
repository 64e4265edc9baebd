"""Scope rules over a whole table: one polars expression a rule, telling what one case is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.scope import AllOf, AnyOf, Condition, OnField, Reason, Rule, Scope
from roadworthy.workflow.levels import WORDS, is_in, missing, require_levels


@dataclass(frozen=True)
class Beyond:
    """Where a rule leaves cases outside, never null, and for which reason."""

    where: pl.Expr
    reason: Reason


def beyond(cases: pl.DataFrame, scope: Scope) -> list[Beyond]:
    """Every reason to be outside; the first that holds of a case is the one that is counted."""
    found = [one for rule in scope.rules for one in _beyond(cases, rule)]
    return sorted(found, key=lambda one: not one.reason.rejects)


def _beyond(cases: pl.DataFrame, rule: Rule) -> Iterator[Beyond]:
    told = holds(cases, rule.condition)
    yield Beyond((~told).fill_null(False), rule.beyond)
    if rule.unknown is not None:
        yield Beyond(told.is_null(), rule.unknown)


def holds(cases: pl.DataFrame, condition: Condition) -> pl.Expr:
    """Whether a condition holds; null where a missing value leaves it open.

    Polars' & and | of Boolean columns follow Kleene, as core.scope does.
    """
    if isinstance(condition, OnField):
        return _on_field(cases, condition)
    if isinstance(condition, AllOf):
        return reduce(and_, (holds(cases, part) for part in condition.parts))
    if isinstance(condition, AnyOf):
        return reduce(or_, (holds(cases, part) for part in condition.parts))
    return ~holds(cases, condition.when) | holds(cases, condition.then)


def _on_field(cases: pl.DataFrame, condition: OnField) -> pl.Expr:
    require_levels(cases, condition.field, "so nothing says which of them are in scope", WORDS)
    column = cases[condition.field]
    if condition.between is not None:
        inside = _between(column, condition.between)
    else:
        inside = is_in(column.name, column.dtype, condition.levels or ())
    absent = missing(column.name, column.dtype)
    return pl.when(absent).then(pl.lit(None, dtype=pl.Boolean)).otherwise(inside)


def _between(column: pl.Series, ends: tuple[float, float]) -> pl.Expr:
    if column.dtype.is_numeric():
        return pl.col(column.name).is_between(*ends)
    if column.null_count() == column.len():
        return pl.lit(False)
    raise BadInput(
        f"the scope gives a range for {column.name!r}, which holds {column.dtype}, not numbers.",
        code="not_a_number",
        where=f"column {column.name}",
        value=str(column.dtype),
        next_step="Name its values instead: `in: [...]`; or correct the column.",
    )
