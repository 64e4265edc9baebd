"""PNG and JPEG, by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.core.errors import BadInput
from roadworthy.io.images.picture import Picture, Pixels, UnreadableError, plain, require_size

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

# what each mode holds at white; others, such as CMYK, say something else than brightness
_WHITE = {"1": 1, "L": 255, "LA": 255, "RGB": 255, "RGBA": 255, "I;16": 65535, "I;16B": 65535,
          "I": 65535}  # fmt: skip
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)


def read(path: Path, kind: str) -> Picture:
    """The image in ``path``, which begins as a ``PNG`` or a ``JPEG`` does.

    Raises:
        UnreadableError: it is cut off, damaged, too large, or in a mode that is no brightness.
        BadInput: Pillow is not installed.
    """
    opener = _opener(kind)
    try:
        with path.open("rb") as opened:
            return _decoded(opener(opened))
    except UnreadableError:
        raise
    # whatever a decoder makes of a stranger's bytes: it is the file that is wrong
    except Exception as problem:  # whatever a decoder makes of a stranger's bytes
        raise UnreadableError(f"is a damaged {kind}: {problem}") from problem


def size(path: Path, kind: str) -> tuple[int, int]:
    """Height and width, held upright as its camera says.

    Raises:
        UnreadableError: its header is damaged.
        BadInput: Pillow is not installed.
    """
    opener = _opener(kind)
    try:
        with path.open("rb") as opened:
            image = opener(opened)
            turned = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
            return (image.width, image.height) if turned else (image.height, image.width)
    except Exception as problem:  # whatever a decoder makes of a stranger's bytes
        raise UnreadableError(f"is a damaged {kind}: {problem}") from problem


def _opener(kind: str) -> Any:
    """The decoder itself: ``Image.open`` would only warn of a decompression bomb."""
    try:
        from PIL import JpegImagePlugin, PngImagePlugin
    except ImportError as problem:
        raise BadInput(
            "Pillow reads PNG and JPEG, and it is not installed.",
            code="missing_extra",
            where="data.features.image",
            next_step="Run `pip install 'roadworthy[images]'`.",
        ) from problem
    return PngImagePlugin.PngImageFile if kind == "PNG" else JpegImagePlugin.JpegImageFile


def _decoded(image: ImageFile) -> Picture:
    require_size(image.height, image.width)
    if getattr(image, "n_frames", 1) > 1:
        raise UnreadableError("is an animation")
    mode = image.mode
    if mode == "P":
        mode = "RGBA" if "transparency" in image.info else "RGB"
    if mode not in _WHITE:
        raise UnreadableError(f"is in the mode {mode}, which is neither grey nor RGB")
    turned = image if image.mode == mode else image.convert(mode)
    turned.load()
    return Picture(_pixels(_upright(turned), mode), 16 if _WHITE[mode] > 255 else 8)


def _upright(image: Any) -> Any:
    """As the camera that took it says that it is held."""
    from PIL.ImageOps import exif_transpose

    return exif_transpose(image)


def _pixels(image: Any, mode: str) -> Pixels:
    found = np.asarray(image, dtype=np.float32) / np.float32(_WHITE[mode])
    if mode not in ("LA", "RGBA"):
        return plain(found)
    if (found[:, :, -1] != 1.0).any():
        raise UnreadableError("is transparent in places, so what is seen there hangs on the viewer")
    return plain(found[:, :, :-1])
