"""Rates over cases that share a patient or a drive, because 100 frames are not 100 proofs.

A unit is what was drawn independently (patient, drive, lot); its cases may be alike to any degree.
The cases are replaced by the number of independent cases that would tell as much, and the exact
binomial bounds are used on those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from roadworthy.stats import _arguments
from roadworthy.stats._arguments import Floats

__all__ = ["MIN_UNITS", "EffectiveSample", "effective_sample"]

MIN_UNITS = 50
"""Fewer units than this cannot tell how alike their cases are."""

# Equally large units with the rarer answer that must be expected before the observed likeness of
# cases is believed: not at all up to the first number, fully from the second. Found by simulation.
_BELIEVED_FROM, _BELIEVED_FULLY = 20.0, 40.0


@dataclass(frozen=True)
class EffectiveSample:
    """Independent cases that would tell as much: use ``binomial.lower(k, n, alpha)`` on them.

    ``units`` were drawn independently; ``design_effect`` is how many cases count as one.
    """

    k: float
    n: float
    units: int
    design_effect: float


def effective_sample(unit_hits: ArrayLike, unit_cases: ArrayLike, alpha: float) -> EffectiveSample:
    """Effective sample of a rate per case (sum of hits / sum of cases) when cases share units.

    Shapes (units,) and (units,): hits and cases of each unit; units without cases are left out.
    ``alpha`` is the one-sided level of the bound that will be taken. Units must be independent.

    The size is rate * (1 - rate) / variance, with the variance between units (ratio estimator) and
    the t-adjustment for estimating it, and never above the number of cases (Korn & Graubard 1998).
    That alone gives false PASSes of .1 to .6 at alpha .05 when few units, or few of the large ones,
    show the rarer answer: the likeness of their cases was then not seen, not absent. So the size is
    also capped at (sum of cases) / (largest unit): what is left if cases of a unit are fully alike
    and the rarer answer sits in the largest units; the number of units when all are equally large.
    (Kish's (sum of cases)**2 / sum of cases**2 still gives .15 when only large units fail.) The cap
    is eased only once fully alike cases would give 20 units with the rarer answer (large units
    counted by their share in the variance), and off from 40 on. With only hits, or only misses, the
    size is the cap. One very large unit therefore costs much: ask for a rate per unit then.

    Simulated over beta-binomial units (correlation 0 to 1, rates .05 to .99, 50 to 3000 units,
    sizes equal and up to 1 : 20, also with misses in large units only) the bound then keeps alpha
    at .05 and .0025. It cannot know of a kind of unit that was never drawn: if the large, worse
    units are so rare that a sample may hold none, draw more units.

    Units of one case each are independent cases: they keep their number, however few they are.

    Raises ValueError below MIN_UNITS units with cases when some have several, unless
    0 <= hits <= cases in each unit, and unless 0 < alpha < 1/2.

    >>> hits = np.repeat([2, 0], [95, 5])
    >>> found = effective_sample(hits, np.full(100, 2), alpha=0.05)
    >>> round(found.k / found.n, 3), round(found.n, 1), round(found.design_effect, 2)
    (0.95, 98.1, 2.04)
    """
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie strictly between 0 and 0.5, not {alpha!r}.")
    hits, cases = _with_cases(unit_hits, unit_cases)
    total = float(cases.sum())
    if total == cases.size and cases.max() == 1.0:
        return EffectiveSample(float(hits.sum()), total, hits.size, design_effect=1.0)
    rate = float(hits.sum()) / total
    alike = total / float(cases.max())
    size = alike if rate in (0.0, 1.0) else _size(hits, cases, rate, alike, alpha)
    # 1.0 * size is size: only hits stay only hits, whatever the size is.
    return EffectiveSample(k=rate * size, n=size, units=hits.size, design_effect=total / size)


def _size(hits: Floats, cases: Floats, rate: float, alike: float, alpha: float) -> float:
    units, total = hits.size, float(cases.sum())
    residual = hits - rate * cases
    variance = units / (units - 1) * float(residual @ residual) / total**2
    adjustment = special.stdtrit(total - 1, alpha) / special.stdtrit(units - 1, alpha)
    information = rate * (1.0 - rate) * float(adjustment) ** 2
    # Written without a quotient: the variance is 0 where every unit shows the same rate.
    size = total if information >= total * variance else information / variance
    if size <= alike:
        return size
    return alike + _belief(cases, rate) * (size - alike)


def _belief(cases: Floats, rate: float) -> float:
    """How far the observed likeness may be believed: 0 with few units of the rarer answer, to 1."""
    # Large units dominate the variance, so they are counted by their share in it.
    squares = cases * cases
    equal_units = float(squares.sum()) ** 2 / float(squares @ squares)
    rarer = min(rate, 1.0 - rate) * equal_units
    return float(np.clip((rarer - _BELIEVED_FROM) / (_BELIEVED_FULLY - _BELIEVED_FROM), 0.0, 1.0))


def _with_cases(unit_hits: ArrayLike, unit_cases: ArrayLike) -> tuple[Floats, Floats]:
    hits, cases = _arguments.counts(unit_hits, unit_cases)
    if hits.ndim != 1 or hits.shape != cases.shape:
        raise ValueError(
            f"unit_hits has shape {hits.shape}, unit_cases {cases.shape}: give one of each per "
            "unit."
        )
    some = cases > 0
    units = int(some.sum())
    alone = units > 0 and bool(np.all(cases[some] == 1.0))
    if units < MIN_UNITS and not alone:
        raise ValueError(
            f"{units} units have cases, and fewer than {MIN_UNITS} cannot tell how alike the cases "
            "of a unit are: collect more units, or ask for a rate per unit."
        )
    return hits[some], cases[some]
