"""A certificate as JSON and back: what programs read, and what is kept of a look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from roadworthy.core.certificate import (
    Certificate,
    CertifiedSide,
    Missing,
    OnOpenCases,
    ProtectedLevel,
    Reader,
    Risk,
    SeenRate,
)
from roadworthy.core.outcome import Outcome
from roadworthy.io.slice_json import slice_from_json, slice_to_json

Json = dict[str, Any]


def certificate_to_json(found: Certificate) -> Json:
    """The certificate as plain values; later versions may add keys, the keys here stay.

    ``cleared``, ``referred`` and ``flagged`` are shares of the open set's cases, null before any
    were judged. A side without a threshold has ``null`` there, and says why and what is missing.
    """
    seen = found.open
    return {
        "outcome": found.outcome.value,
        "sides": [_side(one) for one in found.sides],
        "cleared": None if seen is None else seen.cleared,
        "referred": None if seen is None else seen.referred,
        "flagged": None if seen is None else seen.flagged,
        "looks": found.look,
        "looks_declared": found.looks,
        "confidence": found.confidence,
        "method": found.method,
        "unit": found.unit,
        "scope": list(found.scope),
        "prevalence": found.prevalence,
        "calibration": {
            "cases": found.cases,
            "positives": found.positives,
            "negatives": found.negatives,
            "unscored": found.unscored,
        },
        "made": found.made,
        "expires": found.expires,
        "fingerprints": dict(found.fingerprints),
        "assumptions": list(found.assumptions),
        "notes": list(found.notes),
        "open": None if seen is None else _open(seen),
    }


def certificate_fingerprint(found: Certificate) -> str:
    """SHA-256 (64 hex digits) of the guarantee, whatever open cases showed of it since."""
    kept = certificate_to_json(replace(found, open=None))
    return sha256(json.dumps(kept, sort_keys=True, allow_nan=False).encode()).hexdigest()


def certificate_from_json(stored: Mapping[str, Any]) -> Certificate:
    """The certificate that ``certificate_to_json`` wrote.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    counts = stored["calibration"]
    found = Certificate(
        outcome=Outcome(stored["outcome"]),
        sides=tuple(_read_side(one) for one in stored["sides"]),
        confidence=stored["confidence"],
        look=stored["looks"],
        looks=stored["looks_declared"],
        method=stored["method"],
        unit=stored["unit"],
        scope=tuple(stored["scope"]),
        prevalence=stored["prevalence"],
        cases=counts["cases"],
        positives=counts["positives"],
        negatives=counts["negatives"],
        unscored=counts["unscored"],
        made=stored["made"],
        expires=stored["expires"],
        fingerprints=dict(stored["fingerprints"]),
        assumptions=tuple(stored["assumptions"]),
        notes=tuple(stored["notes"]),
        open=None if stored["open"] is None else _read_open(stored["open"]),
    )
    certified = all(one.threshold is not None for one in found.sides)
    if found.outcome is Outcome.PASS and not certified:
        raise ValueError("a certificate says PASS, and one of its sides has no threshold")
    return found


def _side(one: CertifiedSide) -> Json:
    needs = one.needs
    return {
        "side": one.side,
        "risk": one.risk.value,
        "at_most": one.at_most,
        "at_least": one.at_least,
        "delta": one.delta,
        "k": one.k,
        "n": one.n,
        "of": one.of,
        "bound": one.bound,
        "threshold": one.threshold,
        "certified": one.certified,
        "needs": None
        if needs is None
        else {"cases": needs.cases, "of": needs.of, "have": needs.have, "more": needs.more},
        "attainable": one.attainable,
        "reason": one.reason,
        "protected": [
            {
                "slice": slice_to_json(level.slice),
                "k": level.k,
                "n": level.n,
                "bound": level.bound,
                "certified": level.certified,
            }
            for level in one.protected
        ],
    }


def _read_side(stored: Mapping[str, Any]) -> CertifiedSide:
    needs = stored["needs"]
    return CertifiedSide(
        side=stored["side"],
        risk=Risk(stored["risk"]),
        at_most=stored["at_most"],
        delta=stored["delta"],
        k=stored["k"],
        n=stored["n"],
        of=stored["of"],
        bound=stored["bound"],
        threshold=stored["threshold"],
        certified=stored["certified"],
        attainable=stored["attainable"],
        needs=None if needs is None else Missing(needs["cases"], needs["of"], needs["have"]),
        reason=stored["reason"],
        protected=tuple(
            ProtectedLevel(
                slice_from_json(level["slice"]),
                level["k"],
                level["n"],
                level["bound"],
                level["certified"],
            )
            for level in stored["protected"]
        ),
    )


def _open(seen: OnOpenCases) -> Json:
    return {
        "set": seen.set,
        "cases": seen.cases,
        "cleared": seen.cleared,
        "referred": seen.referred,
        "flagged": seen.flagged,
        "assisted": seen.assisted,
        "suggestions": None if seen.suggestions is None else _rate(seen.suggestions),
        "gross_misses": None if seen.gross is None else _rate(seen.gross),
        "readers": [
            {
                "name": reader.name,
                "net_misses": _rate(reader.net),
                "also_missed": _rate(reader.also_missed),
            }
            for reader in seen.readers
        ],
    }


def _read_open(stored: Mapping[str, Any]) -> OnOpenCases:
    gross, suggestions = stored["gross_misses"], stored.get("suggestions")
    return OnOpenCases(
        set=stored["set"],
        cases=stored["cases"],
        cleared=stored["cleared"],
        referred=stored["referred"],
        flagged=stored["flagged"],
        assisted=stored.get("assisted"),
        suggestions=None if suggestions is None else _read_rate(suggestions),
        gross=None if gross is None else _read_rate(gross),
        readers=tuple(
            Reader(one["name"], _read_rate(one["net_misses"]), _read_rate(one["also_missed"]))
            for one in stored["readers"]
        ),
    )


def _rate(seen: SeenRate) -> Json:
    return {"k": seen.k, "n": seen.n, "low": seen.low, "high": seen.high}


def _read_rate(stored: Mapping[str, Any]) -> SeenRate:
    return SeenRate(stored["k"], stored["n"], stored["low"], stored["high"])
