"""The long table of a reader study: one row a reading, and a design that is checked to the cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.io import tables
from roadworthy.io.row_sums import rows_fingerprint

CONDITIONS = ("without", "with")
REQUIRED = ("reader", "case", "condition", "session", "truth")
OPTIONAL = ("call", "score", "date")
SHOWN = 5
# cases that most readers met first with marks are no crossover: the second reading knows them
BALANCED = (0.4, 0.6)

_YES = {"1", "true", "yes", "positive", "pos", "1.0"}
_NO = {"0", "false", "no", "negative", "neg", "0.0"}


@dataclass(frozen=True)
class Readings:
    """A complete crossover: every reader read every case once in each condition.

    ``calls`` (bool) and ``scores`` (float) have shape (2, readers, cases), without marks first;
    None where the table has none. ``positive`` has shape (cases,). ``first`` is the share of
    readings whose case was met with marks first, ``days`` the shortest washout that was recorded.
    """

    readers: tuple[str, ...]
    cases: tuple[str, ...]
    positive: NDArray[np.bool_]
    calls: NDArray[np.bool_] | None
    scores: NDArray[np.float64] | None
    first: float
    days: int | None
    fingerprint: str


def read_readings(path: Path, positive: str | None = None, washout_days: int = 28) -> Readings:
    """The readings in ``path``.

    ``positive`` is the value of the column truth that counts as positive (by default 1, true, yes
    or positive). Between both readings of a case by one reader there must be ``washout_days``
    where dates are recorded.

    Raises:
        BadInput: a column or a reading is missing, doubled or unreadable, or the design is no
            crossover; ``value`` names it.
    """
    frame = tables.collect(tables.scan_table(path, ("reader", "case")), str(path))
    where = path.name
    tables.require_columns(frame, REQUIRED, where)
    if not {"call", "score"} & set(frame.columns):
        raise _bad(
            where,
            "no_reading",
            "has neither a column `call` nor a column `score`.",
            None,
            "Add what each reader said: call (1 or 0), score, or both.",
        )
    _refuse_gaps(frame, where)
    told = frame.with_columns(
        _words(frame, "condition", where), _truth(frame, positive, where).alias("truth")
    )
    _refuse_doubled(told, where)
    readers, cases = _names(told, "reader"), _names(told, "case")
    if len(readers) < 2:
        raise _bad(
            where,
            "one_reader",
            "holds one reader, and no study of several is made of one.",
            readers[0],
            "Add the readings of the other readers.",
        )
    truth = _truth_by_case(told, where)
    _refuse_missing(told, readers, cases, where)
    first, days = _order(told, washout_days, where)
    ordered = told.sort(
        pl.col("condition").replace_strict({"without": 0, "with": 1}), "reader", "case"
    )
    shape = (2, len(readers), len(cases))
    return Readings(
        readers=readers,
        cases=cases,
        positive=truth,
        calls=_calls(ordered, where).reshape(shape) if "call" in told.columns else None,
        scores=_scores(ordered, where).reshape(shape) if "score" in told.columns else None,
        first=first,
        days=days,
        fingerprint=rows_fingerprint([frame], frame.schema),
    )


def _bad(where: str, code: str, message: str, value: Any, next_step: str) -> BadInput:
    return BadInput(
        f"the table {message}", code=code, where=where, value=value, next_step=next_step
    )


def _refuse_gaps(frame: pl.DataFrame, where: str) -> None:
    for name in (*REQUIRED, *OPTIONAL):
        if name not in frame.columns or not frame[name].null_count():
            continue
        row = int(frame[name].is_null().arg_max() or 0) + 1
        raise _bad(
            where,
            "missing_value",
            f"has {frame[name].null_count()} readings without a {name}; the first is row {row}.",
            None,
            "Fill them in; a reading that was not made cannot be left out of a crossover.",
        )


def _words(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    said = frame[name].cast(pl.String).str.strip_chars().str.to_lowercase()
    stray = said.filter(~said.is_in(CONDITIONS))
    if stray.len():
        raise _bad(
            where,
            "unknown_condition",
            f"says {stray[0]!r} in the column condition.",
            stray[0],
            "Write `with` or `without` (the product's marks).",
        )
    return pl.lit(said).alias(name)


def _truth(frame: pl.DataFrame, positive: str | None, where: str) -> pl.Series:
    if positive is None:
        return _yes_no(frame["truth"], "truth", where, "Name its value: `--positive VALUE`.")
    said = frame["truth"].cast(pl.String).str.strip_chars()
    found = said == positive
    if not found.any():
        raise _bad(
            where,
            "undeclared_truth",
            f"has no truth {positive!r}.",
            positive,
            f"Its values: {', '.join(map(str, said.unique().sort()[:SHOWN].to_list()))}.",
        )
    if said.n_unique() > 2:
        raise _bad(
            where,
            "undeclared_truth",
            f"has {said.n_unique()} values of truth, and a study needs two.",
            said.unique().sort().to_list()[:SHOWN],
            "Correct or leave out the other rows.",
        )
    return found


def _yes_no(values: pl.Series, name: str, where: str, next_step: str) -> pl.Series:
    said = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    stray = said.filter(~said.is_in([*_YES, *_NO]))
    if stray.len():
        raise _bad(
            where,
            "undeclared_value",
            f"says {stray[0]!r} in the column {name}, which is neither yes nor no.",
            stray[0],
            next_step,
        )
    return said.is_in(list(_YES))


def _names(frame: pl.DataFrame, column: str) -> tuple[str, ...]:
    return tuple(frame[column].unique().sort().to_list())


def _refuse_doubled(frame: pl.DataFrame, where: str) -> None:
    cell = ["reader", "case", "condition"]
    twice = frame.filter(pl.struct(cell).is_duplicated()).select(cell).unique(maintain_order=True)
    if twice.height:
        raise _bad(
            where,
            "duplicate_reading",
            f"holds readings more than once: {_cells(twice)}.",
            list(twice.row(0)),
            "Keep the reading that counts; the protocol says which.",
        )


def _cells(frame: pl.DataFrame) -> str:
    shown = [f"reader {r}, case {c}, {how} marks" for r, c, how in frame.head(SHOWN).rows()]
    return "; ".join(shown) + (f"; and {frame.height - SHOWN} more" if frame.height > SHOWN else "")


def _truth_by_case(frame: pl.DataFrame, where: str) -> NDArray[np.bool_]:
    by_case = frame.group_by("case").agg(
        pl.col("truth").first(), pl.col("truth").n_unique().alias("kinds")
    )
    torn = by_case.filter(pl.col("kinds") > 1)
    if torn.height:
        raise _bad(
            where,
            "two_truths",
            f"gives case {torn['case'][0]} two truths.",
            torn["case"][0],
            "A case has one truth, whoever reads it.",
        )
    truth = by_case.sort("case")["truth"]
    if truth.all() or not truth.any():
        which = "positive" if truth.all() else "negative"
        raise _bad(
            where,
            "one_class",
            f"holds {which} cases only.",
            which,
            "A reader study needs positives and negatives.",
        )
    return truth.to_numpy()


def _refuse_missing(
    frame: pl.DataFrame, readers: tuple[str, ...], cases: tuple[str, ...], where: str
) -> None:
    full = (
        pl.DataFrame({"reader": readers})
        .join(pl.DataFrame({"case": cases}), how="cross")
        .join(pl.DataFrame({"condition": CONDITIONS}), how="cross")
    )
    missing = full.join(
        frame, on=["reader", "case", "condition"], how="anti", maintain_order="left"
    )
    if missing.height:
        raise _bad(
            where,
            "missing_reading",
            f"lacks {missing.height} of {full.height} readings: {_cells(missing)}.",
            list(missing.row(0)),
            "Every reader reads every case with and without marks; leave out a case or a "
            "reader altogether, as the protocol says.",
        )


def _order(frame: pl.DataFrame, washout_days: int, where: str) -> tuple[float, int | None]:
    """The share of cases met with marks first, and the shortest recorded washout in days."""
    if not frame.schema["session"].is_numeric():
        raise _bad(
            where,
            "not_a_number",
            "has sessions that are no numbers, and their order matters.",
            str(frame["session"][0]),
            "Number them in the order in which they took place: 1, 2.",
        )
    wanted = ["session", *(["date"] if "date" in frame.columns else [])]
    cell = ["reader", "case"]
    sides = [frame.filter(pl.col("condition") == how).select(cell + wanted) for how in CONDITIONS]
    both = sides[0].join(sides[1], on=cell, suffix="@with")
    same = both.filter(pl.col("session") == pl.col("session@with"))
    if same.height:
        raise _bad(
            where,
            "no_washout",
            f"has {same.height} cases that a reader read with and without marks in one "
            f"session: reader {same['reader'][0]}, case {same['case'][0]}.",
            list(same.select(cell).row(0)),
            "A crossover has two sessions with weeks between them: see `reader-study plan`.",
        )
    days = _washout(both, washout_days, where) if "date" in frame.columns else None
    first = int((both["session@with"] < both["session"]).sum()) / both.height
    if not BALANCED[0] <= first <= BALANCED[1]:
        raise _bad(
            where,
            "unbalanced_order",
            f"has {first:.0%} of its cases read with marks first: what a second reading "
            "gains, or tires, cannot be told from what the marks do.",
            first,
            "Half of the cases must be read with marks first: see `reader-study plan --schedule`.",
        )
    return first, days


def _washout(both: pl.DataFrame, least: int, where: str) -> int:
    try:
        dates = [
            both[name].cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d")
            for name in ("date", "date@with")
        ]
    except pl.exceptions.PolarsError as error:
        raise _bad(
            where,
            "not_a_date",
            "has dates that cannot be read.",
            str(both["date"][0]),
            "Write them as 2026-11-25.",
        ) from error
    gap = (dates[1] - dates[0]).dt.total_days().abs()
    shortest = int(gap.min() or 0)  # type: ignore[arg-type]
    if shortest < least:
        row = int(gap.arg_min() or 0)
        raise _bad(
            where,
            "no_washout",
            f"has {shortest} days between both readings of case {both['case'][row]} by "
            f"reader {both['reader'][row]}, and the washout is {least}.",
            shortest,
            "Leave that case out, or declare the washout of the protocol: --washout-days.",
        )
    return shortest


def _calls(frame: pl.DataFrame, where: str) -> NDArray[np.bool_]:
    return _yes_no(frame["call"], "call", where, "Write calls as 1 and 0.").to_numpy()


def _scores(frame: pl.DataFrame, where: str) -> NDArray[np.float64]:
    score = frame["score"]
    if not score.dtype.is_numeric() or not score.cast(pl.Float64).is_finite().all():
        raise _bad(
            where,
            "bad_score",
            "has scores that are not finite numbers.",
            str(score.dtype),
            "Write how sure a reader was as a number, such as 0 to 100.",
        )
    return score.cast(pl.Float64).to_numpy()
