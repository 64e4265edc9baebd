"""A cleared case as a FHIR R4 DiagnosticReport: the only room that knows the library for it.

`fhir-resources` offers R4B; of the resources that are used here R4 (4.0.1) and R4B (4.3.0) have the
same elements. The software itself may not be the performer of a report in R4, so it stands as the
device of a contained observation.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from roadworthy.core import decided
from roadworthy.core.errors import BadInput
from roadworthy.core.report import Coding
from roadworthy.io.harmless import harmless

XHTML = "http://www.w3.org/1999/xhtml"
_DECIDES_BY = decided.SUBJECT_FINGERPRINT
_OURS = uuid5(NAMESPACE_URL, "roadworthy:report")
_URNS = "urn:ietf:rfc3986"


class DiagnosticReports:
    """Makes a report a case; every one is validated.

    Raises:
        BadInput: the library is not installed; the extra that brings it is named.
    """

    def __init__(self, code: Coding | None = None) -> None:
        self._code = code
        try:
            from fhir.resources.R4B.diagnosticreport import DiagnosticReport
        except ImportError as problem:
            raise BadInput(
                "FHIR reports need the library fhir-resources, which is not installed.",
                code="missing_extra",
                where="--format",
                value="fhir-resources",
                next_step="Install it: `pip install 'roadworthy[fhir]'`.",
            ) from problem
        self._kind = DiagnosticReport

    def of(self, context: Mapping[str, Any], text: str) -> str:
        """The report of a case as one line of JSON; ``context`` is what templates are given."""
        told = _report(context, text, self._code)
        self._kind.model_validate(told)
        # what was validated is what is written: the library would take twice as long for the same
        return json.dumps(told, ensure_ascii=False)


def _report(context: Mapping[str, Any], text: str, coding: Coding | None) -> dict[str, Any]:
    at: datetime | None = context[decided.DECIDED_AT]
    case, unit = str(context[decided.ID]), context.get(decided.UNIT)
    code: dict[str, Any] = {"text": _said(context["examined"])}
    if coding is not None:
        known = {"system": coding.system, "code": coding.code}
        code |= {"coding": [known | ({"display": coding.display} if coding.display else {})]}
    issued = {} if at is None else {"issued": at.isoformat(timespec="milliseconds")}
    # the same decision is the same report, however often it is written
    number = str(uuid5(_OURS, "\0".join([str(context[_DECIDES_BY]), case, *issued.values()])))
    subject: dict[str, Any] = {"identifier": {"value": _said(case if unit is None else unit)}}
    subject |= {} if unit is None else {"type": "Patient"}
    return {
        "resourceType": "DiagnosticReport",
        "id": number,
        "text": {"status": "generated", "div": narrative(text)},
        "contained": [_device(context), _finding(context, code, subject)],
        "identifier": [
            {"system": _URNS, "value": f"urn:uuid:{number}"},
            {"type": {"text": "case"}, "value": _said(case)},
        ],
        "status": "final",
        "code": code,
        "subject": subject,
        **issued,
        "performer": [{"type": "Organization", "display": _said(context["contact"])}],
        "result": [{"reference": "#finding"}],
        "conclusion": _said(context["finding"]),
        "presentedForm": [
            {
                "contentType": "text/plain; charset=utf-8",
                "data": b64encode(text.encode()).decode(),
                "title": _said(context["examined"]),
            }
        ],
    }


def _device(context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": "device",
        "identifier": [{"type": {"text": "model"}, "value": context[decided.MODEL_FINGERPRINT]}],
        "deviceName": [{"name": _said(context[decided.PRODUCT]), "type": "user-friendly-name"}],
        "version": [
            {"type": {"text": name.removesuffix("_fingerprint")}, "value": str(context[name])}
            for name in (
                decided.SUBJECT_FINGERPRINT,
                decided.PRODUCT_FINGERPRINT,
                decided.CERTIFICATE_FINGERPRINT,
                decided.GUARD_FINGERPRINT,
            )
            if context[name] is not None
        ],
    }


def _finding(
    context: Mapping[str, Any], code: Mapping[str, Any], subject: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "finding",
        "status": "final",
        "code": code,
        "subject": subject,
        "valueString": _said(context["finding"]),
        "note": [{"text": "Decided by software alone; no person has seen this case."}],
        "device": {"reference": "#device"},
    }


def narrative(text: str) -> str:
    """Plain text as the XHTML that FHIR allows: every mark in it stands for itself.

    >>> narrative("a < b")
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b</p></div>'
    """
    parts = [escape(harmless(part)) for part in text.strip().split("\n\n")]
    told = "".join(f"<p>{'<br/>'.join(part.splitlines())}</p>" for part in parts if part.strip())
    return f'<div xmlns="{XHTML}">{told}</div>'


def _said(value: object) -> str:
    """Harmless text; FHIR knows no empty one."""
    return harmless(str(value)).strip() or "-"
