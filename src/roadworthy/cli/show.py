"""What a person reads on the terminal; plain text when nobody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from roadworthy.core.errors import RoadworthyError
from roadworthy.core.evidence import Measured
from roadworthy.core.ladder import NotFitted, RungResult
from roadworthy.core.path import Path
from roadworthy.core.product import SetName
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io import ladder_words, telling
from roadworthy.io.harmless import one_line
from roadworthy.io.ladder_json import ladder_to_json

if TYPE_CHECKING:
    from rich.console import Console

    from roadworthy.core.plan import Plan, PlannedCell
    from roadworthy.models.guard import FittedGuard
    from roadworthy.workflow.dossier import Written
    from roadworthy.workflow.train import Trained

PLAIN_WIDTH = 180
STYLES = {Outcome.PASS: "bold green", Outcome.INCONCLUSIVE: "bold yellow", Outcome.FAIL: "bold red"}


def judgement(found: Judgement) -> None:
    """The answer first, then every cell, then why, then what would settle it."""
    people = found.population
    units = f" of {people.units:,} units" if people.units else ""
    _line()
    _line(
        f"{found.product}: {found.outcome}",
        f"  on {_set(found.set)}, {people.cases:,} cases{units}",
        style=STYLES[found.outcome],
    )
    if people.inside < people.cases:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in people.outside)
        _line(f"{people.cases - people.inside:,} cases are out of scope ({reasons})")
    if people.rejected:
        _line(f"{people.rejected:,} of them are no cases for the product, and count nowhere")
    if people.turned_away is not None and people.looked_at:
        share = telling.percent(people.turned_away / people.looked_at)
        _line(
            f"The guard turned away {people.turned_away:,} of the {people.looked_at:,} cases that "
            f"the scope's rules let in ({share}); the verdicts speak of the others"
        )
    _line()
    _table(
        ("requirement", "slice", "must be", "seen", "bounds", "on", "verdict"),
        [_cell(verdict) for verdict in found.verdicts],
        [STYLES[verdict.outcome] for verdict in found.verdicts],
    )
    _reasons(found.verdicts)
    for verdict in found.where(gating=False):
        if verdict.outcome is Outcome.FAIL:
            where = f"{verdict.requirement} [{verdict.slice}]"
            _line(f"Not gating, but failing: {where}: {verdict.reason}")
    _paths(found.paths)
    for note in found.notes:
        _line(f"Note: {note}")


def plan(found: Plan) -> None:
    """What a test must hold, cell by cell, then in all."""
    _line()
    _line(
        f"{found.product}: the test that shows every requirement",
        f"  ({found.confidence:.0%} confidence, power {found.power:.0%})",
        style="bold",
    )
    _line()
    _table(
        (
            "requirement",
            "slice",
            "must be",
            "target",
            "needs",
            "without error",
            "cases",
            "there are",
        ),
        [_planned(cell) for cell in found.cells],
        ["bold red" if cell.need.never or cell.enough is False else "" for cell in found.cells],
    )
    for cell in found.never:
        _line(f"{cell.requirement} can never be shown: {cell.need.never}", style="bold red")
    if found.cases is not None:
        have = f"; the judging set ({found.judging_set}) has {found.have:,}" if found.have else ""
        cost = f", labels for {found.cost.value:,.0f} {found.cost.unit}" if found.cost else ""
        _line(f"In all: {found.cases:,} cases like the open data's{cost}{have}.")
    for look in found.looks:
        sizes = ", ".join(
            f"{hits} of {n}" for n, hits in zip(look.sizes, look.hits, strict=True) if hits
        )
        _line(
            f"With {look.looks} looks planned beforehand, {look.requirement} alone passes at "
            f"{sizes} {look.of}; {look.expected:.0f} are expected."
        )
    for note in found.notes:
        _line(f"Note: {note}")


def trained(found: Trained) -> None:
    """Every rung that was tried, which one was kept, and why."""
    ladder = found.ladder
    _line()
    _line(f"kept: {found.model}", f"  fitted on {found.cases:,} cases", style="bold")
    _line()
    rows, styles = [], []
    for rung in ladder.fitted:
        rows += _rung(rung, kept=rung.rung == ladder.kept)
        styles += [STYLES[v.outcome] for v in rung.gating] + [STYLES[rung.outcome]]
    _table(
        ("model", "size", "per case", "requirement", "must be", "seen", "bounds", "verdict"),
        rows,
        styles,
    )
    for step in ladder.steps:
        if isinstance(step, NotFitted):
            told = f"Not fitted: {step.title}: {step.reason}"
            _line(told, f" {step.next_step}", style="bold yellow")
    _line(ladder.reason)
    if ladder.best:
        _line(ladder.best)
    if ladder.unjudged:
        _line(f"Not judged here: {', '.join(ladder.unjudged)}. `roadworthy check` judges them.")
    _line()
    unread = "" if ladder.result.reads else "  (none of them is read)"
    _line(f"features   {', '.join(found.features)}{unread}")
    if found.policy is not None:
        chosen = ", chosen on validation" if ladder.result.candidates > 1 else ""
        _line(f"threshold  {found.policy.threshold:.4g}{chosen}")
    _line(f"artefact   {ladder_words.size(found.bytes)}, {found.fingerprint[:12]}")
    if found.guard is not None:
        _line(f"guard      {_guard(found.guard)}")


def _guard(guard: FittedGuard) -> str:
    methods = " and ".join(one.name for one in guard.measures)
    return (
        f"{methods} on {len(guard.needs):,} features of {guard.card.reference:,} reference cases; "
        f"set on {guard.card.n:,} validation cases, {guard.card.spent:,} of them turned away"
    )


def _rung(rung: RungResult, kept: bool) -> list[tuple[str, ...]]:
    """The rung's cells, one a row, and its outcome; what is the same for all stands once."""
    mark = "> " if kept else "  "
    head = (f"{mark}{rung.title}", ladder_words.size(rung.bytes), ladder_words.time(rung.ms))
    cells = [_judged(verdict) for verdict in rung.gating]
    rows = [*cells, ("= the product", "", "", "", str(rung.outcome))]
    return [(*(head if i == 0 else ("", "", "")), *row) for i, row in enumerate(rows)]


