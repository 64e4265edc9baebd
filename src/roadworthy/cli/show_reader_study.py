"""What `roadworthy reader-study` prints: sizes and hours before, the answer afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from roadworthy.cli import show
from roadworthy.core.evidence import Measured
from roadworthy.core.reader_plan import ReaderPlan, Size
from roadworthy.core.reader_study import Compared, ReaderStudy
from roadworthy.io import telling


def plan(found: ReaderPlan) -> None:
    """Readers by cases: power and hours; then the size of least effort, and what is assumed."""
    show.line()
    show.line(
        f"A crossover reader study that shows: {telling.promise(found.endpoint, found.limit)}",
        f"  ({found.confidence:.0%} confidence, power {found.power:.0%})",
        style="bold",
    )
    show.line()
    readers = list(dict.fromkeys(size.readers for size in found.sizes))
    of = {(size.readers, size.cases): size for size in found.sizes}
    numbers = list(dict.fromkeys(size.cases for size in found.sizes))
    show.table(
        ("readers", *(f"{n} cases" for n in numbers)),
        [(str(j), *(_size(of[(j, n)], found) for n in numbers)) for j in readers],
        [""] * len(readers),
    )
    show.line("Each cell: the power, and the hours that all readers read together; * is enough.")
    for why in dict.fromkeys(size.refused for size in found.sizes if size.refused):
        show.line(f"-: {why}; such a study is not judged.")
    show.line()
    _best(found)
    for text in found.assumed:
        show.line(f"Assumed: {text}.")
    if found.schedule is not None:
        show.line(f"The schedule is in {found.schedule}.")


def _size(size: Size, found: ReaderPlan) -> str:
    if size.refused:
        return "-"
    enough = "*" if size.power >= found.power else ""
    return f"{size.power:.0%}{enough}  {size.hours:,.0f} h"


def _best(found: ReaderPlan) -> None:
    if found.best is None:
        show.line(
            "No size looked at is large enough: look at more readers and cases, or think again "
            "about the margin.",
            style="bold yellow",
        )
        return
    size = found.best
    positives = round(size.cases * found.positives)
    show.line(
        f"Least effort: {size.readers} readers, {size.cases} cases ({positives} positive), "
        f"{size.hours:,.0f} hours.",
        style="bold",
    )
    show.line(
        f"  Every reader reads every case twice, once with and once without marks, in two sessions "
        f"at least {found.washout_weeks} weeks apart; half of the cases are read with marks first."
    )


def plan_json(found: ReaderPlan) -> dict[str, Any]:
    """The plan as one JSON object."""
    return {
        "schema": 1,
        "endpoint": found.endpoint.value,
        "limit": {"side": found.limit.side.value, "value": found.limit.value},
        "expected": found.expected,
        "gain": found.gain,
        "confidence": found.confidence,
        "power": found.power,
        "positives": found.positives,
        "minutes": found.minutes,
        "washout_weeks": found.washout_weeks,
        "sizes": [_size_json(size) for size in found.sizes],
        "best": None if found.best is None else _size_json(found.best),
        "assumed": list(found.assumed),
        "schedule": None if found.schedule is None else str(found.schedule),
    }


def _size_json(size: Size) -> dict[str, Any]:
    return {
        "readers": size.readers,
        "cases": size.cases,
        "among": size.among,
        "power": None if size.refused else size.power,
        "hours": size.hours,
        "refused": size.refused or None,
    }


def study(found: ReaderStudy, written: Path) -> None:
    """The answer, every endpoint, every reader, what was checked."""
    show.line()
    show.line(
        f"reader study: {found.outcome}",
        f"  {found.readers} readers, {found.cases} cases ({found.positives} positive), each read "
        "with and without marks",
        style=show.STYLES[found.outcome],
    )
    show.line()
    show.table(
        ("endpoint", "must be", "without", "with", "gain", "bounds", "on", "verdict"),
        [_endpoint(one) for one in found.found],
        [show.STYLES[one.outcome] for one in found.found],
    )
    for one in found.found:
        if not isinstance(one.evidence, Measured):
            show.line(f"{one.endpoint}: not measured: {one.evidence.reason}.")
    _readers(found)
    for note in found.notes:
        show.line(f"Note: {note}")
    show.line(f"Written: {written}")


def _endpoint(one: Compared) -> tuple[str, ...]:
    must = telling.promise("", one.limit).strip()
    if not isinstance(one.evidence, Measured) or one.without is None or one.with_marks is None:
        return (one.endpoint, must, "-", "-", "-", "-", f"{one.n:,} {one.of}", one.outcome)
    return (
        one.endpoint,
        must,
        telling.number(one.without.estimate),
        telling.number(one.with_marks.estimate),
        telling.estimate(one.evidence, one.limit),
        telling.bounds(one.evidence, one.limit),
        f"{one.n:,} {one.of}",
        one.outcome,
    )


def _readers(found: ReaderStudy) -> None:
    names = [name for name, _, _ in found.found[0].by_reader]
    heads = [f"{one.endpoint}: without, with" for one in found.found]
    rows = [
        (
            name,
            *(
                f"{telling.number(one.by_reader[i][1])}, {telling.number(one.by_reader[i][2])}"
                for one in found.found
            ),
        )
        for i, name in enumerate(names)
    ]
    show.table(("reader", *heads), rows, [""] * len(rows))
