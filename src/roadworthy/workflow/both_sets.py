"""Two tables of one product, old and fresh, read alike: who was right on which kind of case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.renewal import EVERY, Right
from roadworthy.io import tables
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.imaging import with_files
from roadworthy.workflow.levels import is_in, missing
from roadworthy.workflow.paths import unopened
from roadworthy.workflow.prepare import (
    as_class,
    as_truth,
    declare_truth,
    id_text,
    identify,
    in_scope,
)
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import known, load_cases, name_of, names, scan_other

OLD, FRESH, SET = "old", "fresh", "@which"
CLASS = "@class"
MOST_LEVELS = 20
EXAMPLES = 3


@dataclass(frozen=True)
class Answers:
    """One set: ``right`` is 1 or 0, shape (models, cases); ``stratum`` and ``unit`` are codes.

    ``unit`` is None where every unit holds one case.
    """

    name: str
    right: NDArray[np.float64]
    stratum: NDArray[np.int64]
    unit: NDArray[np.int64] | None
    cases: int


@dataclass(frozen=True)
class BothSets:
    """Old and fresh answers of the same models, in the same strata (``strata`` names them)."""

    old: Answers
    fresh: Answers
    models: tuple[str, ...]
    strata: tuple[str, ...]
    by: tuple[str, ...]
    notes: tuple[str, ...]


def read_both(
    product: Product,
    old: object,
    fresh: object,
    models: Sequence[str],
    right: Right,
    thresholds: Mapping[str, float],
    by: Sequence[str] | None,
) -> BothSets:
    """Both tables, checked as one: same columns, same words of truth, no case and no unit in both.

    ``by`` are the columns whose mix is re-weighted; None: those that requirements slice by.

    Raises:
        BadInput: a column or a class is missing, an answer is missing or no answer, or a case or
            unit stands in both tables.
        Refused: the old table holds sealed cases that nobody has opened.
    """
    _require_comparable(product, right)
    cases = joined(product, {OLD: old, FRESH: fresh}, [*models, *(by or ())])
    refuse_sealed(product, cases)
    inside = _inside(cases, product)
    kept = _of_class(inside, right, product)
    _require_classes(kept, product, right)
    answers = [
        _right(kept, product, name, thresholds.get(name, thresholds.get(EVERY))) for name in models
    ]
    strata_by, notes = _columns(kept, product, right, by)
    told = kept.with_columns(_stratum(kept, strata_by).alias("@stratum"))
    labels = tuple(told["@stratum"].unique().sort().to_list())
    code = told["@stratum"].replace_strict(labels, list(range(len(labels))), return_dtype=pl.Int64)
    matrix = np.stack([one.to_numpy().astype(np.float64) for one in answers])
    old_side, fresh_side = (
        _answers(name_of(table), told, matrix, code.to_numpy(), which)
        for table, which in ((old, OLD), (fresh, FRESH))
    )
    note_open(Workspace.beside(product.file), names(cases))
    shown = tuple(name if name != CLASS else "class" for name in strata_by)
    return BothSets(old_side, fresh_side, tuple(models), labels, shown, notes)


def answers_on(
    product: Product,
    table: object,
    models: Sequence[str],
    right: Right,
    thresholds: Mapping[str, float],
) -> tuple[pl.DataFrame, tuple[pl.Series, ...]]:
    """The cases of one table that count, and on which of them each model is right.

    Raises:
        BadInput, Refused: as ``read_both``.
    """
    _require_comparable(product, right)
    cases = joined(product, {OLD: table}, models)
    refuse_sealed(product, cases)
    kept = _of_class(_inside(cases, product), right, product)
    _require_classes(kept, product, right)
    found = [
        _right(kept, product, name, thresholds.get(name, thresholds.get(EVERY))) for name in models
    ]
    note_open(Workspace.beside(product.file), names(cases))
    return kept, tuple(found)


def joined(product: Product, given: Mapping[str, object], wanted: Sequence[str]) -> pl.DataFrame:
    """The columns that matter of the tables, one below the other, with id, unit, truth and scope.

    Raises:
        BadInput: as ``read_both`` says of columns and of cases that stand in both.
    """
    data = product.data
    if data.id is None:
        raise BadInput(
            "nothing says which case is which, so nobody can tell whether old and fresh share any.",
            code="no_id",
            where=f"{product.file.name}: data",
            next_step="Name the column with their ids: `data: {id: ...}`.",
        )
    declared = (data.id, data.unit, data.truth)
    kept = list(dict.fromkeys([*filter(None, declared), *product.scope.fields, *wanted]))
    parts = []
    for table in given.values():
        raw = tables.collect(scan_other(product, table), name_of(table))
        also = [name for name in sliced(product) if name in raw.columns and name not in kept]
        tables.require_columns(raw, kept, name_of(table))
        parts.append(raw.select([*kept, *also]))
    both = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
    _require_types(parts, both, [name_of(table) for table in given.values()])
    found = pl.concat(
        [
            part.select(both).with_columns(pl.lit(which).alias(SET))
            for part, which in zip(parts, given, strict=True)
        ],
        how="vertical_relaxed",
    )
    _refuse_shared(found, product)
    cases = in_scope(declare_truth(identify(found, product), product), product.scope)
    return with_files(cases, product)


def _require_comparable(product: Product, right: Right) -> None:
    if product.data.truth is None:
        raise BadInput(
            "nothing says what is true of a case, so nobody can be right.",
            code="no_truth",
            where=f"{product.file.name}: data",
            next_step="Name the column with the truth: `data: {truth: ...}`.",
        )
    regression = product.task is Task.REGRESSION
    if regression or (product.task is Task.MULTICLASS and right is not Right.ACCURACY):
        raise BadInput(
            "shares of right answers are compared, and a regression has none."
            if regression
            else f"{right} is of two classes, and this product has several.",
            code="not_comparable",
            where=f"{product.file.name}: task",
            value=str(product.task),
            next_step="Judge the fresh set alone: `roadworthy check --on FRESH`."
            if regression
            else "Compare `--rate accuracy`.",
        )


def sliced(product: Product) -> list[str]:
    """Columns that requirements slice by, level by level."""
    rules = [rule for one in product.requirements for rule in one.slices if not rule.ranges]
    return list(dict.fromkeys(name for rule in rules for name in rule.by))


def _require_types(
    parts: Sequence[pl.DataFrame], both: Sequence[str], where: Sequence[str]
) -> None:
    for name in both:
        ours, theirs = parts[0].schema[name], parts[-1].schema[name]
        alike = ours == theirs or (ours.is_numeric() and theirs.is_numeric())
        if not alike and pl.Null not in (ours, theirs):
            raise BadInput(
                f"the column {name!r} holds {ours} in {where[0]} and {theirs} here, so nobody can "
                "tell which values are the same.",
                code="different_columns",
                where=where[-1],
                value=name,
                next_step="Write it with the same type in both tables.",
            )


def _refuse_shared(cases: pl.DataFrame, product: Product) -> None:
    data = product.data
    for column, what in ((data.id, "cases"), (data.unit, "units")):
        if column is None:
            continue
        told = cases.select(SET, id_text(cases, column).alias(columns.ID)).drop_nulls()
        sides = [set(told.filter(pl.col(SET) == which)[columns.ID]) for which in (OLD, FRESH)]
        shared = sorted(sides[0] & sides[1])
        if shared:
            raise BadInput(
                f"{len(shared):,} {what} stand in the old and in the fresh table: "
                f"{', '.join(shared[:EXAMPLES])}.",
                code="shared_cases",
                where=f"column {column}",
                value=shared[0],
                next_step="A fresh set must bring other "
                f"{what}: leave these out of one of the two tables.",
            )


def refuse_sealed(product: Product, cases: pl.DataFrame) -> None:
    """Nobody looks at a sealed set by calling it the old one."""
    kept = int(known(cases, sealed_names(product)).sum())
    if kept:
        raise _still_sealed(kept, cases, product)
    if product.data.split is None or tables.is_missing(product):
        return
    parted = load_cases(product)
    if SetName.SEALED not in parted.sizes():
        return
    sealed = int(known(cases, parted.sealed_names()).sum())
    if sealed and unopened(product, parted):
        raise _still_sealed(sealed, cases, product)


def _still_sealed(sealed: int, cases: pl.DataFrame, product: Product) -> Refused:
    return Refused(
        f"{sealed} of these {cases.height} cases are sealed, and their set is not retired yet.",
        code="sealed_cases",
        where=product.file.name,
        value=sealed,
        next_step="A sealed set is old once its last look was taken: `roadworthy certify` does "
        "that, and `roadworthy vault status` tells.",
    )


def _inside(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    inside = cases.filter(pl.col(columns.INSIDE))
    for which in cases[SET].unique(maintain_order=True):
        if not (inside[SET] == which).any():
            raise BadInput(
                f"no case of the {which} table is in scope.",
                code="no_cases",
                where=f"{product.file.name}: scope",
                next_step="Compare sets of cases that the product is for.",
            )
    return inside


def _of_class(cases: pl.DataFrame, right: Right, product: Product) -> pl.DataFrame:
    if right is Right.ACCURACY:
        return cases
    positive = pl.col(columns.POSITIVE)
    return cases.filter(positive if right is Right.SENSITIVITY else ~positive)


def _require_classes(cases: pl.DataFrame, product: Product, right: Right) -> None:
    """Both classes, where both count: a set without one says nothing of it."""
    if product.task is not Task.BINARY:
        return
    wanted = {Right.SENSITIVITY: (True,), Right.SPECIFICITY: (False,)}.get(right, (True, False))
    for which in cases[SET].unique(maintain_order=True):
        held = set(cases.filter(pl.col(SET) == which)[columns.POSITIVE].to_list())
        for kind in wanted:
            if kind not in held:
                word = "positive" if kind else "negative"
                raise BadInput(
                    f"the {which} table holds no {word} case, so it says nothing of them.",
                    code="missing_class",
                    where=f"column {product.data.truth}",
                    value=word,
                    next_step=f"Add {word} cases, or compare the other class alone: `--rate "
                    f"{'specificity' if kind else 'sensitivity'}`.",
                )


def _right(cases: pl.DataFrame, product: Product, name: str, threshold: float | None) -> pl.Series:
    """Whether a model is right, case by case: by its calls, its classes, or its scores."""
    gaps = cases.filter(missing(name, cases.schema[name]))
    if gaps.height:
        raise BadInput(
            f"{gaps.height} of {cases.height} cases have no answer of {name!r}; the first is case "
            f"{gaps[columns.ID][0]}.",
            code="missing_value",
            where=f"column {name}",
            next_step="Give every case in scope an answer, or leave this model out.",
        )
    if product.task is Task.MULTICLASS:
        return as_class(cases[name]) == cases[columns.TRUTH]
    words = as_truth(cases, product, name)
    dtype = cases.schema[name]
    yes, no = is_in(name, dtype, words.positive), is_in(name, dtype, words.negative)
    if cases.select((yes | no).all()).item():
        return cases.select(yes == pl.col(columns.POSITIVE)).to_series()
    numbers = dtype.is_numeric()
    if not numbers or not cases[name].is_between(0.0, 1.0).all():
        raise BadInput(
            f"the column {name!r} holds neither calls in the truth's own words nor scores from 0 "
            "to 1.",
            code="bad_score",
            where=f"column {name}",
            value=str(cases[name].max() if numbers else cases[name][0]),
            next_step="Give scores from 0 to 1, or calls written as the truth is.",
        )
    cut = threshold if threshold is not None else product.decision.threshold
    if isinstance(cut, str) or (threshold is None and product.decision.triage is not None):
        raise BadInput(
            f"{name!r} holds scores, and product.yaml names no number that makes calls of them.",
            code="no_threshold",
            where="decision",
            value=str(cut),
            next_step=f"Name it: `--threshold {name}=0.5`.",
        )
    return cases.select((pl.col(name) >= cut) == pl.col(columns.POSITIVE)).to_series()


def _columns(
    cases: pl.DataFrame, product: Product, right: Right, by: Sequence[str] | None
) -> tuple[list[str], tuple[str, ...]]:
    """What is re-weighted: the class where both count, and columns with few levels."""
    found = [CLASS] if right is Right.ACCURACY else []
    own = [name for name in sliced(product) if name in cases.columns]
    notes = [
        f"The mix of {name} is not re-weighted: both tables must hold that column."
        for name in sliced(product)
        if by is None and name not in own
    ]
    for name in own if by is None else by:
        levels = cases[name].n_unique()
        if levels <= MOST_LEVELS:
            found.append(name)
        elif by is None:
            notes.append(f"The mix of {name} is not re-weighted: it has {levels:,} values.")
        else:
            raise BadInput(
                f"{name!r} has {levels:,} values, too many to re-weight by.",
                code="too_many_levels",
                where="--by",
                value=levels,
                next_step=f"Name columns with at most {MOST_LEVELS} levels.",
            )
    return found, tuple(notes)


def _stratum(cases: pl.DataFrame, by: Sequence[str]) -> pl.Expr:
    """What kind of case it is, in words; empty where nothing tells kinds apart."""
    if not by:
        return pl.lit("all cases")
    told = [_class(cases) if name == CLASS else _level(cases, name) for name in by]
    return pl.concat_str(told, separator=", ")


def _class(cases: pl.DataFrame) -> pl.Expr:
    if columns.POSITIVE in cases.columns:
        return pl.when(columns.POSITIVE).then(pl.lit("positive")).otherwise(pl.lit("negative"))
    return pl.lit("class ") + pl.col(columns.TRUTH)


def _level(cases: pl.DataFrame, name: str) -> pl.Expr:
    cell = pl.col(name)
    dtype = cases.schema[name]
    text = as_class(cases[name].fill_nan(None) if dtype.is_float() else cases[name])
    gone = missing(name, dtype)
    told = pl.when(gone).then(pl.lit("missing")).otherwise(pl.lit(text))
    return pl.lit(f"{cell.meta.output_name()} ") + told


def _answers(
    name: str,
    cases: pl.DataFrame,
    right: NDArray[np.float64],
    stratum: NDArray[np.int64],
    which: str,
) -> Answers:
    here = (cases[SET] == which).to_numpy()
    units = cases.filter(pl.Series(here))[columns.UNIT]
    code = units.rank("dense").cast(pl.Int64).to_numpy()
    alone = units.n_unique() == units.len()
    return Answers(name, right[:, here], stratum[here], None if alone else code, int(here.sum()))
