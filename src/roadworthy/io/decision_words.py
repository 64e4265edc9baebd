"""Why a case goes where it goes, in words for those who read cases."""

from __future__ import annotations

from roadworthy.core import policy as codes
from roadworthy.core.images import NO_IMAGE
from roadworthy.core.scope import LEARNED
from roadworthy.io.harmless import short

BY_A_PERSON = "the product leaves it to a person"
_PLAIN = {
    codes.BELOW_CLEAR: "its score is low enough to clear",
    codes.ABOVE_FLAG: "its score is high enough to flag",
    codes.UNCERTAIN: "its score is neither low enough to clear nor high enough to flag",
    codes.IN_DOUBT: "its score lies in the band of doubt",
    codes.BELOW: "its score lies below the threshold",
    codes.AT_OR_ABOVE: "its score reaches the threshold",
    codes.SUGGESTS_CLEAR: "the product suggests to clear it",
    codes.SUGGESTS_FLAG: "the product suggests to flag it",
    codes.AUDIT_SAMPLE: "cleared by the product, and drawn for an audit",
    codes.CERTIFICATE_EXPIRED: "the product's certificate has expired",
    codes.NO_SCORE: "the product could give no score",
    NO_IMAGE: "there is no such image",
    LEARNED: "unlike the cases that the product knows",
}
_OF_FIELDS = {
    "OUT_OF_SCOPE": "out of scope: {}",
    "MISSING": "no value for {}",
    "BROKEN": "the image {} cannot be read",
    codes.NOT_CERTIFIED: "nothing is certified for cases with this {}",
}
ALIKE = (codes.UNCERTAIN, codes.IN_DOUBT)
"""Reasons of cases that an audited one may pass for: its reader must not know."""


def why(reason: str, scope_reasons: str = "", blinded: bool = False) -> str:
    """Why a case goes there; ``scope_reasons`` are codes parted by blanks, told instead if any.

    >>> why("UNCERTAIN", blinded=True) == why("AUDIT_SAMPLE", blinded=True)
    True
    >>> why("OUT_OF_SCOPE:age", "OUT_OF_SCOPE:age MISSING:density+vendor")
    'out of scope: age; no value for density, vendor'
    """
    if blinded and reason in (*ALIKE, codes.AUDIT_SAMPLE):
        return BY_A_PERSON
    told = scope_reasons.split() or [reason]
    return "; ".join(dict.fromkeys(map(_told, told)))


def _told(code: str) -> str:
    plain = _PLAIN.get(code)
    if plain is not None:
        return plain
    ground, _, fields = code.partition(":")
    words = _OF_FIELDS.get(ground)
    return short(code) if words is None or not fields else words.format(_fields(fields))


def _fields(fields: str) -> str:
    return ", ".join(short(field) for field in fields.split("+"))
