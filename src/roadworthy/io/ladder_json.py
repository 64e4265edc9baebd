"""A ladder as JSON and back: kept beside the model, for programs and for the dossier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from roadworthy.core.errors import BadInput
from roadworthy.core.ladder import Gain, Ladder, NotFitted, RungResult, Step, Took
from roadworthy.core.product import Running
from roadworthy.core.recalls import Gain as RecallGain
from roadworthy.core.recalls import Recall, Tried
from roadworthy.core.verdict import Outcome
from roadworthy.io import ladder_words
from roadworthy.io.judgement_json import Json, verdict_from_json, verdict_to_json

SCHEMA = 1
T = TypeVar("T")


def ladder_to_json(ladder: Ladder) -> Json:
    """The ladder as plain values that ``json.dumps(..., allow_nan=False)`` accepts."""
    return {
        "schema": SCHEMA,
        "kept": ladder.kept,
        "model": ladder.result.model,
        "meets": ladder.meets,
        "candidates": ladder.candidates,
        "cases": ladder.cases,
        "reason": ladder.reason,
        "best": ladder.best,
        "unjudged": list(ladder.unjudged),
        "earlier": ladder.earlier,
        "gain": None if ladder.gain is None else asdict(ladder.gain),
        "running": None if ladder.running is None else asdict(ladder.running),
        "rungs": [_step(step, ladder.running) for step in ladder.steps],
        "recalls": [asdict(one) for one in ladder.recalls],
        "samplings": [
            {**asdict(one), "gains": [_gain(gain) for gain in one.gains]} for one in ladder.tried
        ],
    }


def ladder_from_json(stored: Mapping[str, Any]) -> Ladder:
    """The ladder that ``ladder_to_json`` wrote.

    Raises:
        BadInput: the schema is another one, or something is missing.
    """
    try:
        if stored["schema"] != SCHEMA:
            raise ValueError(f"schema {stored['schema']!r}, and schema {SCHEMA} is known")
        ladder = Ladder(
            kept=stored["kept"],
            meets=stored["meets"],
            candidates=stored["candidates"],
            cases=stored["cases"],
            steps=tuple(_read_step(step) for step in stored["rungs"]),
            reason=stored["reason"],
            best=stored["best"],
            unjudged=tuple(stored["unjudged"]),
            # a ladder that was written before this was counted had nothing to count
            earlier=stored.get("earlier", 0),
            recalls=tuple(Recall(**one) for one in stored.get("recalls", ())),
            tried=tuple(map(_read_tried, stored.get("samplings", ()))),
            gain=_one(Gain, stored.get("gain")),
            running=_one(Running, stored.get("running")),
        )
        if ladder.kept not in {result.rung for result in ladder.fitted}:
            raise ValueError(f"{ladder.kept!r} was kept and is not among the fitted rungs")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"A kept ladder is incomplete or malformed: {error!r}.",
            code="broken_ladder",
            next_step="Run `roadworthy train` again.",
        ) from error
    return ladder


def _gain(gain: RecallGain) -> Json:
    return {**asdict(gain), "effect": gain.effect.value}


def _read_tried(stored: Mapping[str, Any]) -> Tried:
    gains = (RecallGain(g["name"], g["estimate"], g["low"], g["high"]) for g in stored["gains"])
    return Tried(stored["title"], stored["beside"], tuple(gains), stored["why"])


def _step(step: Step, running: Running | None) -> Json:
    known: Json = {"rung": step.rung, "title": step.title, "fitted": isinstance(step, RungResult)}
    if isinstance(step, NotFitted):
        return {
            **known,
            "reason": step.reason,
            "next": step.next_step,
            "code": step.code,
            "where": step.where,
        }
    return {
        **known,
        "why": step.why,
        "model": step.model,
        "bytes": step.bytes,
        "reads": step.reads,
        "ms": step.ms,
        "ms_p99": step.ms_p99,
        "ms_mean": step.ms_mean,
        "took": None if step.took is None else asdict(step.took),
        "computing": _computing(step, running),
        "candidates": step.candidates,
        "threshold": step.threshold,
        "outcome": step.outcome.value,
        "verdicts": [verdict_to_json(verdict) for verdict in step.verdicts],
    }


def _read_step(stored: Mapping[str, Any]) -> Step:
    if not stored["fitted"]:
        return NotFitted(
            rung=stored["rung"],
            title=stored["title"],
            reason=stored["reason"],
            next_step=stored["next"],
            code=stored["code"],
            where=stored["where"],
        )
    return RungResult(
        rung=stored["rung"],
        title=stored["title"],
        why=stored["why"],
        model=stored["model"],
        bytes=stored["bytes"],
        reads=stored["reads"],
        candidates=stored["candidates"],
        threshold=stored["threshold"],
        outcome=Outcome(stored["outcome"]),
        verdicts=tuple(verdict_from_json(verdict) for verdict in stored["verdicts"]),
        ms=stored["ms"],
        ms_p99=stored.get("ms_p99"),
        ms_mean=stored.get("ms_mean"),
        took=_one(Took, stored.get("took")),
    )


def _one(kind: type[T], stored: Mapping[str, Any] | None) -> T | None:
    return None if stored is None else kind(**stored)


def _computing(step: RungResult, running: Running | None) -> Json | None:
    """What computing costs, for programs; it is worked out anew from what is kept."""
    found = ladder_words.bill(step, running)
    return None if found is None else asdict(found)
