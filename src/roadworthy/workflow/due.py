"""renew --due: does the sealed set demand a successor, as far as files and the workspace tell?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, SetName
from roadworthy.core.scope import ScopeRule
from roadworthy.core.successor import Due, Facts, Moved, NewKind, successor
from roadworthy.io import tables
from roadworthy.io.levels import has_levels
from roadworthy.stats import moved
from roadworthy.stats.multiplicity import holm_adjusted
from roadworthy.workflow.both_sets import sliced
from roadworthy.workflow.levels import is_in
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.paths import unopened
from roadworthy.workflow.prepare import id_text, in_scope
from roadworthy.workflow.source import load_cases, name_of, scan_other
from roadworthy.workflow.vault import vault_if_there

MOST_LEVELS = 50
EXAMPLES = 5


def due(
    product: Given,
    old: object | None = None,
    traffic: object | None = None,
    made: str | date | None = None,
    by: Sequence[str] | None = None,
    today: date | None = None,
) -> Due:
    """Asks everything that can be asked of a set with what is at hand.

    ``old`` is the set's table (no labels are read), ``traffic`` one of recent cases, ``made`` the
    day the set was complete; ``by`` are columns of context, by default those of the scope and of
    slices.

    Raises:
        BadInput: a table lacks a column, or ``made`` is no day.
    """
    product = as_product(product)
    now = today or datetime.now(UTC).date()
    asked: list[str] = []
    lacking: list[str] = []
    looks_left, looks = _budget(product, asked, lacking)
    day = _day(made) or product.renewal.made
    if day is None or product.renewal.fresh_for is None:
        lacking.append(
            "age: nothing says "
            + ("how long it is fresh (`renewal: {fresh_for: 365}`)" if day else "when it was made")
        )
    else:
        asked.append("age")
    changes = _scope_changes(product, old, asked, lacking)
    kinds, shifts = _world(product, old, traffic, by, asked, lacking)
    facts = Facts(
        looks_left=looks_left,
        looks=looks,
        made=day,
        scope_changes=changes,
        kinds=kinds,
        moved=shifts,
    )
    reasons = successor(facts, product.renewal, now, 1.0 - product.confidence.level)
    return Due(product.name, reasons, tuple(asked), tuple(lacking))


def _day(made: str | date | None) -> date | None:
    if made is None or isinstance(made, date):
        return made
    try:
        return date.fromisoformat(made)
    except ValueError:
        raise BadInput(
            f"{made!r} is no day.",
            code="usage",
            where="--made",
            value=made,
            next_step="Write it as 2026-03-31.",
        ) from None


def _budget(
    product: Product, asked: list[str], lacking: list[str]
) -> tuple[int | None, int | None]:
    """Looks left at the product's newest sealed set, and how many it had; unknown without one."""
    with vault_if_there(product) as vault:
        sets = [one for one in vault.sets() if one.product == product.name] if vault else []
    if sets:
        asked.append("budget")
        return sets[-1].left, sets[-1].budget.looks
    if product.data.split is None or tables.is_missing(product):
        lacking.append("budget: product.yaml seals no cases of its own table")
        return None, None
    parted = load_cases(product)
    if SetName.SEALED not in parted.sizes():
        lacking.append("budget: product.yaml seals no cases of its own table")
        return None, None
    asked.append("budget")
    return int(unopened(product, parted) > 0), 1


def _scope_changes(
    product: Product, old: object | None, asked: list[str], lacking: list[str]
) -> tuple[str, ...]:
    """What the old cases show of a scope that changed: cases beyond it, levels it lacks."""
    if old is None or not product.scope.rules:
        lacking.append(
            "scope: " + ("product.yaml names none" if old else "no table of the set (`--old`)")
        )
        return ()
    cases = tables.collect(scan_other(product, old), name_of(old))
    tables.require_columns(cases, product.scope.fields, name_of(old))
    asked.append("scope")
    outside = int((~in_scope(cases, product.scope)[columns.INSIDE]).sum())
    found = []
    if outside == cases.height:
        found.append("not one of its cases is in the scope as it is now")
    for rule in product.scope.plain:
        found += _uncovered(cases, rule)
    return tuple(found)


def _uncovered(cases: pl.DataFrame, rule: ScopeRule) -> list[str]:
    """Levels that the scope lets in, and of which the set holds no case."""
    dtype = cases.schema[rule.field]
    absent = [
        str(level)
        for level in rule.levels or ()
        if not cases.select(is_in(rule.field, dtype, (level,)).any()).item()
    ]
    if not absent:
        return []
    return [f"the scope lets in {rule.field} {', '.join(absent)}, and the set holds none"]


