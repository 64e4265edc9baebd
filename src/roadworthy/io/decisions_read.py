"""The record that `roadworthy decide` kept, read again: by those who list, report and judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import decided
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import AUDIT_SAMPLE, Route
from roadworthy.io import tables

FRAME = "the decisions"
_NUMBERS = (
    *(decided.SCORE, decided.PROBABILITY, decided.PROBABILITY_LOW, decided.PROBABILITY_HIGH),
    *(decided.ENTROPY, decided.MUTUAL_INFORMATION, decided.AUDIT_PROBABILITY),
    *(decided.CLEAR_BELOW, decided.FLAG_ABOVE),
    *(decided.COST_CLEAR, decided.COST_FLAG, decided.COST_REFER),
)
_TOLD_OF_ALL = (decided.ID, decided.ROUTE, decided.POLICY_ROUTE, decided.REASON)


@dataclass(frozen=True)
class Record:
    """The decisions of ``source``, not held in memory, and what is known of all of them.

    ``path`` is the file that is read (None: a frame was handed over); ``guarantee`` is what is
    certified of cleared cases (empty: the record does not say); ``extra`` are the columns that
    queue rules read.
    """

    rows: pl.LazyFrame
    source: str
    path: Path | None
    purpose: str = ""
    cost_unit: str = ""
    guarantee: str = ""
    extra: tuple[str, ...] = ()


def read_decisions(found: object) -> Record:
    """What `decide` wrote to a Parquet or CSV file, or a frame with the same columns.

    Reasons of scope are texts parted by blanks, whatever the file.

    Raises:
        BadInput: it is no table of decisions; the columns that are missing are named.
    """
    path = Path(found) if isinstance(found, str | Path) else None
    source = FRAME if path is None else str(path)
    as_text = (decided.ID, decided.UNIT)
    rows = tables.from_frame(found, FRAME) if path is None else tables.scan_table(path, as_text)
    schema = rows.collect_schema()
    _require_columns(schema, source)
    rows = rows.with_columns(_plain(schema))
    _require_routes(rows, source)
    _require_one_each(rows, source)
    told = _metadata(path)
    return Record(
        rows,
        source,
        path,
        purpose=told.get("roadworthy.purpose", ""),
        cost_unit=told.get("roadworthy.cost_unit", ""),
        guarantee=told.get("roadworthy.guarantee", ""),
        extra=tuple(n for n in schema.names() if n not in (*decided.COLUMNS, *decided.READING)),
    )


def _require_columns(schema: pl.Schema, source: str) -> None:
    wanted = [name for name in decided.COLUMNS if name not in decided.OPTIONAL]
    missing = [name for name in wanted if name not in schema]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise BadInput(
            f"this is no table of decisions: it has no column {', '.join(missing[:5])}{more}.",
            code="no_decisions",
            where=source,
            value=missing,
            next_step="Name the file that `roadworthy decide FILE --out decisions.parquet` wrote.",
        )


def _plain(schema: pl.Schema) -> list[pl.Expr]:
    """Columns as one kind each, also where a CSV file told less than Parquet does."""
    found = [pl.col(name).cast(pl.Float64, strict=False) for name in _NUMBERS]
    texts = [name for name in decided.COLUMNS if name in schema]
    texts = [n for n in texts if n not in (*_NUMBERS, decided.SCOPE_REASONS, decided.DECIDED_AT)]
    found += [pl.col(name).cast(pl.String) for name in texts]
    reasons = pl.col(decided.SCOPE_REASONS)
    listed = isinstance(schema[decided.SCOPE_REASONS], pl.List)
    found.append(reasons.list.join(" ") if listed else reasons.cast(pl.String).fill_null(""))
    at = pl.col(decided.DECIDED_AT)
    if schema[decided.DECIDED_AT] == pl.String:
        at = at.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    found.append(at.cast(pl.Datetime("us", "UTC"), strict=False))
    return found


def _require_routes(rows: pl.LazyFrame, source: str) -> None:
    words = [str(route) for route in Route]
    strange = pl.any_horizontal(pl.col(name).is_null() for name in _TOLD_OF_ALL)
    strange = strange | ~pl.col(decided.ROUTE).is_in(words).fill_null(False)
    alone = pl.col(decided.POLICY_ROUTE) == str(Route.CLEAR)
    # nobody saw the case: then the policy let it go, and no audit drew it
    alone = alone & (pl.col(decided.REASON) != AUDIT_SAMPLE)
    strange = strange | ((pl.col(decided.ROUTE) == str(Route.CLEAR)) & ~alone)
    bad = tables.collect(rows.filter(strange).select(_TOLD_OF_ALL).head(1), source)
    if bad.height:
        case, route = bad[decided.ID][0], bad[decided.ROUTE][0]
        beside = f"{bad[decided.POLICY_ROUTE][0]!r} by the policy, {bad[decided.REASON][0]!r}"
        raise BadInput(
            f"the record of case {case!r} is damaged: its route is {route!r} ({beside}).",
            code="damaged_decisions",
            where=source,
            value=route,
            next_step=f"A record has an id, a reason and a route ({', '.join(words)}): restore the "
            "file, or run `roadworthy decide` again.",
        )


def _require_one_each(rows: pl.LazyFrame, source: str) -> None:
    """Two records of one case may say two things of it, and a report could keep only one."""
    twice = rows.group_by(decided.ID).len().filter(pl.col("len") > 1).sort(decided.ID).head(1)
    found = tables.collect(twice, source)
    if found.height:
        raise BadInput(
            f"case {found[decided.ID][0]!r} has {found['len'][0]} records.",
            code="duplicate_id",
            where=source,
            value=found[decided.ID][0],
            next_step="Name one run of `roadworthy decide` at a time.",
        )


def _metadata(path: Path | None) -> dict[str, str]:
    if path is None or path.suffix.lower() != ".parquet":
        return {}
    return dict(pl.read_parquet_metadata(path))


def one_of(values: Sequence[str | None], otherwise: str) -> str:
    """The one value that there is; several, or none: ``otherwise``."""
    known = list(dict.fromkeys(value for value in values if value))
    return known[0] if len(known) == 1 else otherwise
