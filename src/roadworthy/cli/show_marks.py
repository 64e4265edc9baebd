"""How `roadworthy marks` is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from roadworthy.cli import show
from roadworthy.io import telling

if TYPE_CHECKING:
    from roadworthy.workflow.marks import Marked

SHOWN = 5
HEADS = ("false marks per image", "lesions found", "mark threshold")


def marked(found: Marked) -> None:
    """What was marked, what it finds, what other thresholds would do, and what was written."""
    show.line()
    show.line(f"{found.product}: {lead(found)}", f"  on {found.set}", style="bold")
    show.line()
    if found.curve:
        told = rows(found)
        show.table(HEADS, told, [""] * len(told))
    for line in facts(found):
        show.line(line)


def lead(found: Marked) -> str:
    """How many marks there are, and how many lesions they find."""
    told = f"{found.marks:,} marks on {found.marked_images:,} of {found.images:,} images"
    if found.lesions is None:
        return told
    return f"{told}; {found.found:,} of {found.lesions:,} lesions found, {found.false:,} false"


def rows(found: Marked) -> list[tuple[str, ...]]:
    """What could be found with each rate of false marks, the cells of a table."""
    return [
        (f"at most {one.false_marks:g}", telling.percent(one.found), f"from {one.threshold:.4g}")
        for one in found.curve
    ]


def facts(found: Marked) -> Iterator[str]:
    """What was written and what could not be."""
    if found.curve:
        yield (
            f"product.yaml shows marks from {found.threshold:g} on. A threshold that is taken from "
            "this table was chosen on these cases: judge it on others."
        )
    if found.unread:
        count = len(found.unread)
        what = (
            "1 image cannot be read and has"
            if count == 1
            else f"{count:,} images cannot be read and have"
        )
        yield f"{what} no marks; the first:"
        yield from (f"  {one}" for one in found.unread[:SHOWN])
    if found.unreported:
        yield f"{len(found.unreported):,} cases with marks have no DICOM report; the first:"
        yield from (f"  case {case}: an image {why}" for case, why in found.unreported[:SHOWN])
    reports = f", {found.reports:,} DICOM reports" if found.reports else ""
    yield f"Written: {found.into}: marks.json (COCO), {found.pictures} pictures{reports}"
    yield f"Look at {found.into / 'index.html'}"


def marked_json(found: Marked) -> dict[str, Any]:
    """The same as one JSON object; the marks are in the folder."""
    plain = asdict(found)
    plain["curve"] = [asdict(one) for one in found.curve]
    plain["unread"] = [{"case": one.case, "file": one.file, "why": one.why} for one in found.unread]
    plain["unreported"] = [{"case": case, "why": why} for case, why in found.unreported]
    return {"schema": 1, **plain, "into": str(found.into)}
