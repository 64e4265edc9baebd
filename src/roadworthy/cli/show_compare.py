"""What `roadworthy compare` prints: both numbers, the gain, and the cases that changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy.cli import show
from roadworthy.core.comparison import Change, Compared, Comparison
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.verdict import Outcome
from roadworthy.io import telling

HEADS = ("requirement", "metric", "first", "second", "gain", "bounds", "must be", "shown")
WORDS = {
    Outcome.PASS: "no worse",
    Outcome.FAIL: "worse",
    Outcome.INCONCLUSIVE: "cannot be told",
}


def comparison(found: Comparison) -> None:
    """The answer, then every requirement, then the cases that changed."""
    units = f" of {found.units:,} units" if found.units else ""
    show.line()
    show.line(
        f"{found.ours} against {found.theirs}: {found.sentence}",
        f"  on {found.set}, {found.cases:,} cases{units}",
        style=show.STYLES[found.outcome],
    )
    show.line()
    show.table(
        HEADS,
        [row(one) for one in found.found],
        [show.STYLES[one.outcome] for one in found.found],
    )
    for one in found.found:
        for line in changes(one):
            show.line(line)
    for name, why in found.left_out:
        show.line(f"Not compared: {name}, because {why}.")
    for note in found.notes:
        show.line(f"Note: {note}")


def comparison_json(found: Comparison) -> dict[str, Any]:
    """The comparison as one JSON object."""
    return {
        "schema": 1,
        "product": found.product,
        "first": found.ours,
        "second": found.theirs,
        "set": found.set,
        "cases": found.cases,
        "outcome": WORDS[found.outcome],
        "sentence": found.sentence,
        "requirements": [_json(one) for one in found.found],
        "not_compared": [{"requirement": name, "because": why} for name, why in found.left_out],
        "notes": list(found.notes),
    }


def row(one: Compared) -> tuple[str, ...]:
    """A compared requirement as the cells of a table."""
    verdict, evidence = one.verdict, one.evidence
    told = WORDS[one.outcome]
    numbers = [_number(value) for value in (one.ours, one.theirs)]
    must = "no worse" if verdict.limit.value == 0 else f"at most {verdict.limit.value:g} worse"
    if not isinstance(evidence, Measured):
        return (verdict.requirement, verdict.metric, *numbers, "-", "-", must, told)
    gain = telling.estimate(evidence, verdict.limit)
    bounds = telling.bounds(evidence, verdict.limit)
    return (verdict.requirement, verdict.metric, *numbers, gain, bounds, must, told)


def _number(value: float | None) -> str:
    return "-" if value is None else telling.number(value)


def changes(one: Compared) -> Iterator[str]:
    """Which cases changed sides, a line each."""
    name, change = one.verdict.requirement, one.change
    if isinstance(one.evidence, NotMeasured):
        yield f"{name}: not measured, {one.evidence.reason}."
    if change is None:
        return
    if not change.failed and not change.fixed:
        yield f"{name}: none of {change.cases:,} cases changed."
        return
    share = one.about.highest == 1.0
    lost, won = ("newly failed", "newly fixed") if share else ("worse on", "better on")
    yield f"{name}: {lost} {change.failed:,}, {won} {change.fixed:,}{_chance(change)}"
    for what, ids, count in (
        (lost, change.failed_ids, change.failed),
        (won, change.fixed_ids, change.fixed),
    ):
        if ids and share:
            more = f" and {count - len(ids):,} more" if count > len(ids) else ""
            yield f"  {what}: {', '.join(ids)}{more}"


def _chance(change: Change) -> str:
    if change.p is None:
        return " (no p-value: cases of one unit depend on each other)"
    return f" (exact McNemar, one-sided: p {telling.p_value(change.p)} for 'worse')"


def _json(one: Compared) -> dict[str, Any]:
    evidence, change = one.evidence, one.change
    measured = evidence if isinstance(evidence, Measured) else None
    return {
        "requirement": one.verdict.requirement,
        "metric": one.verdict.metric,
        "first": one.ours,
        "second": one.theirs,
        "gain": None if measured is None else measured.estimate,
        "low": None if measured is None else measured.low,
        "high": None if measured is None else measured.high,
        "max_drop": one.verdict.limit.value,
        "p_no_worse": None if measured is None else measured.p_pass,
        "p_worse": None if measured is None else measured.p_fail,
        "not_measured": evidence.reason if isinstance(evidence, NotMeasured) else None,
        "outcome": WORDS[one.outcome],
        "change": None if change is None else _change_json(change),
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "newly_failed": change.failed,
        "newly_fixed": change.fixed,
        "cases": change.cases,
        "p_mcnemar": change.p,
        "first_failed": list(change.failed_ids),
        "first_fixed": list(change.fixed_ids),
    }
