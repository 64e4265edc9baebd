"""The only room that opens image files: PNG and JPEG by Pillow, DICOM by pydicom, all lazily."""

from __future__ import annotations

from roadworthy.io.images.lens import as_jpeg, behind, through, write_png
from roadworthy.io.images.likeness import difference_hash
from roadworthy.io.images.loading import Broken, stream
from roadworthy.io.images.paths import digests, located
from roadworthy.io.images.picture import Picture, UnreadableError
from roadworthy.io.images.reading import context, is_dicom, read
from roadworthy.io.images.scaling import resized

__all__ = [
    "Broken",
    "Picture",
    "UnreadableError",
    "as_jpeg",
    "behind",
    "context",
    "difference_hash",
    "digests",
    "is_dicom",
    "located",
    "read",
    "resized",
    "stream",
    "through",
    "write_png",
]
