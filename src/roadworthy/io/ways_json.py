"""The ways of working as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.core.ways import Figure, Way

_FIGURES = ("sensitivity", "specificity", "reads", "cost")


def way_to_json(way: Way) -> dict[str, Any]:
    """One way as plain values; ``reads`` are per 10,000 cases, a figure nobody has is null."""
    return {
        "way": way.name,
        "hypothetical": way.hypothetical or None,
        "unit": way.unit,
        **{name: _figure(getattr(way, name)) for name in _FIGURES},
    }


def _figure(figure: Figure | None) -> dict[str, float] | None:
    if figure is None:
        return None
    return {"estimate": figure.estimate, "low": figure.low, "high": figure.high, "n": figure.n}


def way_from_json(stored: Mapping[str, Any]) -> Way:
    """The way that ``way_to_json`` wrote."""
    figures = {name: None if stored[name] is None else Figure(**stored[name]) for name in _FIGURES}
    return Way(stored["way"], stored["hypothetical"] or "", stored["unit"], **figures)
