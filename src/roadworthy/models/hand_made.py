"""Numbers that people made up for images long before nets: cheap, and at times all that is needed.

Brightness (mean, deviation, quantiles), and at full and at half resolution: the largest absolute
Laplacian, its energy in the strongest window of 9 x 9 pixels (Pertuz et al. 2013 compare such
measures of sharpness), the largest local variance, and the mean squared gradients down and across.
Energies are told as logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from roadworthy.io.images import Picture

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_WINDOW = 9
_LEAST_SIDE = 4
# below the square of an 8-bit step: where nothing happens, noise is not told from none
FLOOR = 1e-8
# how far above and below a row a window of Laplacians looks, and rows that are looked at at once
HALO, _STRIP = _WINDOW // 2 + 1, 256
_BRIGHTNESS = ("mean", "deviation", *(f"quantile {q:g}" for q in _QUANTILES))
_TEXTURE = (
    "largest Laplacian",
    "strongest Laplacian energy",
    "mean Laplacian energy",
    "largest local variance",
    "gradient energy down",
    "gradient energy across",
)
NAMES = (
    *(f"image: {name}" for name in _BRIGHTNESS),
    *(f"image: {name}{scale}" for scale in ("", " at half size") for name in _TEXTURE),
)


def measured(picture: Picture) -> Floats:
    """One number for each of ``NAMES``; colours are averaged.

    Goes over the image in strips: of 3000 x 2000 pixels a few megabytes are at work at a time.
    """
    grey = picture.grey
    middle = float(grey.mean(dtype=np.float64))
    square = sum(float(((part - middle) ** 2).sum()) for part, _ in _strips(grey, 0))
    brightness = [middle, np.sqrt(square / grey.size), *np.quantile(grey, _QUANTILES)]
    return np.array([*brightness, *_texture(grey), *_texture(halved(grey))], dtype=np.float64)


def _strips(grey: Pixels, halo: int) -> Iterator[tuple[Floats, slice]]:
    """Rows in float64 with up to ``halo`` more above and below, and which of these are its own."""
    for top in range(0, grey.shape[0], _STRIP):
        above, bottom = min(halo, top), min(top + _STRIP, grey.shape[0])
        rows = grey[top - above : bottom + halo].astype(np.float64)
        yield rows, slice(above, above + bottom - top)


def _texture(grey: Pixels) -> list[float]:
    largest, total, steps = np.zeros(3), 0.0, np.zeros(2)
    for rows, own in _strips(grey, HALO):
        laplacian, energy, variance = sharpness(rows)
        found = [np.abs(laplacian[own]).max(), energy[own].max(), variance[own].max()]
        largest = np.maximum(largest, found)
        total += float((laplacian[own] ** 2).sum())
        # to the next row: the last one of a strip looks into its halo
        down = np.diff(rows[own.start : own.stop + 1], axis=0)
        steps += [(down**2).sum(), (np.diff(rows[own], axis=1) ** 2).sum()]
    height, width = grey.shape
    counts = np.maximum([(height - 1) * width, height * (width - 1)], 1)
    sharpest, strongest, varied = largest
    told = [sharpest, strongest, total / grey.size, varied, *(steps / counts)]
    return [float(np.log10(max(one, 0.0) + FLOOR)) for one in told]


def sharpness(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The Laplacian, its energy and the variance of brightness in each window."""
    from scipy import ndimage

    def window(values: Floats) -> Floats:
        found: Floats = ndimage.uniform_filter(values, _WINDOW, mode="nearest")
        return found

    laplacian = ndimage.laplace(rows, mode="nearest")
    return laplacian, window(laplacian**2), window(rows**2) - window(rows) ** 2


def halved(grey: Pixels) -> Pixels:
    """Means of 2 x 2 pixels; what is too small to be halved stays as it is."""
    height, width = (side // 2 * 2 for side in grey.shape)
    if min(height, width) < 2 * _LEAST_SIDE:
        return grey
    upper, lower = grey[0:height:2], grey[1:height:2]
    corners = [part[:, at:width:2] for part in (upper, lower) for at in (0, 1)]
    return np.asarray(sum(corners[1:], corners[0]) / 4, dtype=np.float32)
