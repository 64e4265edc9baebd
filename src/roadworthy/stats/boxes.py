"""Boxes in images: how far two overlap, which of many to keep, and which true box a mark finds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.marks import HitBy, HitRule
from roadworthy.stats._arguments import Floats

__all__ = ["best_of_each", "common", "found_by", "iou", "kept"]

NONE = -1


def common(ours: Floats, theirs: Floats) -> Floats:
    """Pixels that two boxes share, shape (ours, theirs); boxes are (n, 4): x, y, width, height.

    >>> common(np.array([[0.0, 0, 4, 2]]), np.array([[2.0, 0, 4, 4], [9.0, 9, 1, 1]]))
    array([[4., 0.]])
    """
    corner = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    ends = np.minimum(
        (ours[:, :2] + ours[:, 2:])[:, None], (theirs[:, :2] + theirs[:, 2:])[None, :]
    )
    sides: Floats = np.clip(ends - corner, 0.0, None)
    return np.asarray(sides.prod(axis=2), dtype=np.float64)


def iou(ours: Floats, theirs: Floats) -> Floats:
    """What both boxes cover as a share of what either covers (Jaccard 1901), (ours, theirs)."""
    both = common(ours, theirs)
    either = _areas(ours)[:, None] + _areas(theirs)[None, :] - both
    return np.asarray(both / either, dtype=np.float64)


def kept(boxes: Floats, scores: Floats, overlap: float, most: int) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: places of the boxes that stay, the highest score first.

    A box goes where one that stays, with a higher score (or, of equal ones, an earlier place),
    overlaps it by more than ``overlap`` (intersection over union). At most ``most`` stay.

    >>> boxes = np.array([[0.0, 0, 4, 4], [1.0, 0, 4, 4], [9.0, 9, 4, 4]])
    >>> kept(boxes, np.array([0.8, 0.9, 0.1]), overlap=0.3, most=5).tolist()
    [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    beaten = iou(boxes[order], boxes[order]) > overlap
    alive = np.ones(len(order), dtype=bool)
    stay: list[int] = []
    for at in range(len(order)):
        if not alive[at]:
            continue
        stay.append(int(order[at]))
        if len(stay) == most:
            break
        alive &= ~beaten[at]
    return np.array(stay, dtype=np.int64)


def found_by(marks: Floats, truths: Floats, rule: HitRule) -> NDArray[np.int64]:
    """Which true box each mark finds, shape (marks,); -1: none, so the mark is a false one.

    A mark finds one true box at most, the one that it fits best (the nearest middle, or the largest
    overlap): one large mark over several lesions is one find.
    """
    if not len(marks) or not len(truths):
        return np.full(len(marks), NONE, dtype=np.int64)
    fits = _fits(marks, truths, rule)
    best = fits.argmax(axis=1)
    hit = fits[np.arange(len(marks)), best] > -np.inf
    return np.where(hit, best, NONE).astype(np.int64)


def best_of_each(found: NDArray[np.int64], scores: Floats, truths: int) -> Floats:
    """The highest score of the marks that find each true box, shape (truths,); -1: none does."""
    best = np.full(truths, -1.0)
    hit = found != NONE
    np.maximum.at(best, found[hit], scores[hit])
    return best


def _fits(marks: Floats, truths: Floats, rule: HitRule) -> Floats:
    """How well each mark fits each true box; minus infinity where it is no hit."""
    if rule.by is HitBy.CENTRE:
        middle = marks[:, None, :2] + marks[:, None, 2:] / 2
        low, high = truths[None, :, :2], truths[None, :, :2] + truths[None, :, 2:]
        inside = ((middle >= low) & (middle <= high)).all(axis=2)
        apart = ((middle - (low + high) / 2) ** 2).sum(axis=2)
        return np.where(inside, -apart, -np.inf)
    share = iou(marks, truths)
    if rule.by is HitBy.IOBB:
        share = common(marks, truths) / _areas(marks)[:, None]
    return np.where(share >= rule.share, share, -np.inf)


def _areas(boxes: Floats) -> Floats:
    return np.asarray(boxes[:, 2] * boxes[:, 3], dtype=np.float64)
