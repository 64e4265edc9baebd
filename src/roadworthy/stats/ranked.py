"""Scores and truths for an AUC, part by part: kept while they are few, counted from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from roadworthy.stats import auc
from roadworthy.stats.auc import BINS, CASES_AT_A_TIME, ScoreHistogram

__all__ = ["Ranked"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Integers: TypeAlias = NDArray[np.int64]
R = TypeVar("R")
_ONE = np.uint32(1)
_MOST_CASES = 2**32 - 1


class Ranked(Generic[R]):
    """What an AUC needs of each part: its scores up to ``most`` cases, a histogram above.

    ``told`` makes the statistic from (auc, error, positives, negatives). Up to ``most`` cases the
    AUC is exact, and a part takes 13 bytes a case; above, a part takes 1 MB however many it holds.
    """

    def __init__(self, most: int, told: Callable[[float | None, float, int, int], R]) -> None:
        self._most, self._told = most, told
        self._held: Integers = np.zeros(0, dtype=np.int64)
        self._few, self._many = _Kept(), _Counted()

    def add(self, columns: Arrays, part: Integers, weight: Integers | None = None) -> None:
        """Sees scores and truths, shape (rows,).

        Raises:
            ValueError: rows come with weights; a score stands for one case.
        """
        if weight is not None:
            raise ValueError("scores are ranked case by case, so rows cannot have weights.")
        score, positive = columns["score"], columns["positive"].astype(np.bool_, copy=False)
        counts = np.bincount(part, minlength=len(self._held))
        self._hold(counts)
        self._take(np.ascontiguousarray(score, dtype=np.float64), positive, part)

    def merge(self, other: Ranked[R]) -> None:
        """Adds what another sketch of the same statistic and the same parts has seen."""
        counts = np.zeros(max(len(self._held), len(other._held)), dtype=np.int64)
        counts[: len(other._held)] = other._held
        self._hold(counts)
        self._many.merge(other._many)
        for piece in other._few.pieces:
            self._take(*piece)

    def of(self, parts: Sequence[int]) -> R:
        """The statistic of these parts together."""
        self._settle()
        here = [part for part in parts if part < len(self._held)]
        scores = [self._few.of(part) for part in here]
        if sum(int(self._held[part]) for part in here) <= self._most:
            positives, negatives = auc.sizes(scores)
            both = positives > 0 and negatives > 0
            area = auc.exact_packed(np.concatenate(scores)) if both else None
            return self._told(area, 0.0, positives, negatives)
        many = self._many.of(here)
        for some in scores:
            many = many.seen(*auc.unpacked(some)) if len(some) else many
        positives, negatives = int(many.positives.sum()), int(many.negatives.sum())
        if not positives or not negatives:
            return self._told(None, 0.0, positives, negatives)
        return self._told(many.auc(), many.auc_error(), positives, negatives)

    def _hold(self, counts: Integers) -> None:
        """Adds to the cases of each part."""
        counts[: len(self._held)] += self._held
        if len(counts) and int(counts.max()) > _MOST_CASES:
            raise OverflowError(f"a slice has more than {_MOST_CASES:,} cases: judge it in parts.")
        self._held = counts

    def _take(
        self, score: NDArray[np.float64], positive: NDArray[np.bool_], part: NDArray[np.integer]
    ) -> None:
        """Rows of parts that are large by now are counted, those of the others kept."""
        large = self._held > self._most
        if not (self._held[~large] > 0).any():
            self._many.see(score, positive, part)
            return
        if large.any():
            counted = large[part]
            self._many.see(score[counted], positive[counted], part[counted])
            score, positive, part = _rows((score, positive, part), ~counted)
        self._few.add(score, positive, part)
        # what became large is counted now and then only: every time, all that is kept is looked at
        if 2 * int(self._held[~large].sum()) < self._few.size:
            self._settle()

    def _settle(self) -> None:
        """Counts what was kept of parts that became large since."""
        for piece in self._few.without(self._held > self._most):
            self._many.see(*piece)


Piece: TypeAlias = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.integer]]


class _Kept:
    """Scores and truths with their parts, in pieces as they came."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.size = 0
        self._ordered: tuple[Integers, Integers] | None = None

    def add(
        self, score: NDArray[np.float64], positive: NDArray[np.bool_], part: NDArray[np.integer]
    ) -> None:
        if len(score):
            self.pieces.append((score, positive, part.astype(np.int32)))
            self.size += len(score)
            self._ordered = None

    def without(self, large: NDArray[np.bool_]) -> list[Piece]:
        """Gives away the rows of ``large`` parts."""
        kept, away = [], []
        for piece in self.pieces:
            gone = large[piece[2]]
            if gone.all():
                away.append(piece)
            elif gone.any():
                away.append(_rows(piece, gone))
                kept.append(_rows(piece, ~gone))
            else:
                kept.append(piece)
        if away:
            self.pieces, self._ordered = kept, None
            self.size = sum(len(score) for score, _, _ in kept)
        return away

    def of(self, part: int) -> Integers:
        """The packed scores of one part."""
        if not self.size:
            return np.empty(0, dtype=np.int64)
        if self._ordered is None:
            self._ordered = self._by_part()
        scores, ends = self._ordered
        return scores[ends[part] : ends[part + 1]] if part + 1 < len(ends) else scores[:0]

    def _by_part(self) -> tuple[Integers, Integers]:
        """All packed scores, part after part, and where each part begins."""
        score, positive, part = (np.concatenate(some) for some in zip(*self.pieces, strict=True))
        counts = np.bincount(part)
        # small numbers are sorted by counting
        small = part.astype(np.uint16) if len(counts) <= 1 << 16 else part
        ordered = auc.packed(score, positive)[np.argsort(small, kind="stable")]
        return ordered, np.concatenate(([0], np.cumsum(counts)))


