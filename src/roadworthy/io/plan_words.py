"""A plan in words: what it takes in all, and what planned looks would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadworthy.core.plan import Plan, PlannedAudit, PlannedCell, PlannedLook
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


def audits(planned: Sequence[PlannedAudit]) -> Iterator[str]:
    """How many audits show what of a product at work, and in how many cases they come together."""
    if not planned:
        return
    first = planned[0]
    known = next((one.prevalence for one in planned if one.prevalence is not None), None)
    rare = "" if known is None else f", at a prevalence of {telling.number(known)}"
    yield (
        f"At work, with {telling.percent(first.cleared)} of the cases cleared and "
        f"{telling.percent(first.share)} of those audited{rare}:"
    )
    for one in planned:
        what = one.metric if one.requirement == one.metric else f"{one.requirement}, {one.metric}"
        yield (
            f"  {what} {one.limit}: {telling.count(one.audits)} audits without a miss, which "
            f"{telling.count(one.traffic)} cases bring."
        )


def look(planned: PlannedLook) -> str:
    """What one requirement takes when several looks are planned beforehand."""
    pairs = zip(planned.sizes, planned.hits, strict=True)
    sizes = ", ".join(f"{hits} of {n}" for n, hits in pairs if hits)
    return (
        f"With {planned.looks} looks planned beforehand, {planned.requirement} alone passes at "
        f"{sizes} {planned.of}; {planned.expected:.0f} are expected."
    )
