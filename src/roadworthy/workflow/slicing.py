"""Which cells a requirement is judged on: the whole set, and the slices its rules ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product as combinations
from math import isfinite
from typing import Any

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Scope
from roadworthy.core.requirement import (
    WHOLE,
    Level,
    Requirement,
    Slice,
    SliceKey,
    SliceRule,
    Tier,
)
from roadworthy.io.levels import has_levels, is_level
from roadworthy.workflow.levels import on_slice

MOST_LEVELS = 60
CASES = "@cases"


@dataclass(frozen=True)
class Cell:
    """A requirement (with the slice's own limit and tier) on one slice.

    ``small`` says why a critical requirement does not gate here; ``absent`` says that the judged
    data lacks a level which the scope declares or other open data holds.
    """

    requirement: Requirement[Any]
    slice: Slice = WHOLE
    small: str = ""
    absent: str = ""

    @property
    def tier(self) -> Tier:
        return Tier.ADVISORY if self.small else self.requirement.tier


def cells(
    requirement: Requirement[Any],
    judged: pl.DataFrame,
    known: pl.DataFrame | None,
    scope: Scope,
    before: dict[SliceRule, list[Cell]] | None = None,
) -> list[Cell]:
    """The whole set first, then every slice of every rule, in a stable order.

    ``judged`` and ``known`` (other open data of the product, None: there is none) hold the cases
    in scope. Levels come from the scope, from ``known`` and from ``judged``. ``before`` remembers
    the cells of a rule for other requirements on the same data that have it too.
    """
    found = [Cell(requirement)]
    before = {} if before is None else before
    for rule in requirement.slices:
        changed = requirement.on(rule)
        if rule not in before:
            before[rule] = _cells(changed, rule, judged, known, scope)
        found += [replace(cell, requirement=changed) for cell in before[rule]]
    return found


def _cells(
    requirement: Requirement[Any],
    rule: SliceRule,
    judged: pl.DataFrame,
    known: pl.DataFrame | None,
    scope: Scope,
) -> list[Cell]:
    named = _named(rule, scope)
    parts = _slices(rule, judged, known, named)
    here = _counts(judged, parts)
    there = [(0, 0.0)] * len(parts) if known is None else _counts(known, parts)
    return [
        _cell(requirement, part, rule, named, ours, theirs)
        for part, ours, theirs in zip(parts, here, there, strict=True)
    ]


def parts(
    rule: SliceRule, judged: pl.DataFrame, known: pl.DataFrame | None, scope: Scope
) -> list[Slice]:
    """The parts that a rule tells apart, whether or not ``judged`` holds a case of each."""
    return _slices(rule, judged, known, _named(rule, scope))


def _cell(
    requirement: Requirement[Any],
    part: Slice,
    rule: SliceRule,
    named: set[SliceKey],
    judged: tuple[int, float],
    known: tuple[int, float],
) -> Cell:
    (count, share), (elsewhere, share_elsewhere) = judged, known
    if count == 0:
        where = f"other open data holds {elsewhere} such cases" if elsewhere else "it is declared"
        return Cell(requirement, part, absent=f"the judged data has no case of {part}; {where}")
    share = max(share, share_elsewhere)
    is_named = all(key in named or key.range is not None for key in part.keys)
    if share >= rule.min_share or is_named:
        return Cell(requirement, part)
    return Cell(
        requirement,
        part,
        small=f"{share:.1%} of the cases, under min_share {rule.min_share:.0%}: shown, not gating",
    )


def _slices(
    rule: SliceRule,
    judged: pl.DataFrame,
    known: pl.DataFrame | None,
    named: set[SliceKey],
) -> list[Slice]:
    frames = [judged] if known is None else [judged, known]
    if rule.ranges:
        column = rule.by[0]
        _require_numbers(judged, column)
        parts = [Slice((SliceKey(column, range=ends),)) for ends in rule.ranges]
        missing = Slice((SliceKey(column),))
        return [*parts, missing] if any(_count(frame, missing) for frame in frames) else parts
    if rule.levels:
        return sorted((Slice((key,)) for key in named), key=_order)
    declared = combinations(*(_declared(column, named) for column in rule.by))
    found = dict.fromkeys(Slice(keys) for keys in declared)
    for frame in frames:
        found |= dict.fromkeys(Slice(keys) for keys in _observed(rule, frame, named))
    # declared for one of several columns, and seen with no level of the others
    held = {key for part in found for key in part.keys}
    found |= dict.fromkeys(Slice((key,)) for key in named - held)
    return sorted(found, key=_order)


def _declared(column: str, named: set[SliceKey]) -> list[SliceKey]:
    return sorted((key for key in named if key.column == column), key=lambda key: str(key.value))


def _named(rule: SliceRule, scope: Scope) -> set[SliceKey]:
    """The levels that the rule or the scope names: they gate however small they are."""
    found = {SliceKey(rule.by[0], value) for value in rule.levels}
    for condition in scope.plain:
        if condition.field in rule.by and condition.levels and not rule.levels:
            found |= {SliceKey(condition.field, value) for value in condition.levels}
    return found


def _observed(
    rule: SliceRule, frame: pl.DataFrame, named: set[SliceKey]
) -> Iterable[tuple[SliceKey, ...]]:
    """The combinations of levels that the data holds, missing values as a level of their own."""
    for column in rule.by:
        _require_plain(frame, column)
        levels = frame[column].n_unique()
        if levels > MOST_LEVELS:
            raise BadInput(
                f"the slice column {column!r} has {levels} different values.",
                code="too_many_levels",
                where=f"column {column}",
                value=levels,
                next_step=f"Give `ranges: [[a, b], ...]` for numbers, or name the `levels` "
                f"(at most {MOST_LEVELS}).",
            )
    spelled = frame.select(_spelled(column, frame) for column in rule.by)
    for row in spelled.unique(maintain_order=False).rows():
        yield tuple(
            _key(column, value, spelled, named) for column, value in zip(rule.by, row, strict=True)
        )


def _spelled(column: str, frame: pl.DataFrame) -> pl.Expr:
    """A column's values as levels are spelled: NaN is missing, and dates are text."""
    cell, dtype = pl.col(column), frame.schema[column]
    if dtype.is_float():
        return cell.fill_nan(None)
    return cell.cast(pl.String) if dtype.is_temporal() else cell


def _key(column: str, value: object, frame: pl.DataFrame, named: set[SliceKey]) -> SliceKey:
    """The key of an observed value, spelled as product.yaml spells it where it names it."""
    if value is None:
        return SliceKey(column)
    one = pl.Series([value], dtype=frame.schema[column])
    for key in named:
        if key.column == column and key.value is not None and is_level(one, key.value)[0]:
            return key
    return SliceKey(column, _plain(value))


def _require_plain(frame: pl.DataFrame, column: str) -> None:
    dtype = frame.schema[column]
    if not has_levels(dtype):
        raise BadInput(
            f"the slice column {column!r} holds {dtype}, which has no levels.",
            code="no_levels",
            where=f"column {column}",
            value=str(dtype),
            next_step="Slice by a column of texts, numbers or dates.",
        )


def _plain(value: object) -> Level:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and isfinite(value):
        return int(value) if value.is_integer() else value
    return str(value)


def _order(part: Slice) -> list[tuple[bool, bool, float, str]]:
    """Numbers by size, words by alphabet, missing values last."""
    return [
        (
            key.missing,
            not isinstance(key.value, int | float),
            float(key.value) if isinstance(key.value, int | float) else 0.0,
            str(key.value),
        )
        for key in part.keys
    ]


def _require_numbers(frame: pl.DataFrame, column: str) -> None:
    if not frame.schema[column].is_numeric():
        raise BadInput(
            f"the slice column {column!r} holds {frame.schema[column]}, and ranges need numbers.",
            code="not_a_number",
            where=f"column {column}",
            value=str(frame.schema[column]),
            next_step="Slice by its values instead: leave `ranges` away.",
        )


def _count(frame: pl.DataFrame, part: Slice) -> int:
    return _counts(frame, [part])[0][0]


def _counts(frame: pl.DataFrame, parts: Sequence[Slice]) -> list[tuple[int, float]]:
    """How many cases each slice has, and which share of all: one query for all slices."""
    # a frame of counted groups says in @cases for how many cases each row stands
    each = pl.col(CASES) if CASES in frame.columns else pl.lit(1, dtype=pl.Int64)
    cases = int(frame[CASES].sum()) if CASES in frame.columns else frame.height
    if not parts or not cases:
        return [(0, 0.0)] * len(parts)
    where = [on_slice(part, frame.schema) for part in parts]
    sums = [pl.when(one).then(each).otherwise(0).sum().alias(str(i)) for i, one in enumerate(where)]
    found = frame.select(sums).row(0)
    return [(int(count), int(count) / cases) for count in found]
