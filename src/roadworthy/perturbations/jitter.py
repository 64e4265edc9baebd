"""Jitter: a number was measured with an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl
from scipy.special import ndtri

from roadworthy.stats.perturbing import require_positive

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Floats


@dataclass(frozen=True)
class Jitter:
    """A Gaussian error of the standard deviation ``by`` on the numbers of ``column``.

    Whole numbers stay whole.
    """

    column: str
    by: float
    about: ClassVar[str] = "adds a measurement error to a column of numbers"

    def __post_init__(self) -> None:
        require_positive("by", self.by)

    def values(self, values: pl.Series, chance: Floats) -> pl.Series:
        if not values.dtype.is_numeric():
            raise ValueError(f"the column {self.column!r} holds {values.dtype}, and no numbers")
        found = values.cast(pl.Float64) + pl.Series(self.by * ndtri(chance))
        if values.dtype.is_integer():
            ends = np.iinfo(values.head(0).to_numpy().dtype)
            found = found.round().clip(ends.min, ends.max)
        return found.cast(values.dtype, strict=False)
