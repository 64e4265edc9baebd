"""From the user's table to prepared cases: checked, scored, in or out of scope, routed."""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import Decides, Policy, Referred, Triage
from roadworthy.core.product import Calls, CaseCost, CostMatrix, Product, Scope, Task
from roadworthy.core.requirement import Level
from roadworthy.core.scope import LEARNED
from roadworthy.io.levels import counts, holds
from roadworthy.io.stable_hash import stable_hash
from roadworthy.io.tables import require_columns
from roadworthy.workflow.levels import WORDS, is_in, require_levels
from roadworthy.workflow.scoping import beyond

EXAMPLES = 5
LABEL = (
    "label every case. Where nobody looked, such as at cleared cases, say how those that somebody "
    "looked at were drawn (`data: {verification: {}}`): left out, they would flatter the product"
)
NAMES = "Give ids as text or whole numbers."


def identify(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds ``@id`` and ``@unit``; every case has an id of its own and a unit."""
    name = product.data.id
    for column in (name, product.data.unit):
        if column is not None:
            require_levels(cases, column, "which is no name for a case or a unit", NAMES)
    ids = pl.int_range(1, pl.len() + 1).cast(pl.String) if name is None else id_text(cases, name)
    found = cases.with_columns(ids.alias(columns.ID))
    if name is not None:
        _refuse_nulls(found, columns.ID, name, "give every case an id")
        _refuse_duplicates(found, name)
    unit = columns.ID if product.data.unit is None else product.data.unit
    found = found.with_columns(id_text(found, unit).alias(columns.UNIT))
    _refuse_nulls(found, columns.UNIT, unit, "say for every case which unit it belongs to")
    return found


def id_text(cases: pl.DataFrame, column: str) -> pl.Expr:
    """Ids as text without blanks around them; 7.0 is 7.

    Otherwise one table's sealed cases are strangers in the next.
    """
    cell = pl.col(column)
    if not cases.schema[column].is_float():
        return cell.cast(pl.String).str.strip_chars()
    whole = cell.cast(pl.Int64, strict=False)
    return (
        pl.when(whole == cell)
        .then(whole.cast(pl.String))
        .otherwise(cell.fill_nan(None).cast(pl.String))
    )


def declare_truth(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds the truth: ``@positive`` for binary tasks, ``@truth`` otherwise; no value is guessed."""
    name = product.data.truth
    if name is None:
        return cases
    require_levels(cases, name, "which is no truth", WORDS)
    if product.data.verification is not None:
        return _verified_truth(cases, product, name)
    _refuse_nulls(cases, name, name, LABEL)
    if product.task is Task.BINARY:
        return _binary_truth(cases, product, name)
    if product.task is Task.MULTICLASS:
        return cases.with_columns(as_class(cases[name]).alias(columns.TRUTH))
    return cases.with_columns(_finite(cases, name).alias(columns.TRUTH))


def in_scope(cases: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Adds ``@inside``, ``@rejected``, ``@outside``: the first reason why a case is out of scope.

    Where a guard has looked (``@unfamiliar``), what it turned away is out of scope too.
    """
    reason, rejected = pl.lit(None, dtype=pl.String), pl.lit(False)
    if columns.UNFAMILIAR in cases.columns:
        reason = pl.when(columns.UNFAMILIAR).then(pl.lit(LEARNED)).otherwise(reason)
    for one in reversed(beyond(cases, scope)):
        reason = pl.when(one.where).then(pl.lit(one.reason.code)).otherwise(reason)
        rejected = rejected | one.where if one.reason.rejects else rejected
    found = cases.with_columns(reason.alias(columns.OUTSIDE), rejected.alias(columns.REJECTED))
    return found.with_columns(pl.col(columns.OUTSIDE).is_null().alias(columns.INSIDE))


def check_scores(cases: pl.DataFrame, source: str, needed: bool = True) -> pl.DataFrame:
    """Refuses scores that are not numbers from 0 to 1, with the first such cases.

    A case that is out of scope goes to a person and may lack a score; so may every case where none
    is ``needed``, because a person gets whatever has none.
    """
    score = pl.col(columns.SCORE)
    wrong = ~score.is_finite() | ~score.is_between(0.0, 1.0)
    bad = cases.filter(wrong | (score.is_null() & pl.col(columns.INSIDE) & needed))
    if bad.height == 0:
        return cases
    first = bad.select(columns.ID, columns.SCORE).head(EXAMPLES).rows()
    raise BadInput(
        f"{bad.height} of {cases.height} scores are not numbers from 0 to 1: "
        + ", ".join(f"case {case} has {value}" for case, value in first)
        + ".",
        code="bad_score",
        where=source,
        value=first[0][1],
        next_step="Give a score from 0 to 1 for every case; a case without one must not be judged.",
    )


def check_costs(cases: pl.DataFrame, product: Product) -> None:
    """Refuses amounts per case, in scope, beyond their declared ends, and classes without price."""
    inside = cases.filter(pl.col(columns.INSIDE))
    for cost in () if product.costs is None else product.costs.per_case:
        require_columns(cases, [cost.column], f"{product.file.name}: costs")
        require_numbers(cases.schema, cost.column, product.file.name)
        check_case_costs(inside, cost)
    for name, matrix in _matrices(product):
        _require_priced(inside, matrix, f"{product.file.name}: {name}")


def check_case_costs(inside: pl.DataFrame, cost: CaseCost) -> None:
    """Refuses amounts in one column that are not numbers between their declared ends."""
    value = pl.col(cost.column).cast(pl.Float64)
    right = (value.is_finite() & value.is_between(cost.minimum, cost.maximum)).fill_null(False)
    bad = inside.filter(~right)
    if bad.height:
        raise BadInput(
            f"{bad.height} of {inside.height} costs in {cost.column!r} are not numbers from "
            f"{cost.minimum:g} to the declared maximum {cost.maximum:g}; the first is "
            f"{bad[cost.column][0]!r} of case {bad[columns.ID][0]}.",
            code="bad_cost",
            where=f"column {cost.column}",
            value=str(bad[cost.column][0]),
            next_step="Correct those rows, or declare the true "
            + ("maximum." if cost.minimum == 0.0 else "ends."),
        )


def _matrices(product: Product) -> list[tuple[str, CostMatrix]]:
    named = [] if product.costs is None else [("costs.matrix", product.costs.matrix)]
    named += [(f"harms.{harm.name}.matrix", harm.matrix) for harm in product.harms]
    return [(name, matrix) for name, matrix in named if matrix is not None]


def _require_priced(inside: pl.DataFrame, matrix: CostMatrix, where: str) -> None:
    """Every class that is true of a case has a row: a class without a price costs nobody knows."""
    if columns.TRUTH not in inside.columns:
        return
    strange = inside.filter(~pl.col(columns.TRUTH).is_in(list(matrix.classes)))[columns.TRUTH]
    if strange.len():
        raise BadInput(
            f"{strange.len()} of {inside.height} cases are of a class without a price: "
            f"{counts(strange)}; the matrix names {', '.join(matrix.classes)}.",
            code="missing_class",
            where=where,
            value=[str(value) for value in strange.unique().sort().to_list()[:EXAMPLES]],
            next_step="Add a row for each of them, or put those cases out of scope.",
        )


def require_numbers(schema: pl.Schema, column: str, where: str) -> None:
    """Refuses a column that holds anything but numbers: a date is no amount."""
    dtype = schema[column]
    if not (dtype.is_numeric() or dtype == pl.Boolean):
        raise BadInput(
            f"the column {column!r} holds {dtype}, and numbers are needed.",
            code="not_a_number",
            where=where,
            value=str(dtype),
            next_step="Write the values as numbers; a text such as 'n/a' makes the column text.",
        )


def only_finite(scores: pl.Series) -> pl.Series:
    """Scores with every one that is no finite number missing, for policies that refer those."""
    return scores.set(~scores.is_finite().fill_null(False), None)


def decide(cases: pl.DataFrame, policy: Decides, referred: Referred | None) -> pl.DataFrame:
    """Adds ``@referred``, ``@rated`` and ``@flagged`` for a binary product (see core.columns)."""
    positive = pl.col(columns.POSITIVE)
    doubt, flagged = doubt_and_flag(policy)
    found = cases.with_columns((~pl.col(columns.INSIDE) | doubt).alias(columns.REFERRED))
    handed = pl.col(columns.REFERRED)
    by_person = {Referred.RIGHT: positive, Referred.WRONG: ~positive}.get(
        referred or Referred.EXCLUDED, pl.lit(None, dtype=pl.Boolean)
    )
    counted = pl.lit(True) if referred in (Referred.RIGHT, Referred.WRONG) else ~handed
    return found.with_columns(
        (pl.col(columns.INSIDE) & counted).alias(columns.RATED),
        pl.when(handed).then(by_person).otherwise(flagged).alias(columns.FLAGGED),
    )


def doubt_and_flag(policy: Decides) -> tuple[pl.Expr, pl.Expr]:
    """Where a score goes to a person, and where it is flagged; without one, null or a person."""
    return _triaged(policy) if isinstance(policy, Triage) else _thresholded(policy)


def _thresholded(policy: Policy) -> tuple[pl.Expr, pl.Expr]:
    """Where a score leaves doubt, and where it is flagged."""
    score = pl.col(columns.SCORE)
    if policy.refer_between is None:
        return pl.lit(False), score >= policy.threshold
    low, high = policy.refer_between
    return (score >= low) & (score < high), score >= policy.threshold


def _triaged(policy: Triage) -> tuple[pl.Expr, pl.Expr]:
    """The same of a triage policy: whatever is not below or above a threshold leaves doubt."""
    score, nothing = pl.col(columns.SCORE), pl.lit(False)
    low, high = policy.clear_below, policy.flag_above
    # without a score neither is true, so a person gets the case
    cleared = nothing if low is None else (score < low).fill_null(False)
    flagged = nothing if high is None else (score > high).fill_null(False)
    return ~(cleared | flagged), flagged


def suggested(assist_from: float) -> pl.Expr:
    """Where a person gets a case with a suggestion: as ``Triage.route`` has it, for a column."""
    return pl.col(columns.INSIDE) & pl.col(columns.REFERRED) & likely_right(assist_from)


def likely_right(assist_from: float) -> pl.Expr:
    """Where the likelier answer has at least the chance ``assist_from``; never null."""
    score = pl.col(columns.SCORE)
    return (pl.max_horizontal(score, 1.0 - score) >= assist_from).fill_null(False)


def without_decision(cases: pl.DataFrame) -> pl.DataFrame:
    """Adds ``@referred`` and ``@rated`` where no score is thresholded: scope alone refers."""
    if columns.PREDICTED in cases.columns and columns.CERTAINTY not in cases.columns:
        cases = cases.with_columns(pl.lit(None, dtype=pl.Float64).alias(columns.CERTAINTY))
    return cases.with_columns(
        (~pl.col(columns.INSIDE)).alias(columns.REFERRED),
        pl.col(columns.INSIDE).alias(columns.RATED),
    )


def add_calls(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds ``@call:NAME`` for all whom a requirement compares with, or who read in the team."""
    named = {calls.name: calls for calls in product.data.calls}
    for name in product.callers:
        column = named[name].column if name in named else name
        require_levels(cases, column, "which is nobody's call", WORDS)
        if product.task is Task.BINARY:
            calls = named.get(name) or as_truth(cases, product, name)
            call = _declared(cases, calls.column, calls.positive, calls.negative, name)
        elif product.task is Task.MULTICLASS:
            _refuse_nulls(cases, name, name, "give every case a call, or scope it out")
            call = pl.lit(as_class(cases[name]))
        else:
            call = _finite(cases, name)
        cases = cases.with_columns(call.alias(columns.call(name)))
    return cases


def as_class(values: pl.Series) -> pl.Series:
    """Classes as text; 1.0 is 1, since a gap in a table turns whole numbers into others.

    >>> as_class(pl.Series([1.0, 2.0])).to_list()
    ['1', '2']
    """
    if values.dtype.is_float() and (values == values.round()).all():
        values = values.cast(pl.Int64)
    return values.cast(pl.String)


def in_fixed_order(cases: pl.DataFrame, key: str) -> pl.DataFrame:
    """Units and cases shuffled by a hash of ``key`` and their names, whatever the file's order.

    ``key`` is the fingerprint of the table: an order that hung on names alone would be the same
    for every table, and where names follow the values (rows numbered after sorting) such an order
    is no random one. Bets on sequences need a random one.
    """
    # where every case is its own unit, one hash orders both
    alone = cases[columns.UNIT].equals(cases[columns.ID], check_names=False)
    by = (columns.ID,) if alone else (columns.UNIT, columns.ID)
    keys = [stable_hash(cases[name], key).alias(f"@hash:{name}") for name in by]
    names = [key.name for key in keys]
    return cases.with_columns(keys).sort(names).drop(names)


def per_unit(cases: pl.DataFrame) -> pl.DataFrame:
    """One row a unit: positive, flagged or referred if one of its cases is; the highest score.

    Cases out of scope say nothing of a unit that has others, save that it needs a person; cases
    that the scope rejects say nothing at all.
    """
    if columns.REJECTED in cases.columns:
        cases = cases.filter(~pl.col(columns.REJECTED))
    inside = pl.col(columns.INSIDE)
    told = inside | ~inside.any()
    special = {
        columns.POSITIVE: pl.col(columns.POSITIVE).filter(told).any(),
        # of a team's cases every call is known
        columns.FLAGGED: pl.col(columns.FLAGGED).filter(told).any()
        if columns.ARBITRATED in cases.columns
        else _flagged(told),
        columns.SCORE: pl.col(columns.SCORE).filter(told).max(),
        columns.INSIDE: inside.any(),
        columns.RATED: pl.col(columns.RATED).any(),
        columns.REFERRED: pl.col(columns.REFERRED).any(),
    }
    rest = [
        pl.col(name).filter(told).any()
        if name.startswith(columns.call(""))
        else pl.col(name).filter(told).first()
        for name in cases.columns
        if name not in special and name != columns.UNIT
    ]
    known = [expr.alias(name) for name, expr in special.items() if name in cases.columns]
    return cases.group_by(columns.UNIT, maintain_order=True).agg(known + rest)


def _flagged(told: pl.Expr) -> pl.Expr:
    """Whether a unit is flagged: a referral that counts as wrong is wrong of the unit as well."""
    flagged, positive = pl.col(columns.FLAGGED), pl.col(columns.POSITIVE)
    handed = pl.col(columns.REFERRED) & pl.col(columns.RATED)
    wrong = (handed & (flagged != positive)).fill_null(False)
    alone = (flagged & ~wrong).filter(told).any()
    return alone | (wrong.filter(told).any() & ~positive.filter(told).any())


def _binary_truth(cases: pl.DataFrame, product: Product, name: str) -> pl.DataFrame:
    positive = product.data.positive
    assert positive is not None
    negative = product.data.negative
    others = (negative,) if negative is not None else only_other(cases, name, positive)
    call = _declared(cases, name, (positive,), others, "the truth")
    return cases.with_columns(call.alias(columns.POSITIVE))


def _verified_truth(cases: pl.DataFrame, product: Product, name: str) -> pl.DataFrame:
    """The truth where it is known, by the same rules; ``@positive`` is null where it is not."""
    known = _binary_truth(cases.filter(pl.col(name).is_not_null()), product, name)
    told = known.select(columns.ID, columns.POSITIVE)
    return cases.join(told, on=columns.ID, how="left", maintain_order="left")


def only_other(cases: pl.DataFrame, name: str, positive: Level) -> tuple[Level, ...]:
    """The one other value of the truth column; more than one must be declared."""
    is_positive = holds(name, cases.schema[name], positive)
    others = cases.filter(~is_positive)[name].unique().to_list()
    if len(others) > 1:
        one = "one of them" if cases.select(is_positive.any()).item() else "none of them"
        raise BadInput(
            f"the truth column {name!r} has values that were never declared: "
            f"{counts(cases[name])}; `positive: {positive}` names {one}.",
            code="undeclared_truth",
            where=f"column {name}",
            value=[str(value) for value in sorted(map(str, others))],
            next_step="Declare `data: {negative: ...}` and correct or leave out the other rows.",
        )
    return tuple(others)


def as_truth(cases: pl.DataFrame, product: Product, name: str) -> Calls:
    """A column that holds calls in the truth's own words, or as 0 and 1."""
    data = product.data
    assert data.positive is not None
    assert data.truth is not None
    negative = data.negative
    others = (negative,) if negative is not None else only_other(cases, data.truth, data.positive)
    words = Calls(name, name, (data.positive,), others)
    said = cases[name].drop_nulls()
    in_own_words = said.to_frame().select(
        is_in(name, said.dtype, (*words.positive, *words.negative)).all()
    )
    if in_own_words.item():
        return words
    # 0 and 1 say no and yes only where the truth itself does not use them for something else
    truth = cases[data.truth]
    coded = truth.dtype == pl.Boolean or truth.dtype.is_numeric()
    said_01 = said.to_frame().select(is_in(name, said.dtype, (0, 1)).all()).item()
    return Calls(name, name, (1,), (0,)) if said_01 and not coded else words


def _declared(
    cases: pl.DataFrame,
    name: str,
    positive: tuple[Level, ...],
    negative: tuple[Level, ...],
    whose: str,
) -> pl.Expr:
    """True where positive, False where negative; anything else is an error with its counts."""
    dtype = cases.schema[name]
    yes, no = is_in(name, dtype, positive), is_in(name, dtype, negative)
    stray = cases.filter(~yes & ~no)
    if stray.height:
        raise BadInput(
            f"{stray.height} of {cases.height} cases have a value of {name!r} ({whose}) that was "
            f"never declared: {counts(stray[name])}.",
            code="undeclared_value",
            where=f"column {name}",
            value=[str(value) for value in stray[name].unique().to_list()[:EXAMPLES]],
            next_step="Declare what it counts as (positive or negative), or correct those rows.",
        )
    return yes


def _finite(cases: pl.DataFrame, name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Float64, strict=False)
    bad = cases.filter(number.is_null() | ~number.is_finite())
    if bad.height:
        raise BadInput(
            f"{bad.height} of {cases.height} values of {name!r} are not finite numbers; "
            f"the first is {bad[name][0]!r} in case {bad[columns.ID][0]}.",
            code="not_a_number",
            where=f"column {name}",
            value=str(bad[name][0]),
            next_step="Correct or leave out those rows.",
        )
    return number


def _refuse_nulls(cases: pl.DataFrame, name: str, shown: str, next_step: str) -> None:
    missing = cases[name].is_null().sum()
    if missing:
        row = cases[name].is_null().arg_max() or 0
        raise BadInput(
            f"{missing} of {cases.height} rows have no value in {shown!r}; the first is row "
            f"{row + 1}.",
            code="missing_value",
            where=f"column {shown}",
            value=None,
            next_step=next_step[0].upper() + next_step[1:] + ".",
        )


def _refuse_duplicates(cases: pl.DataFrame, shown: str) -> None:
    twice = cases.filter(pl.col(columns.ID).is_duplicated())[columns.ID]
    if twice.len():
        names = twice.unique(maintain_order=True).to_list()
        raise BadInput(
            f"{len(names)} ids in {shown!r} stand on more than one row: "
            f"{', '.join(names[:EXAMPLES])}.",
            code="duplicate_id",
            where=f"column {shown}",
            value=names[0],
            next_step="Give every case one row; use `unit:` for cases that belong together.",
        )
