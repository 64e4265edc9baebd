"""From a bound to a p-value and from a test to a bound: what only one of the two is written for."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["boundary", "p_value"]

_CEILING = 1.0 - 1e-9
_PRECISION = 1e-8


def p_value(meets: Callable[[float], bool], floor: float = 1e-12) -> float:
    """Smallest one-sided alpha at which ``meets`` holds, such as "the bound meets the limit".

    ``meets`` must be monotone: once it holds it holds for every larger alpha. When the bound behind
    it keeps alpha at every level, the result is a valid p-value (duality of tests and intervals,
    Lehmann & Romano 2005, section 3.5). The bisection runs on log alpha to a relative 1e-8 and
    ends on the side that holds: ``meets(p)`` is true for every p returned below 1. Never below
    ``floor``; 1.0 where no alpha below 1 does.

    Raises ValueError unless 0 < floor < 1.

    >>> round(p_value(lambda alpha: 1.0 - alpha ** (1 / 30) <= 0.10), 6)
    0.042391
    """
    if not 0.0 < floor < 1.0:
        raise ValueError(f"floor must lie strictly between 0 and 1, not {floor!r}.")
    if meets(floor):
        return floor
    if not meets(_CEILING):
        return 1.0
    found = boundary(
        lambda level: meets(math.exp(level)), math.log(_CEILING), math.log(floor), _PRECISION
    )
    return math.exp(found)


def boundary(holds: Callable[[float], bool], inside: float, outside: float, within: float) -> float:
    """The last point, on the way from ``inside`` to ``outside``, at which ``holds`` is true.

    Bisection to a distance of ``within``; the point returned is one at which ``holds`` was seen to
    be true, so a bound built on it errs on the careful side. ``inside`` may be the larger one.
    Where ``holds`` fails at ``inside`` itself the caller gets ``inside`` back.

    Raises ValueError unless ``within`` is positive.

    >>> round(boundary(lambda x: x * x <= 2.0, 0.0, 2.0, 1e-9), 6)
    1.414214
    """
    if not within > 0.0:
        raise ValueError(f"within must be positive, not {within!r}.")
    if not holds(inside):
        return inside
    while abs(outside - inside) > within:
        middle = 0.5 * (inside + outside)
        if middle in (inside, outside):
            break
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
