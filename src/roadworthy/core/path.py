"""A way towards yes: what to change, what it costs, what is then expected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """A cost with its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Path:
    """A lever's proposal, computed on open data only."""

    lever: str
    change: str
    expected: str
    cost: Amount | None = None
