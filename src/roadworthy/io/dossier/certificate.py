"""The certificate as the dossier tells it: what is guaranteed, and where cases go."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.certificate import Certificate, CertifiedSide
from roadworthy.core.outcome import Outcome
from roadworthy.io import certificate_words as words
from roadworthy.io import telling

_DOES = {"clear": "Cleared", "flag": "Flagged"}


@dataclass(frozen=True)
class Line:
    """One risk of one side: the promise, what it rests on, what is missing."""

    does: str
    outcome: Outcome
    promise: str
    guaranteed: str
    missing: tuple[str, ...]
    protected: tuple[str, ...]
    rule: str


@dataclass(frozen=True)
class Told:
    """The certificate in sentences."""

    outcome: Outcome
    lines: tuple[Line, ...]
    open: tuple[str, ...]
    rests: tuple[str, ...]
    method: str
    assumptions: tuple[str, ...]
    prints: tuple[tuple[str, str], ...]
    meanings: str
    lead: str = (
        "Calibration cases, which nobody chose anything on, certified these thresholds. Everything "
        "else, and every case without a score, goes to a person."
    )


def told(found: Certificate | None) -> Told | None:
    """What the template lays out; None: this is no triage product."""
    if found is None:
        return None
    return Told(
        outcome=found.outcome,
        lines=tuple(_line(side, found) for side in found.sides),
        open=words.on_open(found),
        rests=words.rests_on(found),
        method=telling.sentence(found.method),
        assumptions=found.assumptions,
        meanings=telling.sentence(words.meanings(found)),
        prints=tuple((name, print_) for name, print_ in found.fingerprints.items() if print_),
    )


def open_sides(found: Certificate) -> tuple[str, ...]:
    """Each side that decides nothing alone, in a sentence and what is missing."""
    return tuple(
        " ".join((words.guaranteed(side, found.confidence), *words.missing(side)))
        for side in found.sides
        if side.threshold is None
    )


def _line(side: CertifiedSide, found: Certificate) -> Line:
    rule = "none"
    if side.threshold is not None:
        word = "below" if side.side == "clear" else "above"
        rule = f"scores {word} {telling.number(side.threshold)}"
    return Line(
        does=_DOES[side.side],
        outcome=Outcome.INCONCLUSIVE if side.threshold is None else Outcome.PASS,
        promise=words.promise(side.risk, side.at_most),
        guaranteed=words.guaranteed(side, found.confidence),
        missing=words.missing(side),
        protected=words.protected(side),
        rule=rule,
    )
