"""Noise: every pixel is a little brighter or darker than it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from roadworthy.stats.perturbing import require_positive

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Pixels


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of the standard ``deviation``, as a share of the way from black to white."""

    deviation: float
    about: ClassVar[str] = "adds Gaussian noise to every pixel; the deviation is a share of white"

    def __post_init__(self) -> None:
        require_positive("deviation", self.deviation, below=1.0)

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        return np.clip(pixels + np.float32(self.deviation) * noise, 0.0, 1.0)
