"""Numbers that people made up for images long before nets: cheap, and at times all that is needed.

Brightness (mean, deviation, quantiles), and at full and at half resolution: the largest absolute
Laplacian, its energy in the strongest window of 9 x 9 pixels (Pertuz et al. 2013 compare such
measures of sharpness), the largest local variance, and the mean squared gradients down and across.
Energies are told as logarithms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.io.images import Picture

Floats = NDArray[np.float64]

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_WINDOW = 9
_LEAST_SIDE = 4
# below the square of an 8-bit step: where nothing happens, noise is not told from none
_FLOOR = 1e-8
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
    """One number for each of ``NAMES``; colours are averaged."""
    grey = picture.grey.astype(np.float64)
    brightness = [grey.mean(), grey.std(), *np.quantile(grey, _QUANTILES)]
    return np.array([*brightness, *_texture(grey), *_texture(_halved(grey))])


def _texture(grey: Floats) -> list[float]:
    from scipy import ndimage

    laplacian = ndimage.laplace(grey, mode="nearest")
    energy = ndimage.uniform_filter(laplacian**2, _WINDOW, mode="nearest")
    local_mean = ndimage.uniform_filter(grey, _WINDOW, mode="nearest")
    local_square = ndimage.uniform_filter(grey**2, _WINDOW, mode="nearest")
    found = [
        np.abs(laplacian).max(),
        energy.max(),
        (laplacian**2).mean(),
        (local_square - local_mean**2).max(),
        _mean_square(np.diff(grey, axis=0)),
        _mean_square(np.diff(grey, axis=1)),
    ]
    return [float(np.log10(max(one, 0.0) + _FLOOR)) for one in found]


def _mean_square(steps: Floats) -> float:
    return float((steps**2).mean()) if steps.size else 0.0


def _halved(grey: Floats) -> Floats:
    """Means of 2 x 2 pixels; what is too small to be halved stays as it is."""
    height, width = (side // 2 * 2 for side in grey.shape)
    if min(height, width) < 2 * _LEAST_SIDE:
        return grey
    blocks = grey[:height, :width].reshape(height // 2, 2, width // 2, 2)
    found: Floats = blocks.mean(axis=(1, 3))
    return found
