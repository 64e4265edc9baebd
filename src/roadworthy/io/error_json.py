"""An error as JSON and back: what programs read, and what comes from a custodian's vault."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from roadworthy.core.errors import RoadworthyError


def error_to_json(problem: RoadworthyError) -> dict[str, Any]:
    """What is wrong, with which value, where, and what to do next."""
    told = {
        "code": problem.code,
        "where": problem.where,
        "value": _plain(problem.value),
        "next": problem.next_step,
        "message": problem.message,
    }
    return {"error": told}


def error_from_json(stored: Mapping[str, Any], kind: type[RoadworthyError]) -> RoadworthyError:
    """The error that ``error_to_json`` wrote, as one of ``kind``.

    Raises:
        KeyError, TypeError: it is none.
    """
    told = stored["error"]
    where = told.get("where")
    return kind(
        str(told["message"]),
        code=str(told["code"]),
        where=None if where is None else str(where),
        value=told.get("value"),
        next_step=str(told["next"]),
    )


def _plain(value: object) -> object:
    """JSON has no word for NaN and Infinity."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
