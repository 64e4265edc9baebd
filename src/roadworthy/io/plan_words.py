"""A plan in words: what it takes in all, and what planned looks would change."""

from __future__ import annotations

from roadworthy.core.plan import Plan, PlannedCell, PlannedLook
from roadworthy.io import telling


def needed(cell: PlannedCell) -> str:
    """How many of which kind a fresh set must hold."""
    if cell.need.never:
        return "never"
    if cell.needed is None:
        return "not known"
    least = "at least " if cell.need.at_target is None else ""
    return f"{least}{telling.count(cell.needed)} {cell.need.of}"


def in_all(found: Plan) -> str:
    """The cases that show everything at once, and their price; empty: not known."""
    if found.cases is None:
        return ""
    have = f"; the judging set ({found.judging_set}) has {found.have:,}" if found.have else ""
    cost = f", labels for {found.cost.value:,.0f} {found.cost.unit}" if found.cost else ""
    return f"In all: {found.cases:,} cases like the open data's{cost}{have}."


def look(planned: PlannedLook) -> str:
    """What one requirement takes when several looks are planned beforehand."""
    pairs = zip(planned.sizes, planned.hits, strict=True)
    sizes = ", ".join(f"{hits} of {n}" for n, hits in pairs if hits)
    return (
        f"With {planned.looks} looks planned beforehand, {planned.requirement} alone passes at "
        f"{sizes} {planned.of}; {planned.expected:.0f} are expected."
    )
