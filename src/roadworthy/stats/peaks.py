"""From a map of scores to boxes: every peak, and what is connected with it above a share of it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from roadworthy.core.marks import Mark, MarkRules, ScoreMap
from roadworthy.stats.boxes import kept

__all__ = ["marks_of"]

_AROUND = np.ones((3, 3), dtype=bool)
# peaks below this say nothing, and a flat map has as many as it has cells
LOWEST = 0.01
_LOOKED_AT = 4
Region: TypeAlias = NDArray[np.bool_]


def marks_of(found: ScoreMap, rules: MarkRules, size: tuple[int, int] | None) -> tuple[Mark, ...]:
    """The marks of one image, the most suspect first; ``size`` is its height and width in pixels.

    A peak is no lower than its eight neighbours. Its box encloses the cells around it, connected by
    sides or corners, of at least ``rules.region_above`` times its value. Where that would take in a
    higher peak the region is drawn tighter, and a peak that no tighter region parts from a higher
    one is its shoulder, and no mark. What overlaps a higher mark goes (``boxes.kept``).
    """
    values = np.nan_to_num(found.values.astype(np.float64), nan=0.0)
    most = _LOOKED_AT * rules.at_most_per_image
    marks = []
    for region, score in _regions(values, rules.region_above, most):
        mark = _boxed(region, score, found, size)
        if mark.width * mark.height >= rules.smallest_region:
            marks.append(mark)
    if not marks:
        return ()
    boxes = np.array([[m.x, m.y, m.width, m.height] for m in marks], dtype=np.float64)
    scores = np.array([mark.score for mark in marks])
    stay = kept(boxes, scores, rules.overlap_at_most, rules.at_most_per_image)
    return tuple(marks[at] for at in stay)


def _regions(values: NDArray[np.float64], share: float, most: int) -> list[tuple[Region, float]]:
    """The peaks' own regions and heights, the highest first; at most ``most``."""
    found: list[tuple[Region, float]] = []
    higher: list[tuple[int, int]] = []
    for place in _peaks(values):
        if len(found) == most:
            break
        if any(region[place] for region, _ in found):
            continue
        region = _own(values, place, share, higher)
        if region is not None:
            found.append((region, float(min(values[place], 1.0))))
        higher.append(place)
    return found


def _peaks(values: NDArray[np.float64]) -> list[tuple[int, int]]:
    """One cell of every plateau that nothing around is higher than, the highest first."""
    top = (values == ndimage.maximum_filter(values, size=3, mode="nearest")) & (values >= LOWEST)
    plateaus, count = ndimage.label(top, structure=_AROUND)
    _, first = np.unique(plateaus, return_index=True)
    # the first cell of each plateau; where there are others, place 0 is what is no top
    places = first if len(first) == count else first[1:]
    cells = (divmod(int(at), values.shape[1]) for at in places)
    return sorted(cells, key=lambda at: (-values[at], at))


def _own(
    values: NDArray[np.float64], place: tuple[int, int], share: float, higher: list[tuple[int, int]]
) -> Region | None:
    """The region of a peak without a higher one in it; None: it is the shoulder of one."""
    level = share
    for _ in range(_LOOKED_AT):
        labels, _ = ndimage.label(values >= level * values[place], structure=_AROUND)
        region = labels == labels[place]
        if not any(region[other] for other in higher):
            return np.asarray(region, dtype=bool)
        level = (1.0 + level) / 2
    return None


def _boxed(region: Region, score: float, found: ScoreMap, size: tuple[int, int] | None) -> Mark:
    """The cells of a region as whole pixels, inside the image."""
    height, width = size or (np.inf, np.inf)
    rows, columns = np.nonzero(region.any(axis=1))[0], np.nonzero(region.any(axis=0))[0]
    top, bottom = _span(rows, found.top, found.down, height)
    left, right = _span(columns, found.left, found.across, width)
    return Mark(left, top, right - left, bottom - top, score)


def _span(cells: NDArray[np.intp], first: float, step: float, end: float) -> tuple[int, int]:
    low = first + (cells[0] - 0.5) * step
    high = first + (cells[-1] + 0.5) * step
    begin = int(np.floor(np.clip(low, 0.0, max(end - 1, 0.0))))
    return begin, max(int(np.ceil(min(high, end))), begin + 1)
