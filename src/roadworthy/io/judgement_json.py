"""A judgement as JSON and back: what programs read, and what a dossier is rendered from later."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Withheld
from roadworthy.core.need import Need
from roadworthy.core.path import Amount, Path
from roadworthy.core.picture import Pictures
from roadworthy.core.requirement import Limit, Side, Tier, Whose
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io.certificate_json import certificate_from_json, certificate_to_json
from roadworthy.io.kinds import read
from roadworthy.io.slice_json import slice_from_json, slice_to_json
from roadworthy.io.ways_json import way_from_json, way_to_json

Json: TypeAlias = dict[str, Any]

SCHEMA = 1
_NUMBERS = ("estimate", "low", "high", "p_pass", "p_fail", "n")


def to_json(judgement: Judgement) -> Json:
    """The judgement as plain values that ``json.dumps(..., allow_nan=False)`` accepts.

    A verdict without a measurement has ``null`` for every number. Later versions may add keys at
    the end of an object; the keys here stay. A bound that is not finite is written as ``null``,
    which means "no finite bound".

    Raises:
        ValueError: an estimate, a limit or a cost is infinite or NaN, or a slice pins one column
            twice; JSON has no word for either.
    """
    certificate = judgement.certificate
    return {
        "schema": SCHEMA,
        "product": judgement.product,
        "outcome": judgement.outcome.value,
        "set": judgement.set,
        "subject": {
            "kind": judgement.subject.kind.value,
            "name": judgement.subject.name,
            "fingerprint": judgement.subject.fingerprint,
        },
        "version": judgement.version,
        "verdicts": [verdict_to_json(verdict) for verdict in judgement.verdicts],
        "paths": [_path(path) for path in judgement.paths],
        "population": _population(judgement.population),
        "fingerprints": dict(judgement.fingerprints),
        "notes": list(judgement.notes),
        "pictures": _pictures(judgement.pictures),
        "certificate": None if certificate is None else certificate_to_json(certificate),
        "hypothetical": judgement.hypothetical or None,
        "ways": [way_to_json(way) for way in judgement.ways],
        "withheld": judgement.withheld or None,
    }


def from_json(stored: Mapping[str, Any]) -> Judgement:
    """The judgement that ``to_json`` wrote; ``from_json(to_json(j)) == j``.

    Raises:
        BadInput: the schema is another one, something is missing, or the stored outcome is better
            than its own verdicts allow.
    """
    schema = stored.get("schema")
    if schema != SCHEMA:
        raise _other_schema(schema, stored.get("version"))
    try:
        parsed = _read_judgement(stored)
        judgement = _still_withheld(read(Judgement, asdict(parsed)), parsed)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(f"A judgement is incomplete or malformed: {error!r}.") from error
    for contradiction in _contradictions(judgement):
        raise _unreadable(contradiction)
    return judgement


def _still_withheld(judgement: Judgement, parsed: Judgement) -> Judgement:
    """Plain values do not tell evidence that is withheld from evidence that is missing."""
    verdicts = tuple(
        replace(checked, evidence=told.evidence) if isinstance(told.evidence, Withheld) else checked
        for checked, told in zip(judgement.verdicts, parsed.verdicts, strict=True)
    )
    return replace(judgement, verdicts=verdicts)


def _other_schema(schema: object, version: object) -> BadInput:
    newer = isinstance(schema, int) and schema > SCHEMA
    by = f" by roadworthy {version[:40]}" if isinstance(version, str) else ""
    return BadInput(
        f"This judgement was written{by} with schema {str(schema)[:40]}, and schema {SCHEMA} is "
        "known here.",
        code="other_schema",
        value=schema if isinstance(schema, int | str) else None,
        next_step="Upgrade roadworthy, or judge again with this version."
        if newer
        else "Judge again.",
    )


def _unreadable(message: str) -> BadInput:
    next_step = "Judge again, or take the file as roadworthy wrote it."
    return BadInput(message, code="judgement", next_step=next_step)


def _contradictions(judgement: Judgement) -> Iterator[str]:
    """A file edited by hand must not become a PASS that nobody measured."""
    if judgement.withheld and judgement.outcome is Outcome.FAIL:
        yield "It withholds every number, and says FAIL."
    for verdict in judgement.verdicts:
        untold = bool(judgement.withheld) and isinstance(verdict.evidence, Withheld)
        none = isinstance(verdict.evidence, NotMeasured) and not untold
        if verdict.outcome is Outcome.PASS and none:
            yield f"{verdict.requirement!r} says PASS, and nothing was measured."
    worst = Outcome.worst(verdict.outcome for verdict in judgement.where(gating=True))
    if judgement.outcome.severity < worst.severity:
        yield f"The product says {judgement.outcome}, and its gating verdicts say {worst}."
    certificate = judgement.certificate
    if certificate and judgement.outcome.severity < certificate.outcome.severity:
        yield f"The product says {judgement.outcome}, and its certificate {certificate.outcome}."


def verdict_to_json(verdict: Verdict) -> Json:
    """One verdict as plain values; see ``to_json``."""
    evidence = verdict.evidence
    measured = evidence if isinstance(evidence, Measured) else None
    return {
        "requirement": verdict.requirement,
        "metric": verdict.metric,
        "slice": slice_to_json(verdict.slice),
        "tier": verdict.tier.value,
        "limit": _limit(verdict.limit),
        "outcome": verdict.outcome.value,
        **_numbers(evidence),
        "confidence": verdict.confidence,
        "effective_confidence": verdict.effective_confidence,
        "method": measured.method if measured else None,
        "reason": None if isinstance(evidence, Withheld) else verdict.reason,
        "needs": _need(verdict.need) if verdict.need else None,
        "of": measured.of if measured else None,
        "assumptions": list(measured.assumptions) if measured else [],
        "not_measured": _why_not(evidence),
        "target": verdict.target,
        "of_whom": verdict.of.value,
        "hypothetical": verdict.hypothetical or None,
        "withheld": isinstance(evidence, Withheld),
    }


def _why_not(evidence: Evidence) -> str | None:
    return None if isinstance(evidence, Measured | Withheld) else evidence.reason


def _numbers(evidence: Evidence) -> Json:
    if isinstance(evidence, NotMeasured):
        return dict.fromkeys(_NUMBERS)
    return {
        "estimate": _finite(evidence.estimate, "an estimate"),
        "low": _bound(evidence.low),
        "high": _bound(evidence.high),
        "p_pass": float(evidence.p_pass),
        "p_fail": float(evidence.p_fail),
        "n": int(evidence.n),
    }


def _finite(value: float, what: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{what} is {value!r}: return NotMeasured, or give a finite number")
    return float(value)


def _bound(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _limit(limit: Limit) -> Json:
    value = _finite(limit.value, "a limit")
    written: Json = {"side": limit.side.value, "value": value, "unit": limit.unit}
    return written if limit.against is None else {**written, "against": limit.against}


def _need(need: Need) -> Json:
    return {
        "of": need.of,
        "at_target": need.at_target,
        "at_observed": need.at_observed,
        "without_error": need.without_error,
        "never": need.never,
        "among": need.among,
        "assumed": list(need.assumed),
    }


def _path(path: Path) -> Json:
    return {
        "lever": path.lever,
        "change": path.change,
        "cost": _amount(path.cost),
        "expected": path.expected,
        "assumed": list(path.assumed),
        "selection": path.selection,
        "write": path.write,
        "per_case": _amount(path.per_case),
        "cases": path.cases,
        "settles": path.settles,
        "proof": path.proof,
    }


def _amount(cost: Amount | None) -> Json | None:
    return {"value": _finite(cost.value, "a cost"), "unit": cost.unit} if cost else None


def _population(population: Population) -> Json:
    return {
        "cases": population.cases,
        "units": population.units,
        "inside": population.inside,
        "referred": population.referred,
        "positives": population.positives,
        "outside": [{"reason": reason, "cases": cases} for reason, cases in population.outside],
        "rejected": population.rejected,
        "turned_away": population.turned_away,
    }


def _pictures(pictures: Pictures | None) -> Json | None:
    """Only those that are there."""
    if pictures is None:
        return None
    return {key: value for key, value in asdict(pictures).items() if value not in (None, ())}


def _read_judgement(stored: Mapping[str, Any]) -> Judgement:
    subject, certificate = stored["subject"], stored.get("certificate")
    return Judgement(
        product=stored["product"],
        outcome=Outcome(stored["outcome"]),
        set=stored["set"],
        subject=Subject(SubjectKind(subject["kind"]), subject["name"], subject["fingerprint"]),
        version=stored["version"],
        verdicts=tuple(verdict_from_json(verdict) for verdict in stored["verdicts"]),
        population=_read_population(stored["population"]),
        fingerprints=dict(stored["fingerprints"]),
        notes=tuple(stored["notes"]),
        paths=tuple(_read_path(path) for path in stored["paths"]),
        # judgements kept by earlier versions lack them
        pictures=read(Pictures, stored["pictures"]) if stored.get("pictures") else None,
        certificate=None if certificate is None else certificate_from_json(certificate),
        ways=tuple(way_from_json(way) for way in stored.get("ways", ())),
        withheld=stored.get("withheld") or "",
    )


def verdict_from_json(stored: Mapping[str, Any]) -> Verdict:
    """The verdict that ``verdict_to_json`` wrote; KeyError, TypeError or ValueError otherwise."""
    return Verdict(
        requirement=stored["requirement"],
        metric=stored["metric"],
        slice=slice_from_json(stored["slice"]),
        tier=Tier(stored["tier"]),
        limit=_read_limit(stored["limit"]),
        outcome=Outcome(stored["outcome"]),
        evidence=_read_evidence(stored),
        confidence=stored["confidence"],
        effective_confidence=stored["effective_confidence"],
        reason=stored["reason"] or "",
        need=_read_need(stored["needs"]) if stored["needs"] else None,
        target=stored["target"],
        # judgements kept by earlier versions lack what follows
        of=Whose(stored.get("of_whom", Whose.PRODUCT.value)),
        hypothetical=stored.get("hypothetical") or "",
    )


def _read_evidence(stored: Mapping[str, Any]) -> Evidence:
    if stored.get("withheld"):
        return Withheld()
    if stored["not_measured"] is not None:
        return NotMeasured(stored["not_measured"])
    return Measured(
        **{name: stored[name] for name in _NUMBERS},
        of=stored["of"],
        method=stored["method"],
        assumptions=tuple(stored["assumptions"]),
    )


def _read_limit(stored: Mapping[str, Any]) -> Limit:
    return Limit(Side(stored["side"]), stored["value"], stored["unit"], stored.get("against"))


def _read_need(stored: Mapping[str, Any]) -> Need:
    return Need(
        of=stored["of"],
        at_target=stored["at_target"],
        at_observed=stored["at_observed"],
        without_error=stored["without_error"],
        never=stored["never"],
        among=stored["among"],
        assumed=tuple(stored["assumed"]),
    )


def _read_path(stored: Mapping[str, Any]) -> Path:
    return Path(
        lever=stored["lever"],
        change=stored["change"],
        expected=stored["expected"],
        cost=_read_amount(stored["cost"]),
        # judgements kept by earlier versions lack what follows
        assumed=tuple(stored.get("assumed", ())),
        selection=stored.get("selection", False),
        write=stored.get("write", ""),
        per_case=_read_amount(stored.get("per_case")),
        cases=stored.get("cases"),
        settles=stored.get("settles", False),
        proof=stored.get("proof", ""),
    )


def _read_amount(stored: Mapping[str, Any] | None) -> Amount | None:
    return Amount(stored["value"], stored["unit"]) if stored else None


def _read_population(stored: Mapping[str, Any]) -> Population:
    outside = tuple((entry["reason"], entry["cases"]) for entry in stored["outside"])
    return Population(
        cases=stored["cases"],
        units=stored["units"],
        inside=stored["inside"],
        referred=stored["referred"],
        positives=stored["positives"],
        outside=outside,
        # judgements kept by earlier versions lack what follows
        rejected=stored.get("rejected", 0),
        turned_away=stored.get("turned_away"),
    )