def _world(
    product: Product,
    old: object | None,
    traffic: object | None,
    by: Sequence[str] | None,
    asked: list[str],
    lacking: list[str],
) -> tuple[tuple[NewKind, ...], tuple[Moved, ...]]:
    if old is None or traffic is None:
        missing = "the set (`--old`)" if old is None else "recent cases (`--traffic`)"
        lacking.append(f"new kinds and the world: no table of {missing}")
        return (), ()
    named = list(by) if by else [*dict.fromkeys([*product.scope.fields, *sliced(product)])]
    if not named:
        lacking.append("new kinds and the world: no column of context (`--by vendor,age`)")
        return (), ()
    before, after = (_contexts(product, table, named) for table in (old, traffic))
    kinds: list[NewKind] = []
    distances: list[tuple[str, moved.Distance]] = []
    for name in named:
        first, second = (_present(table[name]) for table in (before, after))
        gaps = [table.height - one.len() for table, one in ((before, first), (after, second))]
        if first.is_empty() or second.is_empty():
            lacking.append(f"{name}: one of the tables holds no value of it")
            continue
        asked.append(name)
        if any(gaps):
            # values that go missing are a kind of case of their own, for numbers too
            given = [_gap(one, gap) for one, gap in zip((first, second), gaps, strict=True)]
            kinds += _new_kinds(name, *given)
            distances.append((f"{name} (missing)", _levels(*given)))
        if _is_number(first, second):
            distances.append((name, moved.numbers(first.to_numpy(), second.to_numpy())))
            continue
        told = [_as_text(one) for one in (first, second)]
        kinds += _new_kinds(name, *told)
        distances.append((name, _levels(*told)))
    p = holm_adjusted([one.p for _, one in distances]) if distances else ()
    shifts = (
        Moved(name, one.value, float(adjusted))
        for (name, one), adjusted in zip(distances, p, strict=True)
    )
    return tuple(kinds), tuple(shifts)


def _contexts(product: Product, table: object, named: Sequence[str]) -> pl.DataFrame:
    """The context of one case a unit: a test of independent cases needs independent ones."""
    cases = tables.collect(scan_other(product, table), name_of(table))
    tables.require_columns(cases, named, name_of(table))
    for name in named:
        if not has_levels(cases.schema[name]):
            raise BadInput(
                f"the column {name!r} holds {cases.schema[name]}, which has no levels.",
                code="no_levels",
                where=name_of(table),
                value=name,
                next_step="Name columns of text or numbers: `--by vendor,age`.",
            )
    unit = product.data.unit
    if unit is None or unit not in cases.columns:
        return cases.select(named)
    first = cases.with_columns(id_text(cases, unit).alias(columns.UNIT))
    return first.unique(columns.UNIT, keep="first", maintain_order=True).select(named)


def _present(values: pl.Series) -> pl.Series:
    return (values.fill_nan(None) if values.dtype.is_float() else values).drop_nulls()


def _gap(present: pl.Series, gaps: int) -> pl.Series:
    """Whether a case has a value, in the words of a level."""
    return pl.Series(["given"] * present.len() + ["missing"] * gaps, dtype=pl.String)


def _is_number(first: pl.Series, second: pl.Series) -> bool:
    """Numbers with many values; those with few are levels, such as a grade."""
    numeric = first.dtype.is_numeric() and second.dtype.is_numeric()
    return numeric and max(first.n_unique(), second.n_unique()) > MOST_LEVELS // 2


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype.is_float() and (values == values.round()).all():
        values = values.cast(pl.Int64)
    return values.cast(pl.String)


def _new_kinds(name: str, before: pl.Series, after: pl.Series) -> list[NewKind]:
    fresh = after.filter(~after.is_in(before.unique().to_list()))
    found = fresh.value_counts(sort=True, name="#").head(MOST_LEVELS)
    return [
        NewKind(name, str(level), int(count), count / after.len())
        for level, count in found.iter_rows()
    ]


def _levels(before: pl.Series, after: pl.Series) -> moved.Distance:
    names = sorted({*before.to_list(), *after.to_list()})
    place = {name: number for number, name in enumerate(names)}
    counts = (
        np.bincount([place[value] for value in one.to_list()], minlength=len(names))
        for one in (before, after)
    )
    return moved.levels(*counts)
