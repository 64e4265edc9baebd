"""An image with boxes drawn over it, for a person to look at: true ones, and marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from roadworthy.core.marks import Box, Mark
from roadworthy.io.images.picture import Picture
from roadworthy.io.images.reading import read

# told apart without colour too: truth is a whole line, marks are corners with a number
TRUTH, MARK = (90, 220, 160), (255, 176, 0)
_LEAST, _MOST = 512, 1600
_LINE, _TEXT = 2, 15


def draw(file: str, truths: Sequence[Box], marks: Sequence[Mark], into: Path) -> None:
    """Writes a PNG: the image as readers see it, true boxes as lines, marks as corners with scores.

    Small images are enlarged by a whole number, large ones made smaller.

    Raises:
        UnreadableError: the image cannot be read.
        BadInput: Pillow is not installed.
    """
    picture = read(file)
    from PIL import Image, ImageDraw

    scale = _scale(picture)
    height, width = (max(1, round(side * scale)) for side in picture.pixels.shape[:2])
    image = Image.fromarray(_eight_bits(picture)).convert("RGB")
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    image = image.resize((width, height), how)
    pen = ImageDraw.Draw(image)
    for box in truths:
        pen.rectangle(_sides(box, scale, -_LINE), outline=TRUTH, width=_LINE)
    for mark in marks:
        _corners(pen, _sides(mark, scale, _LINE), mark, height)
    image.save(into, format="PNG")


def _scale(picture: Picture) -> float:
    longest = int(max(picture.pixels.shape[:2]))
    if longest > _MOST:
        return _MOST / longest
    return float(max(1, _LEAST // longest))


def _eight_bits(picture: Picture) -> Any:
    pixels = np.round(picture.pixels * 255.0).astype(np.uint8)
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def _sides(box: Box | Mark, scale: float, apart: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom; a little outside (or inside) so that two do not hide each other."""
    left, top = box.x * scale - apart, box.y * scale - apart
    right = max((box.x + box.width) * scale - 1 + apart, left + 1)
    return left, top, right, max((box.y + box.height) * scale - 1 + apart, top + 1)


def _corners(pen: Any, sides: tuple[float, float, float, float], mark: Mark, height: int) -> None:
    left, top, right, bottom = sides
    reach = max(4.0, min(right - left, bottom - top) / 3)
    for x, across in ((left, reach), (right, -reach)):
        for y, down in ((top, reach), (bottom, -reach)):
            pen.line([(x + across, y), (x, y), (x, y + down)], fill=MARK, width=_LINE)
    over, under = top - _TEXT - 4, bottom + 2
    # a mark as tall as the image has no room beside it
    within = max(top, 0.0) + 2 if under + _TEXT > height else under
    place = (max(left, 0.0) + 2, over if over >= 0 else within)
    text = f"{mark.score:.2f}"
    pen.text(place, text, fill=MARK, stroke_width=2, stroke_fill=(0, 0, 0), font_size=_TEXT)
