"""Shift: the object lies elsewhere in the image than usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from roadworthy.core.perturbation import Pixels


@dataclass(frozen=True)
class Shift:
    """Moved by so many ``pixels`` of the file, in a direction that is drawn for each image.

    What comes in from outside repeats the edge.
    """

    pixels: int
    about: ClassVar[str] = "moves each image by so many pixels in a direction of its own"

    def __post_init__(self) -> None:
        if self.pixels < 1:
            raise ValueError(f"pixels must be at least 1, not {self.pixels}")

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        angle = rng.uniform(0.0, 2.0 * np.pi)
        down, right = (round(self.pixels * part) for part in (np.sin(angle), np.cos(angle)))
        height, width = pixels.shape[:2]
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        found: Pixels = pixels[rows][:, columns]
        return found