def _judged(verdict: Verdict) -> tuple[str, ...]:
    requirement, part, _, seen, bounds, _, outcome = _cell(verdict)
    named = f"{requirement} [{part}]" if verdict.slice.keys else requirement
    return (named, str(replace(verdict.limit, against=None)), seen, bounds, outcome)


def written(found: Written) -> None:
    """Where the dossier stands."""
    _line()
    _line(f"The dossier of the judgement on {_set(found.set)} ({found.outcome}):", style="bold")
    for path in (found.html, found.json, found.junit):
        _line(f"  {path}")
    if found.stale:
        _line("Note: product.yaml has changed since this was judged; judge again for the new one.")


def command(line: str) -> None:
    """A command of the demo, as a user would type it."""
    _line()
    _line(f"$ {line}", style="bold cyan")


def error(problem: RoadworthyError, as_json: bool) -> None:
    """What is wrong, with which value, and what to do next; on standard error."""
    if as_json:
        told = {
            "code": problem.code,
            "where": problem.where,
            "value": _plain(problem.value),
            "next": problem.next_step,
            "message": problem.message,
        }
        print(json.dumps({"error": told}, indent=2, default=str, allow_nan=False))
        return
    console = _console(stderr=True)
    place = f"{problem.where}: " if problem.where else ""
    console.print(f"{one_line(place)}{one_line(problem.message)}", style="bold", markup=False)
    console.print(one_line(problem.next_step), markup=False)


