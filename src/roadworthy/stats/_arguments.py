"""Checks of what callers hand in, because a NaN or a rate in per cent could end as a PASS."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def counts(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Hits and cases as arrays; ValueError unless 0 <= k <= n, both finite."""
    hits, cases = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if not np.all((hits >= 0) & (hits <= cases) & np.isfinite(cases)):
        raise ValueError(
            f"need 0 <= k <= n, got k={_shown(hits)}, n={_shown(cases)}: count hits among the same "
            "cases as n."
        )
    return hits, cases


def between(name: str, value: ArrayLike) -> Floats:
    """An array of values strictly between 0 and 1, or ValueError."""
    number = np.asarray(value, dtype=np.float64)
    if not np.all((number > 0) & (number < 1)):
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {_shown(number)}.")
    return number


def rate(name: str, value: ArrayLike) -> Floats:
    """An array of rates in 0..1, or ValueError."""
    number = np.asarray(value, dtype=np.float64)
    if not np.all((number >= 0) & (number <= 1)):
        raise ValueError(f"{name} must lie in 0..1, not {_shown(number)}: write 95 % as 0.95.")
    return number


def whole(name: str, value: ArrayLike) -> Floats:
    """An array of whole numbers from 0, or ValueError."""
    number = np.asarray(value, dtype=np.float64)
    if not np.all((number >= 0) & (number == np.floor(number)) & np.isfinite(number)):
        raise ValueError(f"{name} must be whole and at least 0, not {_shown(number)}.")
    return number


def not_negative(name: str, value: ArrayLike) -> Floats:
    """An array of finite numbers from 0, or ValueError."""
    number = np.asarray(value, dtype=np.float64)
    if not np.all((number >= 0) & np.isfinite(number)):
        raise ValueError(f"{name} must be finite and at least 0, not {_shown(number)}.")
    return number


def number_from(name: str, value: float, least: int) -> int:
    """One whole number of at least ``least``, or ValueError."""
    if not math.isfinite(value) or value < least or value != int(value):
        raise ValueError(f"{name} must be a whole number from {least}, not {value!r}.")
    return int(value)


def positive(name: str, value: float) -> float:
    """One finite number above 0, or ValueError."""
    if not 0.0 < value < math.inf:
        raise ValueError(f"{name} must be finite and above 0, not {value!r}.")
    return value


def _shown(number: Floats) -> str:
    return np.array2string(number, threshold=5)
