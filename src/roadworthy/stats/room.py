"""How far a measurement lies from its limit, on one scale for every kind of metric."""

from __future__ import annotations

from statistics import NormalDist

from roadworthy.core.evidence import Measured
from roadworthy.core.requirement import Limit

# beyond this many standard errors a p-value is too small for a float
_FARTHEST = 37.0


def room(evidence: Measured, limit: Limit) -> float:
    """Standard errors of room on the right side of the limit; negative on the wrong side.

    The normal quantile of ``p_pass`` where the limit is met, of ``p_fail`` where it is missed,
    and 0 where neither is below one half. For comparing, never for judging: no alpha is kept.

    >>> from roadworthy.core.requirement import Side
    >>> limit = Limit(Side.AT_LEAST, 0.9)
    >>> near = Measured(0.95, 0.9, 0.98, 0.05, 0.98, 100, "cases", "exact")
    >>> far = Measured(0.80, 0.7, 0.90, 0.99, 0.001, 100, "cases", "exact")
    >>> round(room(near, limit), 2), round(room(far, limit), 2)
    (1.64, -3.09)
    """
    if evidence.p_pass <= 0.5:
        return _quantile(evidence.p_pass)
    if evidence.p_fail > 0.5:
        return 0.0
    missed = _quantile(evidence.p_fail)
    if missed < _FARTHEST:
        return -missed
    # so far off, the gap itself must tell one from the other
    return -_FARTHEST - abs(evidence.estimate - limit.threshold) / max(abs(limit.threshold), 1e-9)


def _quantile(p: float) -> float:
    """How many standard errors a normal variable exceeds with probability ``p``."""
    # the terminal compares too, and must not wait for scipy
    return min(-NormalDist().inv_cdf(p), _FARTHEST) if p > 0 else _FARTHEST
