"""Blur: the image is out of focus, or somebody moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from roadworthy.stats.perturbing import require_positive

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Pixels


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur of so many pixels (``sigma``) of the image as it was read."""

    sigma: float
    about: ClassVar[str] = "blurs with a Gaussian; sigma is in pixels of the file"

    def __post_init__(self) -> None:
        require_positive("sigma", self.sigma)

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        from scipy import ndimage

        widths = (self.sigma, self.sigma, 0.0)
        found: Pixels = ndimage.gaussian_filter(pixels, widths, mode="nearest").astype(np.float32)
        return found
