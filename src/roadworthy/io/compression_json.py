"""A compression as JSON and back: for programs, and kept beside the artefacts for the dossier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from roadworthy.core.compression import (
    PARENT,
    Compression,
    Metered,
    NotMade,
    Paired,
    PointResult,
    Stage,
)
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Evidence, Measured, NotMeasured
from roadworthy.core.verdict import Outcome
from roadworthy.io.judgement_json import Json, verdict_from_json, verdict_to_json

SCHEMA = 1
_AS_THEY_ARE = ("product", "answer", "kept", "margin", "candidates", "cases", "units", "machine")
_OF_A_POINT = ("point", "title", "how", "model", "bytes", "threshold", "candidates", "referred")


def compression_to_json(found: Compression) -> Json:
    """Plain values that ``json.dumps(..., allow_nan=False)`` accepts."""
    return {
        "schema": SCHEMA,
        **{name: getattr(found, name) for name in _AS_THEY_ARE},
        "outcome": found.outcome.value,
        "sentence": found.sentence,
        "reduce_range": found.reduce_range,
        "unjudged": list(found.unjudged),
        "notes": list(found.notes),
        "points": [_point(one, found) for one in found.points],
        "not_made": [asdict(one) for one in found.not_made],
    }


def compression_from_json(stored: Mapping[str, Any]) -> Compression:
    """What ``compression_to_json`` wrote.

    Raises:
        BadInput: the schema is another one, or something is missing.
    """
    try:
        if stored["schema"] != SCHEMA:
            raise ValueError(f"schema {stored['schema']!r}, and schema {SCHEMA} is known")
        found = Compression(
            **{name: stored[name] for name in _AS_THEY_ARE},
            points=tuple(map(_read_point, stored["points"])),
            not_made=tuple(NotMade(**one) for one in stored["not_made"]),
            unjudged=tuple(stored["unjudged"]),
            reduce_range=stored["reduce_range"],
            notes=tuple(stored["notes"]),
            sentence=stored["sentence"],
        )
        found.of(found.kept or PARENT)
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise BadInput(
            f"what was kept of a compression is incomplete or malformed: {error!r}.",
            code="broken_compression",
            next_step="Run `roadworthy compress` again.",
        ) from error
    return found


def _point(one: PointResult, of: Compression) -> Json:
    return {
        **{name: getattr(one, name) for name in _OF_A_POINT},
        "outcome": one.outcome.value,
        "tested": one.tested.value,
        "verdicts": [verdict_to_json(verdict) for verdict in one.verdicts],
        "budgets": [verdict_to_json(verdict) for verdict in one.budgets],
        "paired": [verdict_to_json(pair.verdict) for pair in one.paired],
        "disagreement": _evidence(one.disagreement),
        "measured_here": asdict(one.metered),
        "cpu_times_less": of.ratio(one),
    }


def _read_point(stored: Mapping[str, Any]) -> PointResult:
    return PointResult(
        **{name: stored[name] for name in _OF_A_POINT},
        outcome=Outcome(stored["outcome"]),
        tested=Stage(stored["tested"]),
        verdicts=tuple(map(verdict_from_json, stored["verdicts"])),
        budgets=tuple(map(verdict_from_json, stored["budgets"])),
        paired=tuple(Paired(verdict_from_json(one)) for one in stored["paired"]),
        disagreement=_read_evidence(stored["disagreement"]),
        metered=Metered(**stored["measured_here"]),
    )


def _evidence(evidence: Evidence) -> Json:
    if not isinstance(evidence, Measured):
        return {"not_measured": evidence.reason}
    found = asdict(evidence)
    return {**found, "assumptions": list(evidence.assumptions)}


def _read_evidence(stored: Mapping[str, Any]) -> Evidence:
    if "not_measured" in stored:
        return NotMeasured(stored["not_measured"])
    return Measured(**{**stored, "assumptions": tuple(stored["assumptions"])})
