"""What a person reads on the terminal; plain text when nobody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

from roadworthy.cli import show_ways
from roadworthy.core.errors import RoadworthyError
from roadworthy.core.evidence import Measured, Withheld
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.path import Path
from roadworthy.core.product import SetName
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io import ladder_words, plan_words, recall_words, telling
from roadworthy.io.error_json import error_to_json
from roadworthy.io.harmless import one_line, short

if TYPE_CHECKING:
    from rich.console import Console

    from roadworthy.core.guidance import Epoch
    from roadworthy.core.plan import Plan, PlannedCell
    from roadworthy.core.recalls import Tried
    from roadworthy.models.guard import FittedGuard
    from roadworthy.workflow.dossier import Written
    from roadworthy.workflow.train import Trained

PLAIN_WIDTH = 180
JUDGED = ("requirement", "slice", "must be", "seen", "bounds", "on", "verdict")
GAINS = ("model", "beside", "recall of", "gain", "bounds", "verdict")
RECALLS = ("kept: recall of", "where", "seen", "bounds", "on")
RUNGS = (
    "model",
    "trained in",
    "size",
    "per case",
    "requirement",
    "must be",
    "seen",
    "bounds",
    "verdict",
)
PLANNED = (
    *("requirement", "slice", "must be", "target"),
    *("needs", "without error", "cases", "there are"),
)
_paper: ContextVar[StringIO | None] = ContextVar("paper", default=None)
STYLES = {Outcome.PASS: "bold green", Outcome.INCONCLUSIVE: "bold yellow", Outcome.FAIL: "bold red"}


def judgement(found: Judgement) -> None:
    """The answer first, then every cell, then why, then what would settle it."""
    people = found.population
    units = f" of {people.units:,} units" if people.units else ""
    _line()
    _line(
        f"{found.product}: {found.answer}",
        f"  on {set_name(found.set)}, {people.cases:,} cases{units}",
        style=STYLES[looks_like(found)],
    )
    for line in out_of_scope(people):
        _line(line)
    _line()
    _table(
        JUDGED,
        [cell(verdict) for verdict in found.verdicts],
        [STYLES[looks_like(verdict)] for verdict in found.verdicts],
    )
    if found.withheld:
        _line(f"No number is told: {found.withheld}.")
        _line()
    if found.certificate is not None:
        from roadworthy.cli.show_certificate import certificate

        certificate(found.certificate)
    for told in on_paper(found):
        _line(told, style="bold yellow")
    if found.hypothetical:
        _line()
    show_ways.ways(found.ways)
    _reasons(found.verdicts)
    for line in failing_aside(found):
        _line(line)
    _paths(found.paths)
    for note in found.notes:
        _line(f"Note: {note}")


def out_of_scope(people: Population) -> tuple[str, ...]:
    """How many cases are out of scope, and why, and what a guard turned away; a line each."""
    return tuple(_out_of_scope(people))


def _out_of_scope(people: Population) -> Iterator[str]:
    if people.inside is not None and people.inside < people.cases:
        why = ", ".join(f"{reason} {count:,}" for reason, count in people.outside)
        yield f"{people.cases - people.inside:,} cases are out of scope ({why})"
    if people.rejected:
        yield f"{people.rejected:,} of them are no cases for the product, and count nowhere"
    if people.turned_away is not None and people.looked_at:
        share = telling.percent(people.turned_away / people.looked_at)
        yield (
            f"The guard turned away {people.turned_away:,} of the {people.looked_at:,} cases that "
            f"the scope's rules let in ({share}); the verdicts speak of the others"
        )


def looks_like(found: Judgement | Verdict | RungResult) -> Outcome:
    """The outcome whose colour it has: a PASS that nobody has seen happen is not green."""
    if found.outcome is Outcome.PASS and found.hypothetical:
        return Outcome.INCONCLUSIVE
    return found.outcome


def on_paper(found: Judgement) -> tuple[str, ...]:
    """What nobody has seen, where the answer rests on it; nothing where it does not."""
    if not found.hypothetical:
        return ()
    return (
        f"Hypothetical: {found.hypothetical}.",
        "  It guides the work and is no proof; a reader study is (`reader-study plan`).",
    )


def failing_aside(found: Judgement) -> Iterator[str]:
    """What fails without gating, a line each."""
    for verdict in found.where(gating=False):
        if verdict.outcome is Outcome.FAIL:
            where = f"{verdict.requirement} [{verdict.slice}]"
            yield f"Not gating, but failing: {where}: {verdict.reason}"


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
        PLANNED,
        [planned(cell) for cell in found.cells],
        ["bold red" if cell.need.never or cell.enough is False else "" for cell in found.cells],
    )
    for never in found.never:
        _line(f"{never.requirement} can never be shown: {never.need.never}", style="bold red")
    for line in in_all(found):
        _line(line)
    if found.certificate:
        from roadworthy.cli.show_certificate import planned_certificate

        planned_certificate(found.certificate)
    for note in found.notes:
        _line(f"Note: {note}")


def in_all(found: Plan) -> Iterator[str]:
    """What the plan comes to, a sentence each."""
    if found.cases is not None:
        yield plan_words.in_all(found)
    yield from map(plan_words.look, found.looks)
    yield from plan_words.audits(found.audits)


def trained(found: Trained) -> None:
    """Every rung that was tried, which one was kept, and why."""
    chosen = found.ladder.result
    _line()
    _line(f"kept: {found.model}", f"  fitted on {found.cases:,} cases", style="bold")
    ladder(found.ladder)
    unread = "" if chosen.reads else "  (none of them is read)"
    _line(f"features   {', '.join(found.features)}{unread}")
    if found.policy is not None:
        how = ", chosen on validation" if chosen.candidates > 1 else ""
        _line(f"threshold  {found.policy.threshold:.4g}{how}")
    _line(f"artefact   {ladder_words.size(found.bytes)}, {found.fingerprint[:12]}")
    if found.guard is not None:
        _line(f"guard      {_guard(found.guard)}")
    for note in found.notes:
        _line(note)


def _guard(guard: FittedGuard) -> str:
    methods = " and ".join(one.name for one in guard.measures)
    several = "s" if len(guard.needs) > 1 else ""
    return (
        f"{methods} on {len(guard.needs):,} feature{several} of {guard.card.reference:,} reference "
        "cases; "
        f"set on {guard.card.n:,} validation cases, {guard.card.spent:,} of them turned away"
    )


def ladder(found: Ladder) -> None:
    """Every rung, and why one was kept."""
    _line()
    rows, styles = [], []
    for one in found.fitted:
        rows += rung(one, kept=one.rung == found.kept)
        styles += [STYLES[looks_like(v)] for v in one.gating] + [STYLES[looks_like(one)]]
    _table(
        RUNGS,
        rows,
        styles,
    )
    for step in found.steps:
        if isinstance(step, NotFitted):
            told = f"Not fitted: {step.title}: {step.reason}"
            _line(told, f" {step.next_step}", style="bold yellow")
    if priced := ladder_words.bills(found):
        _table(priced[0], priced[1:], [""] * (len(priced) - 1))
    _line(found.reason)
    if found.best:
        _line(found.best)
    if found.unjudged:
        _line(unjudged(found))
    _line()
    if found.tried:
        _plain_table(GAINS, _tried(found.tried))
        _line(recall_words.PAIRED)
        _line()
    if found.tried or found.rare:
        _plain_table(RECALLS, [recall_words.recall(one) for one in found.recalls])


def _plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    _table(heads, rows, [""] * len(rows))


def _tried(found: Sequence[Tried]) -> list[tuple[str, ...]]:
    """What another sampling did, one class a row."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        heads = [(one.title, one.beside), *[("", "")] * len(one.gains)]
        told = [recall_words.gain(gain) for gain in one.gains] or [("-", "-", "-", one.why)]
        rows += [(*head, *row) for head, row in zip(heads, told, strict=False)]
    return rows


