"""What `roadworthy report` prints: how many cases were reported, where, and how one reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy.cli import show
from roadworthy.workflow.report import Reported

HEADS = ("the first of them",)


def reported(found: Reported) -> None:
    """The count, one report as it is, and where they are."""
    show.line()
    show.line(lead(found), f"  of {found.source}", style="bold")
    for line in facts(found):
        show.line(line)
    if found.first:
        show.line()
        show.line("The first of them:", style="bold")
        for line in found.first.splitlines():
            show.line(f"  {line}")


def lead(found: Reported) -> str:
    """How many reports there are."""
    if not found.reports:
        return f"{found.product}: no case was cleared, so there is nothing to report"
    return f"{found.product}: {found.reports:,} normal reports of {found.cases:,} cases"


def facts(found: Reported) -> Iterator[str]:
    """What has no report, and where the others are."""
    others = found.cases - found.reports
    if others:
        are = "case goes" if others == 1 else "cases go"
        yield f"{others:,} {are} to a person, or on with a flag: a person reports on those"
    if found.out is not None:
        yield f"Written: {found.out} ({', '.join(found.formats)})"


def reported_json(found: Reported) -> dict[str, Any]:
    """What was written as one JSON object."""
    return {
        "schema": 1,
        "product": found.product,
        "source": found.source,
        "cases": found.cases,
        "reports": found.reports,
        "formats": [str(one) for one in found.formats],
        "out": None if found.out is None else str(found.out),
    }
