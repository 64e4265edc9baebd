"""Which cases an epoch shows, and how often: rare ones, costly ones, those that are still hard.

What an epoch draws hangs on the seed, its number and, of hard cases, on the losses that were seen
so far, which are kept with the state: a training that was interrupted draws what it would have
drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.product import Draw, Sampling
from roadworthy.models.nets.feed import Rows

# so much of every chance is the same for all: a loss that was seen once is no verdict on a case
_ALIKE = 0.5


class Sampler:
    """Draws the ``rows`` of one fit; ``classes`` and ``shares`` (rows,) are those of the rows.

    ``hard``: cases are drawn by the loss that they had when they were seen last, half of the chance
    being the same for all (after Shrivastava et al. 2016, "Training region-based object detectors
    with online hard example mining"; Loshchilov & Hutter 2016, "Online batch selection"). Nothing
    weighs that up (as Katharopoulos & Fleuret 2018 do to lower variance): what is hard is meant to
    count for more, and scores are no chances then.
    """

    def __init__(
        self,
        rule: Sampling,
        rows: Rows,
        classes: NDArray[np.int64] | NDArray[np.float64],
        shares: NDArray[np.float64] | None = None,
    ) -> None:
        self._rule, self._rows, self._classes, self._shares = rule, rows, classes, shares
        self.watches = rule.draw is Draw.HARD
        self._losses = np.ones(len(rows)) if self.watches else np.empty(0)
        if self.watches:
            self._place = np.zeros(int(rows.max(initial=-1)) + 1, dtype=np.int64)
            self._place[rows] = np.arange(len(rows))

    def drawn(self, rng: np.random.Generator) -> Rows:
        """The rows of the next epoch, in the order in which batches are cut from them."""
        draw = self._rule.draw
        if draw is Draw.STRATIFIED:
            return self._rows[_interleaved(self._classes, rng)]
        if draw is Draw.OVERSAMPLE:
            assert self._shares is not None
            return rng.permutation(np.repeat(self._rows, self._shares.astype(np.int64)))
        chances = self._chances()
        if chances is None:
            return rng.permutation(self._rows)
        return rng.choice(self._rows, size=len(self._rows), replace=True, p=chances)

    def saw(self, rows: Rows, losses: NDArray[np.float32]) -> None:
        """Remembers the loss of every case of a batch."""
        self._losses[self._place[rows]] = losses

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """What must be kept to go on."""
        return {"losses": self._losses}

    def restore(self, arrays: dict[str, NDArray[np.float64]]) -> None:
        """Takes back what ``arrays`` gave."""
        self._losses = arrays["losses"]

    def _chances(self) -> NDArray[np.float64] | None:
        draw, even = self._rule.draw, 1.0 / max(len(self._rows), 1)
        if draw is Draw.BALANCED:
            _, which, counts = np.unique(self._classes, return_inverse=True, return_counts=True)
            found: NDArray[np.float64] = 1.0 / counts[which] / len(counts)
            return found
        if draw is Draw.COST:
            assert self._shares is not None
            by_cost: NDArray[np.float64] = self._shares / self._shares.sum()
            return by_cost
        if draw is Draw.HARD:
            hard = np.clip(self._losses, 0.0, None)
            total = hard.sum()
            part = hard / total if total > 0.0 else np.full(len(hard), even)
            mixed = _ALIKE * even + (1.0 - _ALIKE) * part
            chances: NDArray[np.float64] = mixed / mixed.sum()
            return chances
        return None


def _interleaved(classes: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.int64]:
    """Places in an order in which every stretch holds the classes in their proportion."""
    at = np.empty(len(classes))
    for one in np.unique(classes):
        members = np.flatnonzero(classes == one)
        # each class is spread evenly over the epoch, from a start of its own
        even = (np.arange(len(members)) + rng.random()) / len(members)
        at[rng.permutation(members)] = even
    found: NDArray[np.int64] = np.argsort(at, kind="stable")
    return found