def _rows(piece: Piece, which: NDArray[np.bool_]) -> Piece:
    score, positive, part = piece
    return score[which], positive[which], part[which]


class _Counted:
    """The histograms of many parts (see auc.ScoreHistogram), each in a place of its own."""

    def __init__(self) -> None:
        self._place: Integers = np.zeros(0, dtype=np.int64)
        self._used = 0
        # half as wide as counts are elsewhere: the processor's cache holds twice as many of them
        self._cases = np.zeros((0, BINS), dtype=np.uint32)
        self._positives = np.zeros((0, BINS), dtype=np.uint32)
        self._only: NDArray[np.float64] = np.zeros((0, BINS))
        # bins in which at most one score was seen
        self._pure: NDArray[np.bool_] = np.zeros((0, BINS), dtype=np.bool_)

    def see(
        self, score: NDArray[np.float64], positive: NDArray[np.bool_], part: NDArray[np.integer]
    ) -> None:
        if not len(part):
            return
        self._make_room(part)
        place = self._place * BINS
        for start in range(0, len(score), CASES_AT_A_TIME):
            rows = slice(start, start + CASES_AT_A_TIME)
            some = score[rows]
            where = auc.bins(some)
            where += place[part[rows]]
            np.add.at(self._cases.reshape(-1), where, _ONE)
            np.add.at(self._positives.reshape(-1), where[positive[rows]], _ONE)
            self._compare(some, where)

    def merge(self, other: _Counted) -> None:
        theirs = np.flatnonzero(other._place >= 0)
        if not len(theirs):
            return
        self._make_room(theirs)
        for part in theirs.tolist():
            both = self.of([part]) + other.of([part])
            place = self._place[part]
            self._positives[place] = both.positives
            self._cases[place] = both.positives + both.negatives
            self._only[place] = both.only
            self._pure[place] = ~np.isnan(both.only) | (self._cases[place] == 0)

    def of(self, parts: Sequence[int]) -> ScoreHistogram:
        """The histogram of these parts together."""
        known = [part for part in parts if part < len(self._place)]
        found: ScoreHistogram | None = None
        for place in self._place[known].tolist():
            if place >= 0:
                only = np.where(self._pure[place], self._only[place], np.nan)
                positives = self._positives[place].astype(np.int64)
                one = ScoreHistogram(positives, self._cases[place] - positives, only)
                found = one if found is None else found + one
        return found or ScoreHistogram.empty()

    def _compare(self, score: NDArray[Any], where: Integers) -> None:
        """Notes the score of bins that hold none yet, and which bins hold a second one now."""
        only, pure = self._only.reshape(-1), self._pure.reshape(-1)
        alone = np.flatnonzero(pure[where])
        where, score = where[alone], score[alone]
        new = np.isnan(only[where])
        only[where[new]] = score[new]
        pure[where[only[where] != score]] = False

    def _make_room(self, part: NDArray[np.integer]) -> None:
        there = np.bincount(part, minlength=len(self._place)) > 0
        more = np.full(len(there) - len(self._place), -1, dtype=np.int64)
        self._place = np.concatenate([self._place, more])
        new = np.flatnonzero(there & (self._place < 0))
        self._place[new] = np.arange(self._used, self._used + len(new))
        self._used += len(new)
        if self._used > len(self._cases):
            self._grow(max(self._used, len(self._cases) * 3 // 2))

    def _grow(self, room: int) -> None:
        more = (room - len(self._cases), BINS)
        # zeros that are never written take no memory
        nothing = np.zeros(more, dtype=np.uint32)
        self._cases = np.concatenate([self._cases, nothing])
        self._positives = np.concatenate([self._positives, nothing])
        self._only = np.concatenate([self._only, np.full(more, np.nan)])
        self._pure = np.concatenate([self._pure, np.ones(more, dtype=np.bool_)])
