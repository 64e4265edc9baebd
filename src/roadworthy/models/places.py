"""Where in an image hand-made measures are what they are: the same numbers for every place.

Three measures are the largest value over all places of an image, at full and at half size. Put the
value at one place there instead, leave what is of the whole image as it was, and a model that
learnt from whole images says how suspect each place would make one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.io.images import Picture
from roadworthy.models.hand_made import FLOOR, HALO, NAMES, Pixels, halved, measured, sharpness

# places along the longer side at most, and the side of one in pixels at least; even, for half size
_MOST, _LEAST = 256, 4
_LOCAL = ("largest Laplacian", "strongest Laplacian energy", "largest local variance")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Measures of each place, shape (rows, columns, measures), in the order of ``NAMES``.

    A place is a square of ``side`` pixels; the last ones may be cut off by the edge.
    """

    measures: Floats
    side: int


def places(picture: Picture) -> Places:
    """The measures of each place of an image; colours are averaged."""
    grey = picture.grey
    side = 2 * max(_LEAST // 2, -(-max(grey.shape) // (2 * _MOST)))
    rows, columns = (-(-length // side) for length in grey.shape)
    found = np.empty((rows, columns, len(NAMES)))
    found[:] = measured(picture)
    small = halved(grey)
    # what is too small to be halved is measured at full size twice
    half = side if small.shape == grey.shape else side // 2
    for suffix, pixels, cell in (("", grey, side), (" at half size", small, half)):
        at = [NAMES.index(f"image: {name}{suffix}") for name in _LOCAL]
        found[:, :, at] = np.log10(np.maximum(_largest(pixels, cell, rows, columns), 0) + FLOOR)
    return Places(found, side)


def _largest(grey: Pixels, cell: int, rows: int, columns: int) -> Floats:
    """The largest of the three in each cell, shape (rows, columns, 3)."""
    found = np.empty((rows, columns, len(_LOCAL)))
    for row in range(rows):
        # an odd line at the end has no half: the last cell is then that of the line before
        top = min(row * cell, grey.shape[0] - 1)
        above, bottom = min(HALO, top), min(top + cell, grey.shape[0])
        strip = grey[top - above : bottom + HALO].astype(np.float64)
        laplacian, energy, variance = sharpness(strip)
        for at, values in enumerate((np.abs(laplacian), energy, variance)):
            highest = values[above : above + bottom - top].max(axis=0)
            starts = np.minimum(np.arange(columns) * cell, grey.shape[1] - 1)
            found[row, :, at] = np.maximum.reduceat(highest, starts)
    return found
