"""What `roadworthy decide` prints: where the cases go, why, and by which certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy.cli import show
from roadworthy.core import decided
from roadworthy.core.policy import Route
from roadworthy.io import certificate_words
from roadworthy.io.box_table import listed
from roadworthy.io.certificate_json import certificate_fingerprint
from roadworthy.workflow.decisions import WORDS, Decisions

HEADS = ("goes", "cases", "share", "reason")


def decisions(found: Decisions) -> None:
    """Where the cases go, then why, then what decided, then where it is written."""
    show.line()
    show.line(lead(found), f"  of {found.source}", style="bold red" if found.expired else "bold")
    show.line()
    show.table(HEADS, rows(found), [""] * len(rows(found)))
    for line in facts(found):
        show.line(line)
    for note in found.notes:
        show.line(f"Note: {note}")


def lead(found: Decisions) -> str:
    """The most important thing to know of the decisions."""
    if found.expired is not None:
        return (
            f"{found.product}: THE CERTIFICATE EXPIRED on {found.expired}: a person gets every "
            f"one of {found.cases:,} cases"
        )
    return f"{found.product}: {found.counts}"


def rows(found: Decisions) -> list[tuple[str, ...]]:
    """Where cases go and for which reason, the cells of a table."""
    return [
        (WORDS[route], f"{count:,}", f"{count / found.cases:.1%}", reason)
        for route, reason, count in found.counted
    ]


def facts(found: Decisions) -> Iterator[str]:
    """What decided, who gets what, what is audited, and where it is written."""
    if found.certificate is not None:
        made, expires = found.certificate.made, found.certificate.expires
        valid = "" if expires is None else f", valid until {expires}"
        asked = certificate_words.requirement(found.certificate)
        yield f"Certificate of {made}{valid}: {asked}"
    if found.clear_below is not None or found.flag_above is not None:
        yield f"Thresholds: {thresholds(found)}"
    if found.audit is not None and found.expired is None:
        cleared = found.audits + found.routes.get(Route.CLEAR, 0)
        yield (
            f"Audit: {found.audits:,} of {cleared:,} cleared cases go to a person all the same, "
            f"drawn with probability {found.audit:g}"
        )
    if (marks := marked(found)) is not None:
        yield marks
    if len(found.queues) > 1:
        told = ", ".join(f"{name} {count:,}" for name, count in found.queues.items())
        yield f"Queues: {told}"
    if found.out is not None:
        yield f"Written: {found.out}"


def marked(found: Decisions) -> str | None:
    """How many marks are shown, and on how many cases; None: none are declared."""
    if decided.MARKS not in found.table.columns:
        return None
    each = [len(listed(text)) for text in found.table[decided.MARKS].drop_nulls()]
    if not each:
        return "Marks: none, because the model does not say where in an image it looks"
    with_some = sum(count > 0 for count in each)
    return f"Marks: {sum(each):,} shown, on {with_some:,} of {found.cases:,} cases"


def thresholds(found: Decisions) -> str:
    """Below what a case is cleared, and above what it is flagged."""
    low, high = found.clear_below, found.flag_above
    told = [] if low is None else [f"cleared below {low:.4g}"]
    word = "above" if found.certificate is not None else "from"
    told += [] if high is None else [f"flagged {word} {high:.4g}"]
    return ", ".join(told)


def decisions_json(found: Decisions) -> dict[str, Any]:
    """The counts as one JSON object; the records are in the file."""
    certificate = found.certificate
    return {
        "schema": 1,
        "product": found.product,
        "source": found.source,
        "cases": found.cases,
        "cleared": found.routes.get(Route.CLEAR, 0),
        "flagged": found.routes.get(Route.FLAG, 0),
        "referred": found.routes.get(Route.REFER, 0),
        "assisted": found.routes.get(Route.ASSIST, 0),
        "rejected": found.routes.get(Route.REJECT, 0),
        "audits": found.audits,
        "audit_probability": found.audit,
        "reasons": dict(found.reasons),
        "queues": dict(found.queues),
        "clear_below": found.clear_below,
        "flag_above": found.flag_above,
        "certificate": None
        if certificate is None
        else {
            "fingerprint": certificate_fingerprint(certificate),
            "made": certificate.made,
            "expires": certificate.expires,
            "expired": found.expired is not None,
        },
        "out": None if found.out is None else str(found.out),
        "notes": list(found.notes),
    }
