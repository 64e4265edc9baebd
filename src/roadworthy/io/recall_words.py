"""Recalls of classes and what changed them, as the cells of a table."""

from __future__ import annotations

from roadworthy.core.recalls import Gain, Recall
from roadworthy.io.telling import DOWN, MINUS, NEAREST, UP, count, number

PAIRED = (
    "Gains are on the same validation cases, pair by pair; all of these bounds hold at once with "
    "95 %, on each side."
)
EVERY = "all classes, mean"


def recall(found: Recall) -> tuple[str, ...]:
    """Of what, where, the share, its bounds, and on how many cases.

    >>> recall(Recall("positive", "site = B", 9, 12, 0.47, 0.93))
    ('positive', 'site = B', '0.750', '0.470 to 0.930', '12 cases')
    """
    seen = number(found.k / found.n) if found.n else "-"
    if found.low is None or found.high is None:
        bounds = "-"
    else:
        bounds = f"{number(found.low, rounding=DOWN)} to {number(found.high, rounding=UP)}"
    return found.name, found.where or "all", seen, bounds, f"{count(found.n)} cases"


def gain(found: Gain) -> tuple[str, ...]:
    """Of what, how much, between which bounds, and whether that helps.

    >>> gain(Gain("positive", 0.08, 0.01, 0.15))
    ('positive', '+0.080', '+0.010 to +0.150', 'HELPS')
    """
    bounds = f"{_signed(found.low, DOWN)} to {_signed(found.high, UP)}"
    return found.name or EVERY, _signed(found.estimate, NEAREST), bounds, str(found.effect)


def _signed(value: float, rounding: str) -> str:
    told = number(value, rounding=rounding)
    return f"+{told}" if value > 0 else told.replace("-", MINUS)
