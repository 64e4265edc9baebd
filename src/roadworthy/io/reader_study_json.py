"""An analysed reader study as JSON and back: what `team: {study: }` names."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Evidence, Measured, NotMeasured
from roadworthy.core.reader_study import WITHOUT, Arm, Compared, Endpoint, ReaderStudy
from roadworthy.core.requirement import Limit, Side
from roadworthy.core.verdict import Outcome

SCHEMA = 1
KIND = "reader study"
_NUMBERS = ("estimate", "low", "high", "p_pass", "p_fail", "n")


def reader_study_to_json(study: ReaderStudy) -> dict[str, Any]:
    """The study as plain values that ``json.dumps(..., allow_nan=False)`` accepts."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "outcome": study.outcome.value,
        "product": study.product,
        "subject": study.subject,
        "readers": study.readers,
        "cases": study.cases,
        "positives": study.positives,
        "confidence": study.confidence,
        "endpoints": [_compared(one) for one in study.found],
        "table": study.table,
        "version": study.version,
        "notes": list(study.notes),
    }


def _compared(one: Compared) -> dict[str, Any]:
    evidence = one.evidence
    measured = evidence if isinstance(evidence, Measured) else None
    numbers = {name: getattr(measured, name, None) for name in _NUMBERS}
    return {
        "endpoint": one.endpoint.value,
        "limit": {"side": one.limit.side.value, "value": one.limit.value},
        "outcome": one.outcome.value,
        **numbers,
        "of": one.of,
        "cases": one.n,
        "method": measured.method if measured else None,
        "assumptions": list(measured.assumptions) if measured else [],
        "not_measured": None if isinstance(evidence, Measured) else evidence.reason,
        "without": _arm(one.without),
        "with": _arm(one.with_marks),
        "difference": _arm(one.difference),
        "readers": [
            {"reader": name, "without": before, "with": after}
            for name, before, after in one.by_reader
        ],
    }


def _arm(arm: Arm | None) -> dict[str, float | None] | None:
    if arm is None:
        return None
    # readers who gain exactly alike leave no finite degrees of freedom: null, a normal
    return {"estimate": arm.estimate, "se": arm.se, "df": arm.df if math.isfinite(arm.df) else None}


def read_reader_study(file: Path) -> ReaderStudy:
    """The study that ``reader-study analyse`` wrote to ``file``.

    Raises:
        BadInput: the file is missing or not what was written, or its outcome is better than the
            outcomes of its endpoints.
    """
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        study = _read(stored)
    except OSError as error:
        raise _unusable(f"{file.name!r} cannot be read", file) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unusable(f"{file.name!r} is no analysed reader study ({error!r})", file) from error
    worst = Outcome.worst(one.outcome for one in study.found)
    if study.outcome is not worst:
        raise _unusable(f"{file.name!r} says {study.outcome}, and its endpoints {worst}", file)
    return study


def _unusable(message: str, file: Path) -> BadInput:
    return BadInput(
        f"{message}.",
        code="reader_study",
        where=str(file),
        next_step="Run `roadworthy reader-study analyse TABLE --out FILE`, and name that file.",
    )


def _read(stored: Mapping[str, Any]) -> ReaderStudy:
    if stored["schema"] != SCHEMA or stored["kind"] != KIND:
        raise ValueError(f"schema {stored['schema']!r} of {stored['kind']!r}")
    return ReaderStudy(
        outcome=Outcome(stored["outcome"]),
        found=tuple(_read_compared(one) for one in stored["endpoints"]),
        readers=int(stored["readers"]),
        cases=int(stored["cases"]),
        positives=int(stored["positives"]),
        confidence=float(stored["confidence"]),
        product=str(stored["product"]),
        subject=str(stored["subject"]),
        table=str(stored["table"]),
        version=str(stored["version"]),
        notes=tuple(stored["notes"]),
    )


def _read_compared(stored: Mapping[str, Any]) -> Compared:
    limit = Limit(Side(stored["limit"]["side"]), stored["limit"]["value"], against=WITHOUT)
    evidence = _read_evidence(stored)
    outcome = Outcome(stored["outcome"])
    if outcome is Outcome.PASS and isinstance(evidence, NotMeasured):
        raise ValueError(f"{stored['endpoint']} says PASS, and nothing was measured")
    return Compared(
        endpoint=Endpoint(stored["endpoint"]),
        limit=limit,
        outcome=outcome,
        evidence=evidence,
        n=int(stored["cases"]),
        of=stored["of"],
        without=_read_arm(stored["without"]),
        with_marks=_read_arm(stored["with"]),
        difference=_read_arm(stored["difference"]),
        by_reader=tuple((r["reader"], r["without"], r["with"]) for r in stored["readers"]),
    )


def _read_evidence(stored: Mapping[str, Any]) -> Evidence:
    if stored["not_measured"] is not None:
        return NotMeasured(stored["not_measured"])
    return Measured(
        **{name: stored[name] for name in _NUMBERS},
        of=stored["of"],
        method=stored["method"],
        assumptions=tuple(stored["assumptions"]),
    )


def _read_arm(stored: Mapping[str, Any] | None) -> Arm | None:
    if stored is None:
        return None
    numbers = (float(stored["estimate"]), float(stored["se"]))
    if not all(math.isfinite(value) for value in numbers) or numbers[1] < 0:
        raise ValueError(f"no estimate with an error: {stored!r}")
    return Arm(*numbers, math.inf if stored["df"] is None else float(stored["df"]))
