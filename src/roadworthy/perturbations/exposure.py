"""Exposure: more or less light than usual, and another response to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from roadworthy.stats.perturbing import require_positive

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Pixels


@dataclass(frozen=True)
class Exposure:
    """Brightness times ``gain``, cut off at white, then to the power ``gamma``."""

    gain: float
    gamma: float = 1.0
    about: ClassVar[str] = "multiplies brightness by a gain, then raises it to a gamma"

    def __post_init__(self) -> None:
        require_positive("gain", self.gain)
        require_positive("gamma", self.gamma)
        if self.gain == self.gamma == 1.0:
            raise ValueError("a gain of 1 changes nothing")

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        found: Pixels = np.clip(pixels * np.float32(self.gain), 0.0, 1.0) ** np.float32(self.gamma)
        return found
