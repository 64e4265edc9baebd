"""The ladder: every model that was tried, what it costs and shows, and why one was kept."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.evidence import Measured
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.product import Running
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import ladder_words, telling
from roadworthy.io.dossier.evidence import where
from roadworthy.io.dossier.metrics import Metrics


@dataclass(frozen=True)
class Shown:
    """One critical requirement on one rung."""

    id: str
    seen: str
    outcome: str


@dataclass(frozen=True)
class Rung:
    """One model of the ladder; ``why_not`` says why it could not be fitted."""

    title: str
    kept: bool
    size: str = ""
    time: str = ""
    training: str = ""
    bill: str = ""
    threshold: str = ""
    outcome: Outcome | None = None
    shown: tuple[Shown, ...] = ()
    why_not: str = ""
    hypothetical: bool = False


@dataclass(frozen=True)
class Rungs:
    """The ladder from cheap to costly; empty when the judged model stands on none."""

    rungs: tuple[Rung, ...] = ()
    lead: str = ""
    notes: tuple[str, ...] = ()


def rungs(ladder: Ladder | None, metrics: Metrics) -> Rungs:
    """The ladder on which the judged model was kept."""
    if ladder is None:
        return Rungs()
    told = []
    for step in ladder.steps:
        if isinstance(step, NotFitted):
            why = f"{telling.sentence(step.reason)} {step.next_step}".strip()
            told.append(Rung(step.title, kept=False, why_not=why))
        else:
            told.append(_rung(step, step.rung == ladder.kept, metrics, ladder.running))
    notes = [ladder.best] if ladder.best else []
    if ladder.unjudged:
        notes.append(f"Not judged on the ladder: {', '.join(ladder.unjudged)}.")
    if ladder.cases:
        notes.append(
            f"Judged on {telling.count(ladder.cases)} validation cases, which chose among "
            f"{telling.count(ladder.candidates)} candidates; so this table chooses and proves "
            "nothing."
        )
    return Rungs(tuple(told), ladder.reason, tuple(notes))


def _rung(step: RungResult, kept: bool, metrics: Metrics, running: Running | None) -> Rung:
    return Rung(
        title=step.title,
        kept=kept,
        size=ladder_words.size(step.bytes),
        time=ladder_words.times(step),
        training=ladder_words.training(step),
        bill=ladder_words.computing(step, running),
        threshold="" if step.threshold is None else telling.number(step.threshold),
        outcome=step.outcome,
        hypothetical=step.hypothetical,
        shown=tuple(_shown(verdict, metrics) for verdict in step.gating),
    )


def _shown(verdict: Verdict, metrics: Metrics) -> Shown:
    place = f" ({where(verdict.slice)})" if verdict.slice.keys else ""
    unit, evidence = metrics.unit(verdict.metric), verdict.evidence
    if not isinstance(evidence, Measured):
        return Shown(verdict.requirement + place, "not measured", str(verdict.outcome))
    seen = telling.estimate(evidence, verdict.limit, unit)
    bounds = telling.bounds(evidence, verdict.limit, unit)
    outcome = f"{verdict.outcome}{' (hypothetical)' if verdict.hypothetical else ''}"
    return Shown(verdict.requirement + place, f"{seen} (bounds {bounds})", outcome)
