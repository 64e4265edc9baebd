"""FROC: the share of lesions found against false marks per image, at every threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.stats._arguments import Floats

__all__ = ["FrocCurve", "froc"]


@dataclass(frozen=True)
class FrocCurve:
    """One entry a threshold, from the highest score to the lowest, all of shape (thresholds,).

    ``found`` is the share of lesions, ``false_marks`` those per image.
    """

    threshold: Floats
    found: Floats
    false_marks: Floats


def froc(best: Floats, false: Floats, images: int) -> FrocCurve:
    """The curve over all thresholds at which something is shown.

    ``best`` (lesions,) is the highest score of the marks that find a lesion, -1 where none does;
    ``false`` (marks,) holds the scores of marks that find none. A lesion counts once. Source:
    Chakraborty & Winter 1990, Radiology 174:873.

    >>> curve = froc(np.array([0.9, 0.4, -1.0]), np.array([0.6, 0.2]), images=2)
    >>> [round(share, 2) for share in curve.found.tolist()], curve.false_marks.tolist()
    ([0.33, 0.33, 0.67, 0.67], [0.0, 0.5, 0.5, 1.0])

    Raises ValueError without images or lesions.
    """
    if images < 1 or not len(best):
        raise ValueError("an FROC curve needs images with lesions among them.")
    threshold = np.unique(np.concatenate([best[best >= 0.0], false]))[::-1]
    return FrocCurve(
        threshold,
        _reached(best, threshold) / len(best),
        _reached(false, threshold) / images,
    )


def _reached(scores: Floats, threshold: Floats) -> NDArray[np.float64]:
    """How many scores are at least each threshold."""
    ordered = np.sort(scores)
    return np.asarray(len(ordered) - np.searchsorted(ordered, threshold, "left"), dtype=np.float64)
