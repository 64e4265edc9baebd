"""The area under the ROC curve, exact or in one pass, with bounds for scores of any shape.

The AUC is the chance that a random positive scores above a random negative, ties counting half.
How much it varies depends on both score distributions, which few cases do not reveal: formulas that
assume a shape (Hanley & McNeil 1982; Newcombe 2006, method 5) or estimate it (DeLong et al. 1988)
pass a failing model up to several times as often as they promise.

What no shape exceeds is the spread of a proportion. Give each case of the smaller class a case of
the other class of its own: the AUC is an average over all such matchings, and each of them is a
proportion of m = min(n_pos, n_neg) independent pairs. So its variance is at most A (1 - A) / m
(Birnbaum & Klose 1957), and it is smaller than that proportion in convex order (Hoeffding 1963,
section 5). The bounds treat it as that proportion, by the exact binomial tail. This is exact where
each case of the smaller class wins or loses all its pairs, and conservative elsewhere: at alpha
= .05 a model at the limit with normal scores of equal spread passes in less than .02 of studies.
Proven is the tail up to a factor e (Bentkus 2004); that no factor is needed is not proven but
enumerated and simulated in the tests.

Everywhere in this file ``alpha`` is one-sided, cases are independent of one another, and class
sizes may be real-valued (effective sizes of dependent cases).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import binomial

__all__ = [
    "BINS",
    "ScoreHistogram",
    "bins",
    "exact",
    "exact_packed",
    "lower",
    "p_above",
    "p_below",
    "packed",
    "sample_size",
    "sizes",
    "unpacked",
    "upper",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# few enough for the processor's cache
CASES_AT_A_TIME = 1 << 16


@dataclass(frozen=True)
class _Tier:
    """Scores whose bits reach ``start`` get the bin ``(bits >> shift) + offset``."""

    start: int
    shift: int
    offset: int


def _bits(number: float) -> int:
    return int(np.float64(number).view(np.int64))


def _tiers() -> tuple[_Tier, ...]:
    """Bins by the leading bits of min(s, 1 - s), coarser where fewer scores differ.

    Models crowd their scores at 0 and 1, where bins of equal width would see nothing but ties. Bin
    0 is left to zero and the subnormal numbers.
    """
    tiers: list[_Tier] = []
    first = 1
    for start, end, per_octave in (
        (2.0**-1022, 2.0**-64, 4),
        (2.0**-64, 2.0**-12, 64),
        (2.0**-12, 0.5, 1024),
    ):
        shift = 52 - (per_octave.bit_length() - 1)
        tiers.append(_Tier(_bits(start), shift, first - (_bits(start) >> shift)))
        first += (_bits(end) >> shift) - (_bits(start) >> shift)
    return tuple(tiers)


_TIERS = _tiers()
_HALF = _bits(0.5)
# The bin of a score of exactly 1/2 is the last one of the lower half; the upper half mirrors it.
BINS = 2 * ((_HALF >> _TIERS[-1].shift) + _TIERS[-1].offset + 1)


def exact(positive_scores: ArrayLike, negative_scores: ArrayLike) -> float:
    """The share of positive-negative pairs in which the positive scores higher; ties count half.

    Scores of shape (n_pos,) and (n_neg,), any scale, in O(n log n) (Mann & Whitney 1947).

    Raises ValueError when a class is empty or a score is NaN.

    >>> exact([0.9, 0.6, 0.4], [0.4, 0.1])
    0.9166666666666666
    """
    positives, negatives = (
        np.sort(_scores(name, scores))
        for name, scores in (("positive", positive_scores), ("negative", negative_scores))
    )
    below = np.searchsorted(negatives, positives, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(negatives, positives, side="right").sum(dtype=np.int64)
    # Python integers: twice the number of pairs may leave 64 bits.
    return (int(below) + int(not_above)) / (2 * len(positives) * len(negatives))


def packed(scores: ArrayLike, positive: ArrayLike) -> Integers:
    """Scores in 0..1 and truths, both of shape (n,), as one whole number a case, ordered alike.

    The bits of a float that is not negative rise with it, and its sign bit is free for the truth.

    Raises ValueError when a score is NaN or outside 0..1, or when the shapes differ.

    >>> auc_of = exact_packed(packed([0.9, 0.6, 0.4, 0.4, 0.1], [True, True, True, False, False]))
    >>> auc_of == exact([0.9, 0.6, 0.4], [0.4, 0.1])
    True
    """
    score, truth = _score_and_truth(scores, positive)
    _refuse_beyond(score)
    # + 0.0 makes -0.0 a 0.0
    return ((score + 0.0).view(np.int64) << 1) | truth


def unpacked(cases: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """What ``packed`` put together.

    >>> unpacked(packed([0.25, 1.0], [True, False]))
    (array([0.25, 1.  ]), array([ True, False]))
    """
    return (cases >> 1).view(np.float64), (cases & 1).astype(np.bool_)


def sizes(parts: Iterable[Integers]) -> tuple[int, int]:
    """Positives and negatives among packed cases."""
    positives = total = 0
    for cases in parts:
        positives += int((cases & 1).sum())
        total += len(cases)
    return positives, total - positives


def exact_packed(cases: Integers) -> float:
    """``exact`` of packed cases, shape (n,): the same number, bit for bit.

    Raises ValueError when a class is empty.
    """
    ordered = np.sort(cases)
    positive = (ordered & 1).astype(np.bool_)
    n_pos, n_neg = sizes([ordered])
    if n_pos == 0 or n_neg == 0:
        raise ValueError(
            f"an AUC needs both classes, not {n_pos} positives and {n_neg} negatives: "
            "add cases of the missing class."
        )
    # of equal scores the negatives come first, so all of them have been counted at a positive
    negatives: Integers = np.cumsum(~positive, dtype=np.int64)
    not_above = negatives[positive]
    score = ordered >> 1
    first = np.empty(len(score), dtype=np.bool_)
    first[0] = True
    np.not_equal(score[1:], score[:-1], out=first[1:])
    below = not_above
    if not first.all():
        starts = np.flatnonzero(first)
        before = np.concatenate(([0], negatives[starts[1:] - 1]))
        below = np.repeat(before, np.diff(starts, append=len(score)))[positive]
    # Python integers: twice the number of pairs may leave 64 bits.
    return (int(below.sum()) + int(not_above.sum())) / (2 * n_pos * n_neg)


@dataclass(frozen=True, eq=False)
class ScoreHistogram:
    """Counts of both classes per bin of the score: what an AUC needs, added up over parts.

    All arrays have shape (bins,) and take under 1 MB together. ``only`` is the one score that
    occurs in a bin, NaN where several do (or none): cases of such a bin are true ties.

    >>> first = ScoreHistogram.of([0.9, 0.2], [True, False])
    >>> (first + ScoreHistogram.of([0.1, 0.2], [True, False])).auc()
    0.5
    """

    positives: Integers
    negatives: Integers
    only: Floats

    @staticmethod
    def of(scores: ArrayLike, positive: ArrayLike) -> ScoreHistogram:
        """Count ``scores`` in 0..1, shape (n,), by whether the case is ``positive``, shape (n,).

        Raises ValueError when a score is NaN or outside 0..1, or when the shapes differ.
        """
        return ScoreHistogram.empty().seen(scores, positive)

    @staticmethod
    def empty() -> ScoreHistogram:
        """The histogram of no cases."""
        none = np.zeros(BINS, dtype=np.int64)
        return ScoreHistogram(none, none, np.full(BINS, np.nan))

    def seen(self, scores: ArrayLike, positive: ArrayLike) -> ScoreHistogram:
        """The histogram of these cases and of those given, as ``of`` takes them."""
        score, truth = _score_and_truth(scores, positive)
        counts, only = np.concatenate([self.negatives, self.positives]), self.only.copy()
        # a bin in which several scores are keeps none of them
        mixed = np.isnan(only) & (self.positives + self.negatives > 0)
        for start in range(0, len(score), CASES_AT_A_TIME):
            part = slice(start, start + CASES_AT_A_TIME)
            some = np.ascontiguousarray(score[part])
            where = bins(some)
            counts += np.bincount(where + BINS * truth[part], minlength=2 * BINS)
            # A bin already seen keeps its score, so that a second one is noticed.
            alone = ~mixed[where]
            where, some = where[alone], some[alone]
            new = np.isnan(only[where])
            only[where[new]] = some[new]
            mixed[where[only[where] != some]] = True
        only[mixed] = np.nan
        return ScoreHistogram(counts[BINS:], counts[:BINS], only)

    def __add__(self, other: ScoreHistogram) -> ScoreHistogram:
        """The histogram of both sets of cases together."""
        ours, theirs = self.positives + self.negatives > 0, other.positives + other.negatives > 0
        only = np.where(ours, self.only, other.only)
        only[ours & theirs & (self.only != other.only)] = np.nan
        return ScoreHistogram(
            self.positives + other.positives, self.negatives + other.negatives, only
        )

    def auc(self) -> float:
        """The AUC with cases of one bin counted as ties; at most ``auc_error`` from the exact one.

        Raises ValueError when a class is empty.
        """
        below = np.cumsum(self.negatives) - self.negatives
        # a sum, no dot product: its threads would cost more than the work
        won = (self.positives.astype(np.float64) * (below + self.negatives / 2.0)).sum()
        return min(1.0, float(won) / self._pairs())

    def auc_error(self) -> float:
        """A bound on how far ``auc`` is from the exact AUC, rounding (below 1e-12) aside.

        Only the order of pairs within one bin is unknown, and each of them was counted as half: so
        half the share of such pairs. Bins that hold a single score hold true ties and add nothing.

        Raises ValueError when a class is empty.
        """
        unknown = np.isnan(self.only)
        pairs = (self.positives[unknown].astype(np.float64) * self.negatives[unknown]).sum()
        return float(pairs) / self._pairs() / 2.0

    def _pairs(self) -> float:
        n_pos, n_neg = int(self.positives.sum()), int(self.negatives.sum())
        if n_pos == 0 or n_neg == 0:
            raise ValueError(
                f"an AUC needs both classes, not {n_pos} positives and {n_neg} negatives: "
                "add cases of the missing class."
            )
        return float(n_pos) * float(n_neg)


def lower(auc: float, n_pos: float, n_neg: float, alpha: float) -> float:
    """Lower bound for the AUC: over repeated studies it exceeds the true AUC at most alpha often.

    The exact binomial bound for a proportion ``auc`` of min(n_pos, n_neg) pairs; see the top of the
    file for why. Bounds and AUC lie in 0..1.

    Raises ValueError unless 0 <= auc <= 1, n_pos and n_neg >= 1 and 0 < alpha < 1.

    >>> round(lower(0.90, 100, 100, 0.05), 6)
    0.836282
    """
    pairs = _pairs(auc, n_pos, n_neg)
    return float(binomial.lower(auc * pairs, pairs, alpha))


def upper(auc: float, n_pos: float, n_neg: float, alpha: float) -> float:
    """Upper bound for the AUC: over repeated studies it undercuts the true AUC at most alpha often.

    As ``lower``, on the other side.

    Raises ValueError unless 0 <= auc <= 1, n_pos and n_neg >= 1 and 0 < alpha < 1.

    >>> round(upper(0.0, 30, 2000, 0.05), 6)
    0.095034
    """
    pairs = _pairs(auc, n_pos, n_neg)
    return float(binomial.upper(auc * pairs, pairs, alpha))


def p_above(auc: float, n_pos: float, n_neg: float, limit: float) -> float:
    """p-value against "the true AUC is at most the limit"; small: it lies above.

    ``lower(auc, n_pos, n_neg, alpha) >= limit`` exactly when the p-value is <= alpha.

    Raises ValueError unless 0 <= auc, limit <= 1 and n_pos and n_neg >= 1.

    >>> round(p_above(1.0, 59, 500, 0.95), 4)
    0.0485
    """
    pairs = _pairs(auc, n_pos, n_neg)
    return float(binomial.p_above(auc * pairs, pairs, limit))


def p_below(auc: float, n_pos: float, n_neg: float, limit: float) -> float:
    """p-value against "the true AUC is at least the limit"; small: it lies below.

    ``upper(auc, n_pos, n_neg, alpha) <= limit`` exactly when the p-value is <= alpha.

    Raises ValueError unless 0 <= auc, limit <= 1 and n_pos and n_neg >= 1.

    >>> round(p_below(0.80, 50, 50, 0.90), 4)
    0.0245
    """
    pairs = _pairs(auc, n_pos, n_neg)
    return float(binomial.p_below(auc * pairs, pairs, limit))


def sample_size(
    limit: float, truth: float, ratio_neg_per_pos: float, alpha: float, power: float
) -> int:
    """Positives needed to show the side of ``limit`` on which ``truth`` lies, whatever the shape.

    To be gathered with ``ratio_neg_per_pos`` negatives for each. Plans with the widest spread that
    an AUC can have, that of a binomial proportion: scores of a benign shape reach more than
    ``power``.

    Raises ValueError when truth equals limit, when power is below 1/2 (a wider spread would help),
    or when ratio_neg_per_pos is not positive.

    >>> sample_size(0.90, 0.95, ratio_neg_per_pos=10, alpha=0.05, power=0.80)
    203
    """
    if not (ratio_neg_per_pos > 0 and math.isfinite(ratio_neg_per_pos)):
        raise ValueError(
            f"ratio_neg_per_pos must be above 0, not {ratio_neg_per_pos!r}: an AUC needs negatives."
        )
    if power < 0.5:
        raise ValueError(f"power must be at least 0.5, not {power!r}: plan to succeed.")
    pairs = binomial.sample_size(limit, truth, alpha, power).safe
    return math.ceil(pairs / min(1.0, ratio_neg_per_pos))


def _pairs(auc: float, n_pos: float, n_neg: float) -> float:
    if not 0.0 <= auc <= 1.0:
        raise ValueError(f"auc must lie in 0..1, not {auc!r}: estimate it from both classes.")
    if not (n_pos >= 1 and n_neg >= 1):
        raise ValueError(
            f"an AUC needs at least one case of each class, not {n_pos} positives and "
            f"{n_neg} negatives: add cases of the missing class."
        )
    return float(min(n_pos, n_neg))


def _scores(name: str, scores: ArrayLike) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"{name} scores need shape (n,) with n >= 1, not {values.shape}: "
            "an AUC needs both classes."
        )
    if np.isnan(values).any():
        raise ValueError(
            f"{int(np.isnan(values).sum())} of {values.size} {name} scores are NaN: "
            "decide what a missing score means before ranking."
        )
    return values


def _score_and_truth(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    score, truth = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=np.bool_)
    if score.ndim != 1 or score.shape != truth.shape:
        raise ValueError(
            f"scores and positive need the same shape (n,), not {score.shape} and "
            f"{truth.shape}: give one truth for each score."
        )
    return score, truth


def _refuse_beyond(score: Floats) -> None:
    if score.size and not (score.min() >= 0.0 and score.max() <= 1.0):
        raise ValueError(
            f"scores must lie in 0..1 without NaN, not {score.min()!r} to {score.max()!r}: "
            "rank other scores by `exact`."
        )


def bins(score: Floats) -> Integers:
    """The bin of each score, from 0 to ``BINS`` - 1, in the order of the scores.

    Raises ValueError when a score is NaN or outside 0..1.
    """
    # 1 - s loses no bit for s >= 1/2, so no two scores change order
    bits = np.minimum(score, 1.0 - score).view(np.int64)
    *lower, top = _TIERS
    few = np.flatnonzero(bits < top.start)
    # numbers below 0 or above 1 have a negative half, and NaN has bits above any number's
    if len(few) or (len(bits) and int(bits.max()) > _HALF):
        _refuse_beyond(score)
    half = bits >> top.shift
    half += top.offset
    if len(few):
        some = bits[few]
        found = np.zeros(len(few), dtype=np.int64)
        for tier in lower:
            found = np.where(some >= tier.start, (some >> tier.shift) + tier.offset, found)
        half[few] = found
    return np.where(score > 0.5, BINS - 1 - half, half)
