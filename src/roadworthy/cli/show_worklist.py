"""What `roadworthy worklist` prints: for whom cases wait, and which to read first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import isfinite
from typing import Any

from roadworthy.cli import show
from roadworthy.core import decided
from roadworthy.core.decided import AUDIT, PLACE, WHY
from roadworthy.io import telling
from roadworthy.workflow.worklist import ReadingList

FIRST = 20


def worklist(found: ReadingList) -> None:
    """How many wait for whom, then the first of them, then how they are ordered."""
    show.line()
    show.line(lead(found), f"  of {found.source}", style="bold")
    show.line()
    if found.cases:
        told = rows(found)
        show.table(heads(found), told, [""] * len(told))
    for line in facts(found):
        show.line(line)
    for note in notes(found):
        show.line(f"Note: {note}")


def lead(found: ReadingList) -> str:
    """How many cases wait."""
    if not found.queues:
        return found.nobody
    where = "" if found.queue is None else f" in {found.queue}"
    are = "case waits" if found.cases == 1 else "cases wait"
    return f"{found.product}: {found.cases:,} {are} for a person{where}"


def heads(found: ReadingList) -> tuple[str, ...]:
    """The heads of the table: more of them where audits may be known."""
    open_eyed = () if found.blinded else ("score", "audit")
    return ("place", "case", "queue", *open_eyed, "why")


def rows(found: ReadingList) -> list[tuple[str, ...]]:
    """The first cases of the list, the cells of a table."""
    told = []
    for row in found.table.head(FIRST).iter_rows(named=True):
        score = row.get(decided.SCORE)
        open_eyed = (
            "-" if score is None else telling.number(score),
            "audit" if row.get(AUDIT) else "",
        )
        named = (f"{row[PLACE]}", f"{row[decided.ID]}", f"{row[decided.QUEUE]}")
        told.append((*named, *(() if found.blinded else open_eyed), str(row[WHY])))
    return told


def facts(found: ReadingList) -> Iterator[str]:
    """Who gets how many, how they are ordered, and where they are written."""
    if found.cases > FIRST:
        rest = f"... and {found.cases - FIRST:,} more"
        yield rest if found.out is not None else f"{rest}: `--out worklist.csv` writes all of them"
    if len(found.queues) > 1:
        told = ", ".join(f"{name} {count:,}" for name, count in found.queues.items())
        yield f"Queues: {told}"
    if found.cases:
        yield f"Ordered by {found.ranked_by}, the highest first"
    if found.unknown:
        are = "case has" if found.unknown == 1 else "cases have"
        yield (
            f"{found.unknown:,} {are} no score that may be trusted, and stand where an average "
            "case does"
        )
    if found.out is not None:
        yield f"Written: {found.out}"


def notes(found: ReadingList) -> Iterator[str]:
    """What a reader must know of audits."""
    if found.blinded and found.cases:
        yield (
            "Audits of cleared cases stand among these at places drawn at random. Who reads them "
            "should not know which they are; `--unblind` tells."
        )
    elif found.cases:
        yield "This list tells which cases are audits: it is not for those who read them."


def worklist_json(found: ReadingList) -> dict[str, Any]:
    """The list as one JSON object, every case in it."""
    return {
        "schema": 1,
        "product": found.product,
        "source": found.source,
        "queue": found.queue,
        "queues": dict(found.queues),
        "ranked_by": found.ranked_by,
        "unknown": found.unknown,
        "blinded": found.blinded,
        "cases": [_case(row) for row in found.table.iter_rows(named=True)],
        "out": None if found.out is None else str(found.out),
    }


def _case(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    """JSON has no dates, and no word for what is no finite number."""
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
