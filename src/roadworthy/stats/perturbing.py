"""What perturbations share: which of their words mean something, and values that are left empty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Floats


def require_positive(name: str, value: float, below: float = math.inf) -> None:
    """Refuses a perturbation that would change nothing.

    Raises:
        ValueError: ``value`` does not lie between 0 and ``below``.
    """
    if not 0.0 < value < below:
        ends = "above 0" if math.isinf(below) else f"between 0 and {below:g}"
        raise ValueError(f"{name} must lie {ends}, not {value:g}")


def require_share(share: float) -> None:
    """Refuses what is no share of the cases.

    Raises:
        ValueError: it is none.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must lie above 0 and be at most 1, not {share:g}")


def emptied(values: pl.Series, chance: Floats, share: float) -> pl.Series:
    """``values`` with null where ``chance`` lies below ``share``.

    >>> import numpy as np
    >>> emptied(pl.Series([1, 2]), np.array([0.3, 0.7]), 0.5).to_list()
    [None, 2]
    """
    lost = pl.Series(chance < share)
    return pl.select(pl.when(~lost).then(values)).to_series().alias(values.name)
