"""`--quiet`: one line with the outcome, for scripts and for people in a hurry."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

WORD = "--quiet"

asked: ContextVar[bool] = ContextVar("asked", default=False)


def headline(found: Any) -> str | None:
    """The outcome in one line; None when what was found has none."""
    told = getattr(found, "headline", None)
    if isinstance(told, str):
        return told
    if hasattr(found, "verdicts"):
        return f"{found.product}: {found.answer}"
    if hasattr(found, "never") and hasattr(found, "judging_set"):
        return _plan(found)
    if hasattr(found, "html"):
        return f"{found.html}"
    if hasattr(found, "fingerprint") and hasattr(found, "model"):
        return f"{found.model} {found.fingerprint[:12]}"
    return None


def _plan(found: Any) -> str:
    if found.never:
        return f"{found.product}: can never be shown ({found.never[0].requirement})"
    if found.cases is None:
        return f"{found.product}: can be shown; how many cases it takes is not known"
    return f"{found.product}: can be shown with {found.cases:,} cases"
