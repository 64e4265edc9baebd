"""What `roadworthy doctor` prints: a line for each thing, OK or PROBLEM, with what to do."""

from __future__ import annotations

from typing import Any

from roadworthy.cli import show
from roadworthy.workflow.doctor import Health


def health(found: Health) -> None:
    """Every finding on a line, and the sum of them."""
    show.line()
    for one in found.findings:
        mark, style = ("OK", "green") if one.ok else ("PROBLEM", "bold red")
        show.line(f"{mark:<9}", f"{one.what:<14}{one.told}", style=style)
        if not one.ok:
            show.line(f"{'':<23}{one.next_step}")
    show.line()
    show.line(found.headline.capitalize() + ".", style="bold red" if found.problems else "bold")


def health_json(found: Health) -> dict[str, Any]:
    """The findings as one JSON object."""
    return {
        "schema": 1,
        "ok": not found.problems,
        "findings": [
            {"what": one.what, "ok": one.ok, "told": one.told, "next": one.next_step or None}
            for one in found.findings
        ],
    }