def _plain(value: object) -> object:
    """JSON has no word for NaN and Infinity."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _told(value: object) -> object:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return [_told(one) for one in value] if isinstance(value, list) else value


@contextmanager
def busy(what: str, as_json: bool) -> Iterator[None]:
    """A sign of life on a terminal; nothing elsewhere."""
    console = _console(stderr=True)
    if as_json or not console.is_terminal:
        yield
        return
    with console.status(f"{what} ..."):
        yield


def plan_json(found: Plan) -> dict[str, Any]:
    """The plan as one JSON object."""
    return {
        "schema": 1,
        "product": found.product,
        "can_be_shown": not found.never,
        "confidence": found.confidence,
        "power": found.power,
        "cells": [_planned_json(cell) for cell in found.cells],
        "total": {
            "cases": found.cases,
            "cost": None
            if found.cost is None
            else {"value": found.cost.value, "unit": found.cost.unit},
            "set": found.judging_set,
            "have": found.have,
        },
        "looks": [
            {
                "requirement": look.requirement,
                "looks": look.looks,
                "of": look.of,
                "sizes": list(look.sizes),
                "hits": list(look.hits),
                "expected": look.expected,
            }
            for look in found.looks
        ],
        "notes": list(found.notes),
    }


def trained_json(found: Trained) -> dict[str, Any]:
    """What ``train`` did as one JSON object."""
    ladder = ladder_to_json(found.ladder)
    return {
        "schema": 1,
        "model": found.model,
        "fingerprint": found.fingerprint,
        "features": list(found.features),
        "cases": found.cases,
        "bytes": found.bytes,
        "threshold": None if found.policy is None else found.policy.threshold,
        "candidates": found.candidates,
        **{
            key: value
            for key, value in ladder.items()
            if key in ("kept", "meets", "reason", "best")
        },
        "guard": None if found.guard is None else _guard_json(found.guard),
        "unjudged": ladder["unjudged"],
        "ladder": ladder["rungs"],
    }


def _guard_json(guard: FittedGuard) -> dict[str, Any]:
    return {
        "fingerprint": guard.fingerprint,
        "methods": [one.name for one in guard.measures],
        "features": list(guard.needs),
        "reference": guard.card.reference,
        "threshold": {"at": guard.card.at, "spent": guard.card.spent, "cases": guard.card.n},
    }


def written_json(found: Written) -> dict[str, Any]:
    """Where the dossier stands, as one JSON object."""
    return {
        "schema": 1,
        "set": found.set,
        "outcome": found.outcome,
        "stale": found.stale,
        "html": str(found.html),
        "json": str(found.json),
        "junit": str(found.junit),
    }


def _cell(verdict: Verdict) -> tuple[str, ...]:
    evidence = verdict.evidence
    limit = telling.promise(verdict.metric, verdict.limit)
    shown = verdict.outcome if verdict.tier is Tier.CRITICAL else f"({verdict.outcome})"
    if not isinstance(evidence, Measured):
        return (verdict.requirement, str(verdict.slice), limit, "-", "-", "-", shown)
    return (
        verdict.requirement,
        str(verdict.slice),
        limit,
        telling.estimate(evidence, verdict.limit),
        telling.bounds(evidence, verdict.limit),
        f"{evidence.n:,} {evidence.of}",
        shown,
    )


def _reasons(verdicts: Sequence[Verdict]) -> None:
    open_ones = [v for v in verdicts if v.outcome is not Outcome.PASS and v.tier is Tier.CRITICAL]
    if not open_ones:
        return
    _line("Why:")
    for verdict in open_ones:
        where = "" if not verdict.slice.keys else f" [{verdict.slice}]"
        _line(f"  {verdict.requirement}{where}: {verdict.reason}")
        for settles in telling.needs(verdict.need, power=None) if verdict.need else ():
            _line(f"    {settles}")
    _line()


def _paths(paths: Sequence[Path]) -> None:
    if not paths:
        return
    _line("Paths to yes:", style="bold")
    for number, path in enumerate(paths, start=1):
        _line(f"  {number}. {path.change}", f"  {_price(path)}".rstrip())
        for line in path.write.splitlines():
            _line(f"       write     {line}")
        _line(f"       expected  {path.expected}")
        if path.proof:
            _line(f"       proof     {path.proof}")
        if path.assumed:
            _line(f"       assumed   {'; '.join(path.assumed)}")
    _line()


def _price(path: Path) -> str:
    """What a path costs: labels once, and people for every case."""
    if path.cost is None or path.cases is None:
        return ""
    return f"[{telling.number(path.cost.value, path.cost.unit)}]"


def _planned(cell: PlannedCell) -> tuple[str, ...]:
    need = cell.need
    return (
        cell.requirement if cell.tier is Tier.CRITICAL else f"({cell.requirement})",
        str(cell.slice),
        telling.promise(cell.metric, cell.limit),
        "-" if cell.target is None else f"{cell.target:g}",
        _needed(cell),
        _count(need.without_error, ""),
        _count(cell.cases, ""),
        _count(cell.have, "") + (" (too few)" if cell.enough is False else ""),
    )


def _needed(cell: PlannedCell) -> str:
    if cell.need.never:
        return "never"
    least = "at least " if cell.need.at_target is None and cell.needed is not None else ""
    return least + _count(cell.needed, cell.need.of)


def _planned_json(cell: PlannedCell) -> dict[str, Any]:
    return {
        "requirement": cell.requirement,
        "metric": cell.metric,
        "slice": str(cell.slice) if cell.slice.keys else None,
        "tier": cell.tier,
        "limit": {"side": cell.limit.side, "value": cell.limit.value, "unit": cell.limit.unit},
        "target": cell.target,
        "needs": {
            "of": cell.need.of,
            "at_target": cell.need.at_target,
            "without_error": cell.need.without_error,
            "never": cell.need.never,
        },
        "cases": cell.cases,
        "have": cell.have,
        "enough": cell.enough,
    }


def _set(name: str) -> str:
    return f"the {name} set" if name in tuple(SetName) else name


def _count(value: int | None, of: str) -> str:
    return "-" if value is None else f"{value:,} {of}".strip()


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    watched = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if watched else PLAIN_WIDTH, highlight=False)


def _line(text: str = "", rest: str = "", style: str = "") -> None:
    from rich.text import Text

    line = Text(one_line(text), style=style)
    line.append(one_line(rest), style="default not bold")
    _console().print(line, soft_wrap=True)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = _console()
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row, style in zip(rows, styles, strict=True):
        cells = [Text(one_line(cell)) for cell in row]
        cells[-1].stylize(style)
        table.add_row(*cells)
    console.print(table)
    console.print()


# what the show_*.py of other commands print with
line = _line
table = _table
