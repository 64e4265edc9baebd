"""A part of the cases as JSON and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from roadworthy.core.requirement import Slice, SliceKey


def slice_to_json(part: Slice) -> dict[str, Any] | None:
    """Every column with what it is pinned to; null is the whole set.

    Raises:
        ValueError: a column is pinned twice.
    """
    if not part.keys:
        return None
    pinned = {key.column: _pin(key) for key in part.keys}
    if len(pinned) < len(part.keys):
        raise ValueError(f"the slice '{part}' pins a column twice: give every column one key")
    return pinned


def slice_from_json(stored: Mapping[str, Any] | None) -> Slice:
    """The part that ``slice_to_json`` wrote."""
    return Slice(tuple(_key(column, pin) for column, pin in (stored or {}).items()))


def _pin(key: SliceKey) -> dict[str, Any]:
    if key.range is not None:
        return {"range": [end if math.isfinite(end) else None for end in map(float, key.range)]}
    return {"missing": True} if key.missing else {"value": key.value}


def _key(column: str, pin: Mapping[str, Any]) -> SliceKey:
    if pin.get("missing"):
        return SliceKey(column)
    if "range" not in pin:
        return SliceKey(column, value=pin["value"])
    low, high = pin["range"]
    return SliceKey(
        column, range=(-math.inf if low is None else low, math.inf if high is None else high)
    )