def unjudged(found: Ladder) -> str:
    """The requirements on which nothing was said; empty when there are none."""
    if not found.unjudged:
        return ""
    return f"Not judged here: {', '.join(found.unjudged)}. `roadworthy check` judges them."


def rung(one: RungResult, kept: bool) -> list[tuple[str, ...]]:
    """The rung's cells, one a row, and its outcome; what is the same for all stands once."""
    mark = "> " if kept else "  "
    head = (
        f"{mark}{one.title}",
        ladder_words.training(one),
        ladder_words.size(one.bytes),
        ladder_words.times(one),
    )
    cells = [_judged(verdict) for verdict in one.gating]
    rows = [*cells, ("= the product", "", "", "", one.answer)]
    return [(*(head if i == 0 else ("",) * len(head)), *row) for i, row in enumerate(rows)]


def _judged(verdict: Verdict) -> tuple[str, ...]:
    requirement, part, _, seen, bounds, _, outcome = cell(verdict)
    named = f"{requirement} [{part}]" if verdict.slice.keys else requirement
    return (named, str(replace(verdict.limit, against=None)), seen, bounds, outcome)


def written(found: Written) -> None:
    """Where the dossier stands."""
    _line()
    told = f"{found.outcome}{', hypothetical' if found.hypothetical else ''}"
    _line(f"The dossier of the judgement on {set_name(found.set)} ({told}):", style="bold")
    for path in (found.html, found.markdown, found.json, found.junit):
        _line(f"  {path}")
    if found.wrong:
        _line(f"DO NOT SIGN. {found.wrong}", style="bold red")
    _line(found.ledger)
    if found.stale:
        _line("Note: product.yaml has changed since this was judged; judge again for the new one.")


def command(line: str) -> None:
    """A command of the demo, as a user would type it."""
    _line()
    _line(f"$ {line}", style="bold cyan")


def error(problem: RoadworthyError, as_json: bool) -> None:
    """What is wrong, with which value, and what to do next; on standard error."""
    if as_json:
        print(json.dumps(error_to_json(problem), indent=2, default=str, allow_nan=False))
        return
    console = _console(stderr=True)
    place = f"{problem.where}: " if problem.where else ""
    console.print(f"{one_line(place)}{one_line(problem.message)}", style="bold", markup=False)
    console.print(one_line(problem.next_step), markup=False)


