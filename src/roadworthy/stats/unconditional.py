"""The largest probability of a region over a rate nobody knows: what exact unconditional tests do.

Two tests share it: of a gain over the same cases (``paired``) and of a drop between two independent
sets of cases (``two_rates``). A p-value is the largest chance of an outcome at least as extreme as
the one seen, over every nuisance rate that a 1 - OUTSIDE interval does not exclude, plus OUTSIDE
(Berger & Boos 1994).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

__all__ = ["OUTSIDE", "interval", "largest", "log_binomial", "tie", "window"]

Floats = NDArray[np.float64]

OUTSIDE = 1e-6
"""Chance that the nuisance rate lies outside the range searched; it is added to every p-value."""

# Outcomes of equal score are one step of the ordering, however the last digit was rounded.
_TIE = 1e-9
_FEWEST_NODES, _MOST_NODES = 32, 512


def largest(size: Callable[[Floats], Floats], low: float, high: float) -> float:
    """Largest size of a region between two angles, never understated.

    ``size`` gives the probability of the region at each of several angles, on a scale on which one
    standard error is alike everywhere. It is a mean over outcomes, so it varies no faster than one
    standard error; a Chebyshev series follows it, and what its last coefficients hold is added.
    """
    if high <= low:
        return float(size(np.array([low]))[0])
    nodes = _FEWEST_NODES
    while True:
        places = np.cos(np.pi * np.arange(nodes + 1) / nodes)
        sizes = size(0.5 * (low + high) + 0.5 * (high - low) * places)
        weights = fft.dct(sizes, type=1) / nodes
        weights[[0, -1]] *= 0.5
        rest = float(np.abs(weights[-nodes // 4 :]).sum())
        best = float(sizes.max())
        if rest <= 1e-3 * best or nodes >= _MOST_NODES:
            break
        nodes *= 2
    return max(best, _largest_of_series(weights, 16 * nodes)) + rest


def interval(hits: float, n: float) -> tuple[float, float]:
    """Exact bounds of a rate, each wrong with half of OUTSIDE (Clopper & Pearson 1934).

    >>> tuple(round(bound, 4) for bound in interval(0, 100))
    (0.0, 0.1351)
    """
    least = special.betaincinv(hits, n - hits + 1.0, 0.5 * OUTSIDE) if hits > 0 else 0.0
    most = special.betainccinv(hits + 1.0, n - hits, 0.5 * OUTSIDE) if hits < n else 1.0
    return float(least), float(most)


def window(n: int, least: float, most: float) -> Floats:
    """Numbers of hits that matter for some rate between ``least`` and ``most``."""

    def reach(rate: float) -> float:
        return 6.5 * math.sqrt(n * rate * (1.0 - rate)) + 15.0

    first = max(0, math.floor(n * least - reach(least)))
    last = min(n, math.ceil(n * most + reach(most)))
    return np.arange(first, last + 1, dtype=np.float64)


def log_binomial(hits: Floats, n: float, rate: Floats | float) -> Floats:
    """Log of the chance of exactly so many hits; arguments broadcast."""
    orders = special.gammaln(hits + 1.0) + special.gammaln(n - hits + 1.0)
    choose = special.gammaln(n + 1.0) - orders
    chance = choose + special.xlogy(hits, rate) + special.xlog1py(n - hits, -np.asarray(rate))
    return np.asarray(chance, dtype=np.float64)


def tie(score: float) -> float:
    """A score just below ``score``: what ties with it, up to rounding, reaches it."""
    return score - _TIE * (1.0 + abs(score))


def _largest_of_series(weights: Floats, steps: int) -> float:
    """Largest value of a Chebyshev series on -1..1, with what it can gain between two steps."""
    at = np.linspace(-1.0, 1.0, steps + 1)
    values = np.polynomial.chebyshev.chebval(at, weights)
    bend = np.polynomial.chebyshev.chebval(at, np.polynomial.chebyshev.chebder(weights, 2))
    return float(values.max() + 0.5 * np.abs(bend).max() / steps**2)
