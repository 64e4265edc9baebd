"""Results as cards: the same words as on the command line, with bars against their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from roadworthy.cli import (
    show,
    show_compare,
    show_compress,
    show_decisions,
    show_report,
    show_ways,
    show_worklist,
)
from roadworthy.core.comparison import Comparison
from roadworthy.core.compression import Compression
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.path import Path
from roadworthy.core.plan import Plan
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import compression_words, ladder_words
from roadworthy.notebook.card import (
    COLOURS,
    NEUTRAL,
    Beside,
    Card,
    Reason,
    Row,
    Way,
    as_text,
    laid_out,
)
from roadworthy.notebook.plot import Bars
from roadworthy.notebook.text import text
from roadworthy.workflow.decisions import Decisions
from roadworthy.workflow.report import Reported
from roadworthy.workflow.train import Trained
from roadworthy.workflow.worklist import ReadingList


def html(found: object) -> str:
    """The card of a result; what has none of its own is told as text."""
    make = _CARDS.get(type(found))
    return as_text(text(found)) if make is None else laid_out(make(found))


def _judgement(found: Judgement) -> Card:
    people, bars = found.population, Bars(found.verdicts)
    units = f" of {people.units:,} units" if people.units else ""
    return Card(
        title=found.product,
        after=f"on {show.set_name(found.set)}, {people.cases:,} cases{units}",
        word=found.answer,
        colour=COLOURS[show.looks_like(found)],
        leads=show.out_of_scope(people),
        heads=show.JUDGED,
        rows=tuple(
            Row(show.cell(verdict), show.looks_like(verdict), bars.of(verdict))
            for verdict in found.verdicts
        ),
        plotted="bounds",
        alarms=(*show.on_paper(found), *show.failing_aside(found)),
        beside=_beside(found),
        reasons=tuple(Reason(*reason) for reason in show.reasons(found.verdicts)),
        ways=tuple(map(_way, found.paths)),
        notes=found.notes,
    )


def _beside(found: Judgement) -> Beside | None:
    if not found.ways:
        return None
    ways = found.ways
    return Beside(
        show_ways.LEAD, show_ways.heads(ways), show_ways.rows(ways), show_ways.on_paper(ways)
    )


def _way(path: Path) -> Way:
    facts = [("expected", path.expected), ("proof", path.proof)]
    facts.append(("assumed", "; ".join(path.assumed)))
    told = tuple((name, fact) for name, fact in facts if fact)
    return Way(path.change, show.price(path).strip("[]"), tuple(path.write.splitlines()), told)


def _plan(found: Plan) -> Card:
    gating = [cell for cell in found.cells if cell.tier is Tier.CRITICAL]
    short = any(cell.enough is False for cell in gating)
    # a plan is no verdict: what can be shown is not green
    colour = COLOURS[Outcome.FAIL] if found.never else COLOURS[Outcome.INCONCLUSIVE]
    return Card(
        title=f"{found.product}: the test that shows every requirement",
        after=f"{found.confidence:.0%} confidence, power {found.power:.0%}",
        colour=colour if found.never or short else NEUTRAL,
        word="NEVER" if found.never else "TOO FEW CASES" if short else "CAN BE SHOWN",
        heads=show.PLANNED,
        rows=tuple(
            Row(show.planned(cell), strong=bool(cell.need.never) or cell.enough is False)
            for cell in found.cells
        ),
        alarms=tuple(
            f"{cell.requirement} can never be shown: {cell.need.never}" for cell in found.never
        ),
        told=tuple(show.in_all(found)),
        notes=found.notes,
    )


def _ladder(found: Ladder) -> Card:
    kept = found.result
    bars = Bars([verdict for rung in found.fitted for verdict in rung.gating])
    return Card(
        title=f"kept: {kept.title}",
        after=f"the cheapest that meets, of {len(found.fitted)}" if found.meets else "the nearest",
        heads=show.RUNGS,
        rows=tuple(row for rung in found.fitted for row in _rung(rung, rung is kept, bars)),
        plotted="bounds",
        alarms=tuple(
            f"Not fitted: {step.title}: {step.reason} {step.next_step}"
            for step in found.steps
            if isinstance(step, NotFitted)
        ),
        told=tuple(filter(None, (found.reason, found.best, show.unjudged(found)))),
    )


def _rung(rung: RungResult, kept: bool, bars: Bars) -> Iterator[Row]:
    *cells, product = show.rung(rung, kept)
    for row, verdict in zip(cells, rung.gating, strict=True):
        yield Row(row, show.looks_like(verdict), bars.of(verdict), strong=kept)
    yield Row(product, show.looks_like(rung), strong=kept, ends=True)


def _trained(found: Trained) -> Card:
    ladder = _ladder(found.ladder)
    size = f"{ladder_words.size(found.bytes)}, fingerprint {found.fingerprint[:12]}"
    threshold = "" if found.policy is None else f"; threshold {found.policy.threshold:.4g}"
    return Card(
        title=ladder.title,
        after=f"fitted on {found.cases:,} cases; {size}{threshold}",
        heads=ladder.heads,
        rows=ladder.rows,
        plotted=ladder.plotted,
        alarms=ladder.alarms,
        told=ladder.told,
        notes=(f"It may read {', '.join(found.features)}.",),
    )


def _comparison(found: Comparison) -> Card:
    bars = Bars([one.verdict for one in found.found])
    units = f" of {found.units:,} units" if found.units else ""
    return Card(
        title=f"{found.ours} against {found.theirs}: {found.sentence}",
        after=f"on {found.set}, {found.cases:,} cases{units}",
        word="THE SAME" if found.same else show_compare.WORDS[found.outcome].upper(),
        colour=COLOURS[found.outcome],
        heads=show_compare.HEADS,
        rows=tuple(
            Row(show_compare.row(one), one.outcome, bars.of(one.verdict)) for one in found.found
        ),
        plotted="bounds",
        told=tuple(line.strip() for one in found.found for line in show_compare.changes(one)),
        notes=(
            *(f"Not compared: {name}, because {why}." for name, why in found.left_out),
            *found.notes,
        ),
    )


def _compression(found: Compression) -> Card:
    verdicts = [compression_words.decisive(one) for one in found.points]
    bars = Bars([one for one in verdicts if one is not None])
    return Card(
        title=found.sentence,
        after=f"on {found.cases:,} validation cases",
        colour=COLOURS[found.outcome],
        heads=show_compress.POINTS,
        rows=tuple(
            Row(
                show_compress.costs(one, found),
                one.outcome,
                None if verdict is None else bars.of(verdict),
                strong=one.point == found.kept,
            )
            for one, verdict in zip(found.points, verdicts, strict=True)
        ),
        plotted="the hardest requirement",
        notes=compression_words.notes(found),
    )


def _decisions(found: Decisions) -> Card:
    late = found.expired is not None
    return Card(
        title=show_decisions.lead(found),
        after=f"of {found.source}",
        word="EXPIRED" if late else "",
        colour=COLOURS[Outcome.FAIL] if late else NEUTRAL,
        heads=show_decisions.HEADS,
        rows=tuple(Row(row) for row in show_decisions.rows(found)),
        told=tuple(show_decisions.facts(found)),
        notes=found.notes,
    )


def _reading_list(found: ReadingList) -> Card:
    return Card(
        title=show_worklist.lead(found),
        after=f"of {found.source}",
        heads=show_worklist.heads(found),
        rows=tuple(Row(row) for row in show_worklist.rows(found)),
        told=tuple(show_worklist.facts(found)),
        notes=tuple(show_worklist.notes(found)),
    )


def _reported(found: Reported) -> Card:
    return Card(
        title=show_report.lead(found),
        after=f"of {found.source}",
        told=(*show_report.facts(found), *found.first.splitlines()),
    )


_CARDS: dict[type, Callable[[Any], Card]] = {
    Judgement: _judgement,
    Plan: _plan,
    Ladder: _ladder,
    Trained: _trained,
    Comparison: _comparison,
    Compression: _compression,
    Decisions: _decisions,
    ReadingList: _reading_list,
    Reported: _reported,
}