@contextmanager
def busy(what: str, as_json: bool) -> Iterator[Callable[[str], None]]:
    """A sign of life on a terminal, which can be told how far it has come; nothing elsewhere."""
    console = _console(stderr=True)
    if as_json or not console.is_terminal:
        yield lambda told: None
        return
    with console.status(f"{what} ...") as status:
        yield lambda told: status.update(f"{what} {told} ...")


def epoch(found: Epoch) -> str:
    """How far the training of a net has come."""
    minutes, seconds = divmod(round(found.seconds_left), 60)
    left = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    return f"{found.title}: epoch {found.number} of at most {found.of}, {left} left"


def cell(verdict: Verdict) -> tuple[str, ...]:
    """A verdict as the cells of a table: who, where, what must be, what was seen, the outcome."""
    evidence = verdict.evidence
    limit = telling.promise(telling.of_whom(verdict.metric, verdict.of), verdict.limit)
    told = f"{verdict.word} (hypothetical)" if verdict.hypothetical else verdict.word
    shown = told if verdict.tier is Tier.CRITICAL else f"({told})"
    if not isinstance(evidence, Measured):
        seen = "withheld" if isinstance(evidence, Withheld) else "-"
        return (verdict.requirement, str(verdict.slice), limit, seen, "-", "-", shown)
    return (
        verdict.requirement,
        str(verdict.slice),
        limit,
        telling.estimate(evidence, verdict.limit),
        telling.bounds(evidence, verdict.limit),
        f"{evidence.n:,} {evidence.of}",
        shown,
    )


def reasons(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Of every gating verdict that is no PASS: its name, why, and what would settle it."""
    for verdict in verdicts:
        untold = isinstance(verdict.evidence, Withheld)
        if verdict.outcome is not Outcome.PASS and verdict.tier is Tier.CRITICAL and not untold:
            where = "" if not verdict.slice.keys else f" [{verdict.slice}]"
            settles = telling.needs(verdict.need, power=None) if verdict.need else ()
            yield f"{verdict.requirement}{where}", verdict.reason, settles


def _reasons(verdicts: Sequence[Verdict]) -> None:
    found = list(reasons(verdicts))
    if not found:
        return
    _line("Why:")
    for name, reason, settles in found:
        _line(f"  {name}: {reason}")
        for line in settles:
            _line(f"    {line}")
    _line()


def _paths(paths: Sequence[Path]) -> None:
    if not paths:
        return
    _line("Paths to yes:", style="bold")
    for number, path in enumerate(paths, start=1):
        _line(f"  {number}. {path.change}", f"  {price(path)}".rstrip())
        for line in path.write.splitlines():
            _line(f"       write     {line}")
        _line(f"       expected  {path.expected}")
        if path.proof:
            _line(f"       proof     {path.proof}")
        if path.assumed:
            _line(f"       assumed   {'; '.join(path.assumed)}")
    _line()


def price(path: Path) -> str:
    """What a path costs: labels once, and people for every case."""
    if path.cost is None or path.cases is None:
        return ""
    return f"[{telling.number(path.cost.value, path.cost.unit)}]"


def planned(cell: PlannedCell) -> tuple[str, ...]:
    """A planned cell as the cells of a table."""
    need = cell.need
    return (
        cell.requirement if cell.tier is Tier.CRITICAL else f"({cell.requirement})",
        str(cell.slice),
        telling.promise(telling.of_whom(cell.metric, cell.of), cell.limit),
        "-" if cell.target is None else f"{cell.target:g}",
        "-" if cell.needed is None and not cell.need.never else plan_words.needed(cell),
        _count(need.without_error, ""),
        _count(cell.cases, ""),
        _count(cell.have, "") + (" (too few)" if cell.enough is False else ""),
    )


def set_name(name: str) -> str:
    """What a set of cases is called in a sentence."""
    return f"the {name} set" if name in tuple(SetName) else name


def _count(value: int | None, of: str) -> str:
    return "-" if value is None else f"{value:,} {of}".strip()


def told(show_it: Callable[[Any], None], found: Any) -> str:
    """What ``show_it`` prints of a result, as plain text."""
    paper = StringIO()
    earlier = _paper.set(paper)
    try:
        show_it(found)
    finally:
        _paper.reset(earlier)
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    paper = None if stderr else _paper.get()
    watched = paper is None and (sys.stderr if stderr else sys.stdout).isatty()
    return Console(
        file=paper,
        stderr=stderr,
        width=None if watched else PLAIN_WIDTH,
        highlight=False,
        # in a notebook, rich would display its own output instead of returning text
        force_jupyter=False,
        force_terminal=False if paper is not None else None,
    )


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
        cells = [Text(short(cell)) for cell in row]
        cells[-1].stylize(style)
        table.add_row(*cells)
    console.print(table)
    console.print()


# what the show_*.py of other commands print with
line = _line
table = _table
