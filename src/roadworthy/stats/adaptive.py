"""What a test set is worth after it answered k questions: exact where it can be, else simulated.

A set that tells numbers can be climbed: whoever asks often enough "proves" what is not so, with
labels that are pure chance. A set that answers PASS or NOT YET, each time at its share of alpha,
cannot, however the questions hang on the answers (Dwork et al. 2015; Blum & Hardt 2015).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.stats import _arguments, binomial

__all__ = [
    "best_of",
    "boosted",
    "boosted_accuracy",
    "climbed",
    "ever_passes_bound",
    "ever_passes_point",
    "passes",
]

Floats = NDArray[np.float64]


def ever_passes_point(limit: float, truth: float, cases: int, tries: int) -> float:
    """Chance that one of ``tries`` products of rate ``truth`` shows ``limit`` by its estimate.

    The products' errors are independent of each other.

    >>> round(ever_passes_point(0.90, 0.899, 300, 20), 4)
    1.0
    """
    needed = math.ceil(round(limit * cases, 9))
    return _ever(float(binomial.p_above(needed, cases, truth)), tries)


def ever_passes_bound(limit: float, truth: float, cases: int, tries: int, alpha: float) -> float:
    """The same where an exact lower bound at ``alpha`` must reach the limit, at every try.

    >>> round(ever_passes_bound(0.90, 0.899, 300, 20, 0.05), 3)
    0.565
    >>> round(ever_passes_bound(0.90, 0.899, 300, 20, 0.05 / 20), 3)
    0.021
    """
    needed = int(binomial.hits_needed(cases, limit, alpha))
    if needed > cases:
        return 0.0
    return _ever(float(binomial.p_above(needed, cases, truth)), tries)


def boosted_accuracy(tries: int, cases: int) -> float:
    """Accuracy that a majority of the better half of ``tries`` random answers shows: about this.

    On labels that are pure chance, whoever is told every score keeps the answers that scored above
    one half and lets them vote: Phi(sqrt(2 k / (pi n))) (Blum & Hardt 2015, the boosting attack).

    >>> round(boosted_accuracy(100, 1000), 3)
    0.6
    """
    _arguments.number_from("tries", tries, 0)
    _arguments.number_from("cases", cases, 1)
    return float(special.ndtr(math.sqrt(2.0 * tries / (math.pi * cases))))


def best_of(tries: int, cases: int, runs: int, rng: np.random.Generator) -> Floats:
    """Accuracy of the best of ``tries`` coin tosses, as their shown scores tell; shape (runs,)."""
    return np.asarray(rng.binomial(cases, 0.5, (runs, tries)).max(axis=1) / cases)


def boosted(tries: int, cases: int, runs: int, rng: np.random.Generator) -> Floats:
    """Accuracy that the boosting attack shows on random labels, shape (runs,)."""
    found = np.empty(runs)
    for run in range(runs):
        # by symmetry every label may be 1: an answer is right where it says 1
        right = rng.integers(0, 2, (tries, cases), dtype=np.int8)
        better = right.mean(axis=1) > 0.5
        votes = np.where(better[:, None], right, 1 - right).mean(axis=0)
        found[run] = np.mean(votes > 0.5) + 0.5 * np.mean(votes == 0.5)
    return found


def climbed(
    tries: int, cases: int, runs: int, rng: np.random.Generator, told: bool
) -> NDArray[np.int64]:
    """Hits of every product that a team submits while it climbs, shape (runs, tries).

    A product is right on each case with a chance of one half, whatever is done: truly no better
    than a coin. With ``told`` scores the team changes a tenth of its answers and keeps the change
    where the score rose; without, it can only change and hope.
    """
    found = np.empty((runs, tries), dtype=np.int64)
    changed = max(1, cases // 10)
    for run in range(runs):
        mine = rng.integers(0, 2, cases, dtype=np.int8)
        kept = int(mine.sum())
        for k in range(tries):
            trial = mine.copy()
            at = rng.choice(cases, changed, replace=False)
            trial[at] = rng.integers(0, 2, changed, dtype=np.int8)
            hits = int(trial.sum())
            found[run, k] = hits
            if not told or hits > kept:
                mine, kept = trial, hits
    return found


def passes(hits: NDArray[np.int64], cases: int, limit: float, alpha: float) -> NDArray[np.bool_]:
    """Whether any submission shows a rate of at least ``limit`` at ``alpha``, shape (runs,)."""
    return np.asarray(hits.max(axis=1) >= int(binomial.hits_needed(cases, limit, alpha)))


def _ever(chance: float, tries: int) -> float:
    return -math.expm1(tries * math.log1p(-chance)) if chance < 1.0 else 1.0
