"""What a kind of model may be told of its training beside features, truth and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.images import Images
from roadworthy.core.product import Sampling, TrainRules

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Epoch:
    """How far a training has come: epoch ``number`` of at most ``of``, and what is still to go."""

    title: str
    number: int
    of: int
    held_out: float
    seconds_left: float


Progress = Callable[[Epoch], None]


@dataclass(frozen=True)
class Guidance:
    """What training may know of its cases, all in their order, and where it may keep its state.

    ``units`` (cases,) are units of independence: what is held out is held out whole. ``costs``
    (cases, calls) is what each call of each case costs, less what it earns; ``calls`` names the
    calls, of a binary task False and True. ``checkpoints`` is a folder; None: nothing is kept.
    ``shares`` (cases,) say how often each sampling that the cases' columns or prices decide shows a
    case, against one another.
    """

    ids: pl.Series
    units: pl.Series
    training: TrainRules = field(default_factory=TrainRules)
    calls: tuple[str | bool, ...] = ()
    costs: NDArray[np.float64] | None = None
    images: Images = field(default_factory=lambda: Images(()))
    progress: Progress | None = None
    checkpoints: Path | None = None
    shares: Mapping[Sampling, NDArray[np.float64]] = field(default_factory=dict)

    def of(self, rows: NDArray[np.int64]) -> Guidance:
        """The same of some of the cases."""
        costs = None if self.costs is None else self.costs[rows]
        shares = {rule: found[rows] for rule, found in self.shares.items()}
        ids, units = self.ids[rows], self.units[rows]
        return replace(self, ids=ids, units=units, costs=costs, shares=shares)
