"""Which cases train, select, certify and judge: decided once, by what the cases are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Data, Product, SetName, Split, Task
from roadworthy.io.canonical import texts
from roadworthy.io.levels import counts, is_level
from roadworthy.io.stable_hash import stable_hash
from roadworthy.io.tables import require_columns

_ISO = (
    r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z?)?)?$"
)
_EXAMPLES = 3


def assign(frame: pl.DataFrame, product: Product) -> pl.Series:
    """The name of every row's set, in the order of the rows (String, named ``set``).

    A unit of independence is never parted. Which set a unit falls into depends on the seed, its
    name and the names and truths of the others; never on the order of the rows. Without a unit or
    an id, a row is known by its values, scores and calls aside.

    Raises:
        BadInput: the split cannot be made as asked, a set is empty, or no positive is sealed.
        ValueError: the product declares no split.
    """
    split = product.data.split
    if split is None:
        raise ValueError("the product declares no split: all its cases are open")
    _require(frame, product, split)
    units = _units(frame, product.data)
    _refuse_missing(units, product, "unit")
    if split.column is not None:
        found = _by_column(frame[split.column], units, product)
    elif split.leave_out is not None:
        found = _leave_out(frame, units, product, split)
    else:
        found = _by_units(frame, units, product, split)
    _check_sets(frame, found, product, split)
    return found


def _require(frame: pl.DataFrame, product: Product, split: Split) -> None:
    data = product.data
    named = (data.truth, data.unit or data.id, split.column, split.by, split.leave_out)
    require_columns(frame, [name for name in named if name is not None], _where(product))


def _where(product: Product) -> str:
    return f"{product.file.name}: data.split"


def _bad(product: Product, message: str, next_step: str, value: object = None) -> BadInput:
    return BadInput(message, code="split", where=_where(product), value=value, next_step=next_step)


def _units(frame: pl.DataFrame, data: Data) -> pl.Series:
    name = data.unit or data.id or (columns.ID if columns.ID in frame.columns else None)
    if name is not None:
        return _as_text(frame[name]).alias("unit")
    # a score that is added later must not move a case into another set
    outputs = {data.score, data.prediction, *(calls.column for calls in data.calls)}
    rows = texts(frame.select(c for c in frame.columns if c not in outputs))
    # identical rows are interchangeable, and still cases of their own
    nth = pl.DataFrame({"row": rows}).select(pl.int_range(pl.len()).over("row")).to_series()
    return (rows + "#" + nth.cast(pl.String)).alias("unit")


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        # whole numbers become floats where one is missing: 7.0 names the same unit as 7
        whole = column.cast(pl.Int64, strict=False)
        if bool(((whole.cast(column.dtype) == column) | column.is_null()).all()):
            return whole.cast(pl.String)
    return column.cast(pl.String)


def _refuse_missing(column: pl.Series, product: Product, what: str) -> None:
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan().fill_null(False)
    if missing.any():
        rows = ", ".join(str(row + 1) for row in missing.arg_true().head(_EXAMPLES))
        raise _bad(
            product,
            f"{missing.sum()} cases have no {what} (rows {rows}).",
            f"Fill in the {what}, or leave these cases out of the table.",
            value=None,
        )


def _by_units(frame: pl.DataFrame, units: pl.Series, product: Product, split: Split) -> pl.Series:
    if split.by is not None:
        parted = _in_time(_dates(frame[split.by], product), units, split)
    else:
        parted = at_random(_strata(frame, product), units, split)
    return _to_rows(units, parted)


def _to_rows(units: pl.Series, parted: pl.DataFrame) -> pl.Series:
    rows = pl.DataFrame({"unit": units})
    return rows.join(parted, on="unit", how="left", maintain_order="left").get_column("set")


def _strata(frame: pl.DataFrame, product: Product) -> pl.Series:
    """What the shares are kept of: positives and negatives, the classes, or nothing."""
    if product.data.truth is None or product.task is Task.REGRESSION:
        return pl.repeat(0, frame.height, eager=True)
    truth = frame[product.data.truth]
    if product.task is Task.MULTICLASS:
        return truth.cast(pl.String)
    return _positive(truth, product).cast(pl.Int64).set(truth.is_null(), -1)


def _positive(truth: pl.Series, product: Product) -> pl.Series:
    level = product.data.positive
    if level is None:
        raise _bad(product, "Nothing says which truth is positive.", "Add `data.positive`.")
    return is_level(truth, level)


def at_random(strata: pl.Series, units: pl.Series, split: Split) -> pl.DataFrame:
    """Units ranked by a keyed hash of their name, and cut by the fractions in each stratum."""
    per_unit = pl.DataFrame({"unit": units, "stratum": strata})
    named = per_unit.group_by("unit").agg(pl.col("stratum").max())
    ranked = named.with_columns(rank=_ranks(named["unit"], split.seed)).sort(
        "stratum", "rank", "unit", descending=[True, False, False], nulls_last=True
    )
    sizes = ranked.group_by("stratum", maintain_order=True).len()["len"].to_list()
    names = [name.value for name in _ordered(split.fractions)]
    shares = np.array([split.fractions[name] for name in _ordered(split.fractions)])
    cut = np.concatenate([np.repeat(names, row) for row in _sizes(sizes, shares)])
    return ranked.select("unit", set=pl.Series(cut.tolist(), dtype=pl.String))


def _ordered(fractions: Mapping[SetName, float]) -> list[SetName]:
    return [name for name in SetName if name in fractions]


def _sizes(strata: Sequence[int], shares: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """How many units of each stratum go to each set: within one of its share, in sum and in each.

    Largest remainder; what rounding took from a set in one stratum is given back in the next, so
    that many small strata do not leave a set empty.
    """
    owed = np.zeros(len(shares))
    found = []
    for size in strata:
        quota = np.round(size * shares, 9)
        row = np.floor(quota).astype(np.int64)
        rest = quota - row
        # a set whose share is whole here takes nothing more
        claims = np.where(rest > 0, np.round(rest + owed, 9), -np.inf)
        first = np.lexsort((-rest, -claims))[: size - int(row.sum())]
        row[first] += 1
        owed = owed + quota - row
        found.append(row)
    return found


def _ranks(names: pl.Series, seed: int) -> pl.Series:
    return stable_hash(names, str(seed)).alias("rank")


def _dates(column: pl.Series, product: Product) -> pl.Series:
    _refuse_missing(column, product, f"date in `{column.name}`")
    if column.dtype == pl.String:
        wrong = column.filter(~column.str.contains(_ISO))
        if len(wrong):
            raise _bad(
                product,
                f"`{column.name}` holds '{wrong[0]}', which is no ISO date.",
                "Write dates as 2024-03-31, or times as 2024-03-31T10:30.",
                value=wrong[0],
            )
        return column.str.replace(" ", "T", literal=True)
    if column.dtype.is_temporal() or column.dtype.is_numeric():
        return column
    raise _bad(
        product,
        f"`{column.name}` holds {column.dtype}, which has no order in time.",
        "Name a column with dates.",
        value=str(column.dtype),
    )


def _in_time(dates: pl.Series, units: pl.Series, split: Split) -> pl.DataFrame:
    """Units by the date of their newest case; units of one date stay together."""
    newest = pl.DataFrame({"unit": units, "date": dates}).group_by("unit").agg(pl.col("date").max())
    days = newest.group_by("date").len().sort("date")
    upto = days["len"].cum_sum().to_numpy()
    middle = upto - days["len"].to_numpy() / 2
    names = _ordered(split.fractions)
    cuts = np.cumsum([split.fractions[name] for name in names])[:-1] * upto[-1]
    place = np.searchsorted(np.round(cuts, 9), middle, side="right")
    told = pl.Series([names[at].value for at in place], dtype=pl.String)
    return newest.join(days.select("date", set=told), on="date").select("unit", "set")


def _by_column(column: pl.Series, units: pl.Series, product: Product) -> pl.Series:
    names = [name.value for name in SetName]
    found = column.cast(pl.String).alias("set")
    others = column.filter(~found.is_in(names).fill_null(False))
    if len(others):
        raise _bad(
            product,
            f"`{column.name}` holds other words than the sets': {counts(others)}.",
            f"Write {', '.join(names)}.",
            value=others[0],
        )
    _refuse_parted(units, found, product, "two sets")
    return found


def _refuse_parted(units: pl.Series, sets: pl.Series, product: Product, between: str) -> None:
    many = pl.DataFrame({"unit": units, "set": sets}).group_by("unit").agg(pl.col("set").n_unique())
    parted = many.filter(pl.col("set") > 1)["unit"].sort()
    if len(parted):
        examples = ", ".join(f"'{unit}'" for unit in parted.head(_EXAMPLES))
        raise _bad(
            product,
            f"{len(parted)} units have cases in {between}: {examples}.",
            "Cases of one unit are alike: put all of them into one set.",
            value=parted[0],
        )


def _leave_out(frame: pl.DataFrame, units: pl.Series, product: Product, split: Split) -> pl.Series:
    column = frame[str(split.leave_out)]
    _refuse_missing(column, product, f"`{column.name}`")
    sealed = _sealed(column, product, split)
    _refuse_parted(units, sealed.cast(pl.String), product, "sealed and in open levels")
    rest = ~sealed
    strata = _strata(frame, product)
    parted = at_random(strata.filter(rest), units.filter(rest), split)
    return _to_rows(units, parted).set(sealed, SetName.SEALED.value)


def _sealed(column: pl.Series, product: Product, split: Split) -> pl.Series:
    levels = column.unique().sort()
    if len(levels) < 2:
        raise _bad(
            product,
            f"`{column.name}` has one level only: {counts(column)}.",
            "Leaving a level out needs at least two.",
            value=levels[0],
        )
    if not split.sealed_levels:
        chosen = _ranks(_as_text(levels), split.seed).arg_min()
        return column.is_in(levels.slice(chosen or 0, 1).implode())
    found = pl.repeat(False, len(column), dtype=pl.Boolean, eager=True)
    for level in split.sealed_levels:
        rows = is_level(column, level)
        if not rows.any():
            shown = f"'{level}'" if isinstance(level, str) else str(level)
            message = f"`{column.name}` has no level {shown}; it has {counts(column)}."
            raise _bad(product, message, "Name one of these.", value=level)
        found = found | rows
    if found.all():
        message = f"All levels of `{column.name}` are sealed: {counts(column)}."
        raise _bad(product, message, "Leave at least one open.", value=split.sealed_levels)
    return found


def _check_sets(frame: pl.DataFrame, sets: pl.Series, product: Product, split: Split) -> None:
    asked = _ordered(split.fractions) if split.column is None else []
    for name in asked:
        if not (sets == name.value).any():
            raise _bad(
                product,
                f"The set `{name.value}` is empty: {counts(sets)}.",
                "Add cases, give it a larger share, or remove it.",
                value=0,
            )
    if product.task is Task.BINARY and product.data.truth is not None:
        _check_positives(frame[product.data.truth], sets == SetName.SEALED.value, product)


def _check_positives(truth: pl.Series, sealed: pl.Series, product: Product) -> None:
    positive = _positive(truth, product)
    if sealed.any() and not (positive & sealed).any():
        raise _bad(
            product,
            f"None of the {sealed.sum()} sealed cases is positive; in all, {positive.sum()} of "
            f"{len(truth)} are ({truth.name}: {counts(truth)}).",
            "Seal more cases, others, or check `data.positive`: nothing is judged without them.",
            value=0,
        )
