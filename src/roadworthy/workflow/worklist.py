"""worklist: the cases that go to people, the most at stake first, and no audit to be told apart.

A reader who knows that the product cleared a case reads it differently, and an audit read so
proves little. So each audited case stands beside one that was referred for its score, whichever a
hash of its id names, says the same of itself, and shows neither route nor score unless somebody
asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import decided
from roadworthy.core.decided import AUDIT, PLACE, WHY
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import AUDIT_SAMPLE
from roadworthy.core.scope import LEARNED, Ground
from roadworthy.core.shown import Shown
from roadworthy.core.worklist import GENERAL
from roadworthy.io import tables
from roadworthy.io.decision_words import ALIKE, BY_A_PERSON, why
from roadworthy.io.decisions_read import Record, one_of, read_decisions
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.stable_hash import stable_hash
from roadworthy.io.whole_file import require_writable, whole_file

KINDS = (".csv", ".parquet")
EXAMPLE = "worklist.csv"
UNBLINDED = (
    *(decided.POLICY_ROUTE, decided.REASON, decided.SCORE, decided.PROBABILITY, decided.MARKS),
    *(decided.PROBABILITY_LOW, decided.PROBABILITY_HIGH, decided.ENTROPY),
    *(decided.MUTUAL_INFORMATION, decided.COST_CLEAR, decided.COST_FLAG, decided.COST_REFER),
)
"""What tells an audited case from the others."""
_RISK, _AT, _TIE = "@risk", "@at", "@tie"
_STAKES = {
    decided.COST_CLEAR: "what it is expected to cost if nobody reads it",
    decided.PROBABILITY: "probability",
    decided.SCORE: "score",
}


@dataclass(frozen=True)
class ReadingList(Shown):
    """The cases of ``source`` that go to people (to ``queue`` alone, None: to all), in order.

    ``table`` has one row a case: ``place`` (from 1), ``id``, ``queue``, ``why``, what queue rules
    read, and, unless it is ``blinded``, scores, routes and which case is an audit. ``queues``
    counts every queue's cases, ``unknown`` those whose risk is not known, ``ranked_by`` says what
    the others are ordered by. ``out`` is the file that was written, None: none was.
    """

    product: str
    source: str
    queue: str | None
    queues: Mapping[str, int]
    ranked_by: str
    unknown: int
    blinded: bool
    table: pl.DataFrame = field(repr=False, compare=False)
    out: Path | None = None

    @property
    def cases(self) -> int:
        """How many cases are listed."""
        return self.table.height

    @property
    def headline(self) -> str:
        """The list in one line."""
        told = ", ".join(f"{name} {count:,}" for name, count in self.queues.items())
        return f"{self.product}: {self.cases:,} to read ({told})" if told else self.nobody

    @property
    def nobody(self) -> str:
        """What is said when the list is empty."""
        return f"{self.product}: no case waits for a person"

    def __repr__(self) -> str:
        return f"<ReadingList of {self.headline}>"


def worklist(
    decisions: object,
    queue: str | None = None,
    out: str | Path | None = None,
    unblind: bool = False,
) -> ReadingList:
    """What goes to people, ranked: the cases with most at stake first.

    ``decisions`` is what `decide` wrote (a path), or its table (a frame). Cases are ordered by what
    leaving them unread is expected to cost, else by probability, else by score; where the risk is
    not known (out of scope, no score) a case stands where one of average risk does. ``unblind``
    shows which cases are audits, which their readers must not know. ``out`` names a CSV or Parquet
    file, None: nothing is written.

    Raises:
        BadInput: these are no decisions, there is no such queue, or ``out`` cannot be written.
    """
    record = read_decisions(getattr(decisions, "table", decisions))
    target = None if out is None else Path(out)
    if target is not None:
        read = () if record.path is None else (record.path,)
        require_writable(target, KINDS, read, EXAMPLE, "the list")
    waiting = tables.collect(record.rows.filter(pl.col(decided.QUEUE).is_not_null()), record.source)
    queues = dict(waiting[decided.QUEUE].value_counts(name="#").sort(_by_size()).rows())
    if queue is not None:
        _require_queue(queue, queues, record.source)
        waiting = waiting.filter(pl.col(decided.QUEUE) == queue)
    stake = _stake(waiting)
    ranked = _ranked(waiting, stake)
    found = ReadingList(
        product=_product(record),
        source=record.source,
        queue=queue,
        queues=queues,
        ranked_by=_told(stake, record.cost_unit),
        unknown=int(ranked[_RISK].is_null().sum()),
        blinded=not unblind,
        table=ranked.select(_shown(record, ranked.columns, unblind)),
    )
    if target is None:
        return found
    with whole_file(target, EXAMPLE) as path:
        if target.suffix.lower() == ".csv":
            found.table.write_csv(path)
        else:
            found.table.write_parquet(path)
    return replace(found, out=target)


def _by_size() -> list[pl.Expr]:
    return [-pl.col("#").cast(pl.Int64), pl.col(decided.QUEUE)]


def _require_queue(queue: str, queues: Mapping[str, int], source: str) -> None:
    if queue in queues or queue == GENERAL:
        return
    raise BadInput(
        f"no case waits in a queue '{queue}'.",
        code="no_queue",
        where=source,
        value=queue,
        next_step=did_you_mean(queue, queues, "queues with cases"),
    )


def _told(stake: str, unit: str) -> str:
    told = _STAKES[stake]
    return f"{told} ({unit})" if unit and stake == decided.COST_CLEAR else told


def _product(record: Record) -> str:
    names = tables.collect(record.rows.select(pl.col(decided.PRODUCT).unique()), record.source)
    return one_of(names[decided.PRODUCT].to_list(), "several products")


def _stake(waiting: pl.DataFrame) -> str:
    """What the cases are ordered by: the first that is known of any of them."""
    return next((n for n in _STAKES if waiting[n].is_finite().any()), decided.SCORE)


def _ranked(waiting: pl.DataFrame, stake: str) -> pl.DataFrame:
    """The cases in order, with ``@risk`` (null: not known); audits at places drawn by a hash.

    What stands in the way of a score makes its risk unknown, even if a model answered.
    """
    strange = pl.col(decided.REASON).str.starts_with(str(Ground.SCOPE)) | (
        pl.col(decided.REASON).str.starts_with(str(Ground.MISSING))
        | (pl.col(decided.REASON) == LEARNED)
    )
    audit = pl.col(decided.REASON) == AUDIT_SAMPLE
    known = pl.col(stake).is_finite().fill_null(False) & ~strange
    risk = pl.when(known).then(pl.col(stake))
    cases = waiting.with_columns(
        risk.alias(_RISK),
        audit.alias(AUDIT),
        stable_hash(waiting[decided.ID], "place").alias(_TIE),
    )
    others, audits = cases.filter(~pl.col(AUDIT)), cases.filter(pl.col(AUDIT))
    average = others[_RISK].mean()
    placed = others.sort(
        -pl.col(_RISK).fill_null(average if isinstance(average, float) else 0.0), _TIE
    ).with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias(_AT))
    beside = placed.filter(pl.col(decided.REASON).is_in(list(ALIKE)))[_AT].to_numpy()
    return pl.concat([placed, audits.with_columns(_beside(audits[_TIE], beside))]).sort(_AT, _TIE)


def _beside(drawn: pl.Series, places: NDArray[np.float64]) -> pl.Series:
    """A place just before or after one of ``places``, whichever the hashes ``drawn`` name."""
    if len(places) == 0:
        return pl.Series(_AT, drawn.cast(pl.Float64) / 2.0**64)
    half = drawn.to_numpy() >> np.uint64(1)
    side = np.where(drawn.to_numpy() % np.uint64(2) == 0, -0.25, 0.25)
    return pl.Series(_AT, places[(half % np.uint64(len(places))).astype(np.int64)] + side)


def _shown(record: Record, present: list[str], unblind: bool) -> list[pl.Expr]:
    named = [decided.ID, *([decided.UNIT] if decided.UNIT in present else []), decided.QUEUE]
    told = pl.struct(decided.REASON, decided.SCOPE_REASONS)
    words = told.map_batches(lambda rows: _words(rows, not unblind), return_dtype=pl.String)
    if not unblind:
        # where no case was referred for its score, the reasons of the others would tell the audits
        alone = pl.col(AUDIT).any() & ~pl.col(decided.REASON).is_in(list(ALIKE)).any()
        words = pl.when(alone).then(pl.lit(BY_A_PERSON)).otherwise(words)
    known = [name for name in UNBLINDED if name in present]
    more = [pl.col(name) for name in (AUDIT, *known)] if unblind else []
    return [
        pl.int_range(1, pl.len() + 1).alias(PLACE),
        *map(pl.col, named),
        words.alias(WHY),
        *map(pl.col, record.extra),
        pl.col(decided.DECIDED_AT),
        *more,
    ]


def _words(rows: pl.Series, blinded: bool) -> pl.Series:
    told: dict[tuple[str, str], str] = {}
    found = []
    for row in rows.to_list():
        key = (row[decided.REASON], row[decided.SCOPE_REASONS] or "")
        if key not in told:
            told[key] = why(*key, blinded)
        found.append(told[key])
    return pl.Series(found, dtype=pl.String)
