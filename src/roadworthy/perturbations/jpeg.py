"""JPEG: somebody saved the image small, and its details are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from roadworthy.io import images

if TYPE_CHECKING:
    import numpy as np

    from roadworthy.core.perturbation import Pixels


@dataclass(frozen=True)
class Jpeg:
    """Saved as a JPEG of this ``quality`` (1 to 95) and read again; depth beyond 8 bits is lost."""

    quality: int
    about: ClassVar[str] = "saves each image as a JPEG of this quality, and reads it again"

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 95:
            raise ValueError(f"quality runs from 1 to 95, not {self.quality}")

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        return images.as_jpeg(pixels, self.quality)
