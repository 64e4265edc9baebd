"""Images before a guard: far is what looks unlike the training images, by hand-made measures.

A net that was trained for something else would not do: what it learnt to overlook it overlooks here
too. What cannot be read is not far but unknown, and the model's missing answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from roadworthy.core.images import Pooling
from roadworthy.models import image_cases
from roadworthy.models.hand_made import NAMES
from roadworthy.models.image_rule import with_numbers

if TYPE_CHECKING:
    from roadworthy.core.guard import Floats


@dataclass(frozen=True)
class Pictured:
    """A column of image files through the measures of ``models.hand_made``, each standardised.

    ``mean`` and ``deviation`` are those of the reference, shape (measures,).
    """

    name: str
    mean: Floats
    deviation: Floats

    def of(self, cases: pl.DataFrame) -> Floats:
        """The images as numbers, shape (measures, cases); NaN where one cannot be read."""
        return ((_measures(cases, self.name) - self.mean) / self.deviation).T

    def plain(self) -> dict[str, Any]:
        """What is written down."""
        return vars(self)


def pictured(cases: pl.DataFrame, name: str) -> Pictured:
    """The middle and the scale of each measure over the reference ``cases``.

    Raises:
        BadInput: none of the images can be read.
    """
    found = _measures(cases, name)
    readable = found[~np.isnan(found).any(axis=1)]
    if not len(readable):
        raise image_cases.none_readable(cases.height)
    mean, deviation = readable.mean(axis=0), readable.std(axis=0)
    # a measure that never differs keeps its own unit: whatever differs there is new
    still = deviation <= 1e-12 * np.maximum(1.0, np.abs(readable).max(axis=0))
    return Pictured(name, mean, np.where(still, 1.0, deviation))


def _measures(cases: pl.DataFrame, name: str) -> Floats:
    seen, _ = with_numbers(cases.select(name), (name,), Pooling())
    found: Floats = seen.select(NAMES).to_numpy()
    return found
