"""The ways in which product and reader can share the work, side by side; no way is a verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """An estimate on ``n`` cases between two bounds, each one-sided at the verdicts' confidence."""

    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Way:
    """One way of working on the judged cases in scope.

    ``reads`` are human reads per 10,000 cases; ``cost`` is a mean per case in ``unit``, None
    without fixed prices. ``hypothetical`` says what nobody has seen; empty when all was observed.
    """

    name: str
    hypothetical: str = ""
    unit: str = ""
    sensitivity: Figure | None = None
    specificity: Figure | None = None
    reads: Figure | None = None
    cost: Figure | None = None
