"""What a compression came to, in a sentence or two, and its numbers as people read them."""

from __future__ import annotations

import math

from roadworthy.core.compression import PARENT, Compression, PointResult, Stage
from roadworthy.core.evidence import Measured
from roadworthy.core.outcome import Outcome
from roadworthy.core.verdict import Verdict
from roadworthy.io import telling
from roadworthy.io.ladder_words import size, time
from roadworthy.stats.room import room

WORDS = {
    Stage.SHOWN: "shown",
    Stage.STOPPED: "stopped here",
    Stage.AFTER: "not tested",
}


def sentence(found: Compression) -> str:
    """The answer."""
    told = _answer(found)
    if found.kept != (found.answer or PARENT):
        told += f" Kept is {_kept(found)}."
    return telling.sentence(told)


def _kept(found: Compression) -> str:
    if found.kept is None:
        return "what an earlier run made"
    return "the net itself" if found.kept == PARENT else found.of(found.kept).title


def smaller(found: Compression, point: PointResult) -> str:
    """How much smaller and quicker than the parent: "16x smaller, 20x less CPU time"."""
    of_size = found.parent.bytes / point.bytes
    return f"{times(of_size)} smaller, {times(found.ratio(point))} less CPU time"


def weight(point: PointResult) -> str:
    """The size of its file, and whether that is too much."""
    return f"{size(point.bytes)}{'' if point.within_budget else ' (over the limit)'}"


def less(found: Compression, point: PointResult) -> str:
    """Its CPU time beside that of the parent in torch."""
    if point.point == PARENT:
        return "torch, eager"
    return f"{times(found.ratio(point))} less CPU"


def times(ratio: float) -> str:
    """A ratio for reading.

    >>> times(16.02), times(2.24), times(0.8)
    ('16x', '2.2x', '0.8x')
    """
    return f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def memory(mb: float) -> str:
    """Megabytes for reading."""
    return f"{mb:,.0f} MB"


def clocks(point: PointResult) -> str:
    """Both quantiles of one answer."""
    return f"{time(point.metered.p50_ms)} / {time(point.metered.p99_ms)}"


def decisive(point: PointResult) -> Verdict | None:
    """The critical cell with the least room to its limit; None: there is none."""
    return min(point.gating, key=_room, default=None)


def shown_cells(point: PointResult) -> tuple[Verdict, ...]:
    """The cells to show of a point: the whole set, and slices that do not pass."""
    return tuple(v for v in point.gating if not v.slice.keys or v.outcome is not Outcome.PASS)


def difference(point: PointResult) -> str:
    """Its hardest paired difference to the parent, with the bound that decides."""
    measured = [
        (one.evidence, one.verdict) for one in point.paired if isinstance(one.evidence, Measured)
    ]
    if not measured:
        return "-"
    # what has no bound is harder than whatever has one
    unbound = [pair for pair in measured if pair[0].low is None]
    evidence, one = unbound[0] if unbound else min(measured, key=lambda pair: pair[0].low or 0.0)
    where = f" [{one.slice}]" if one.slice.keys else ""
    bound = "no bound" if evidence.low is None else f"bound {evidence.low:+.3f}"
    return f"{one.requirement}{where} {evidence.estimate:+.3f} ({bound})"


def disagrees(point: PointResult) -> str:
    """The share of cases that it decides otherwise, and the bound."""
    if not isinstance(point.disagreement, Measured):
        return "-"
    told = telling.percent(point.disagreement.estimate)
    high = point.disagreement.high
    return told if high is None else f"{told} (at most {telling.percent(high)})"


def refers(point: PointResult) -> str:
    """The share that goes to a person."""
    return "-" if point.referred is None else telling.percent(point.referred)


def notes(found: Compression) -> tuple[str, ...]:
    """What a reader must know of how this came about."""
    told = [
        f"Judged on {telling.count(found.cases)} validation cases in scope"
        f"{_units(found)}; heirs learnt from training cases alone.",
        _sequence(found),
        f"Clocks and memory are of this machine ({found.machine}), of the net alone, one case at a "
        f"time, {_threads(found)}, in a process of its own after a warm-up. They gate nothing: "
        "what must hold on the device is measured there.",
        *found.notes,
    ]
    if found.margin is None:
        told.append(
            "Differences to the parent are shown and gate nothing: the requirements say what is "
            "enough. `compress: {margin: 0.02}` in product.yaml makes them gate."
        )
    else:
        told.append(
            f"An heir must also be shown to be worse than the parent by at most {found.margin:g}, "
            "overall and on every critical slice."
        )
    told += [f"Left out: {one.title}, because {one.why}." for one in found.not_made]
    if found.unjudged:
        told.append(
            f"Not judged here: {', '.join(found.unjudged)}; what hangs on clocks and other tables "
            "is judged by `roadworthy check` and on the device."
        )
    return tuple(told)


def _sequence(found: Compression) -> str:
    alpha = "the whole alpha"
    if found.candidates > 1:
        alpha = (
            f"alpha divided by {found.candidates}, for so many pairs of model and threshold were "
            "tried on these cases when the net was chosen"
        )
    return (
        f"Tested in an order fixed beforehand, from big to small, each at {alpha}, and only up to "
        "the first that is not shown: so a net that does not meet is kept at most as often as one "
        "test would let it pass."
    )


def _answer(found: Compression) -> str:
    parent = found.parent
    if found.answer is None:
        return (
            f"the net itself is not shown to meet ({parent.outcome}{_because(parent)}), so no "
            "smaller one can be, and nothing is kept in its place."
        )
    answer = found.of(found.answer)
    if found.answer == PARENT:
        told = "no smaller net is shown to meet every critical requirement"
    else:
        told = (
            f"{answer.title}: {smaller(found, answer)}, and still meets every critical requirement"
        )
    if not answer.within_budget:
        told += ", but its file is over the limit on size"
    stopped = next((one for one in found.points if one.tested is Stage.STOPPED), None)
    if stopped is None:
        return f"{told}. All were shown."
    why = _because(stopped)
    if stopped.outcome is Outcome.PASS:
        why = ": it is not shown to be worse by at most the margin"
    return f"{told}. The next, {stopped.title}, is not shown{why}."


def _because(point: PointResult) -> str:
    verdict = decisive(point)
    if verdict is None:
        return ": no critical requirement hangs on what it answers"
    where = f" [{verdict.slice}]" if verdict.slice.keys else ""
    if not isinstance(verdict.evidence, Measured):
        return f": {verdict.requirement}{where} was not measured, {verdict.evidence.reason}"
    bound = telling.worse_bound(verdict.evidence, verdict.limit)
    side = "at least" if verdict.limit.wants_high else "at most"
    limit = telling.exact(verdict.limit.threshold)
    return f": {verdict.requirement}{where} has the bound {bound} and must be {side} {limit}"


def _room(verdict: Verdict) -> float:
    evidence = verdict.evidence
    return room(evidence, verdict.limit) if isinstance(evidence, Measured) else -math.inf


def _units(found: Compression) -> str:
    return "" if found.units is None else f" of {telling.count(found.units)} units"


def _threads(found: Compression) -> str:
    threads = found.parent.metered.threads
    return "1 thread" if threads == 1 else f"{threads} threads"
