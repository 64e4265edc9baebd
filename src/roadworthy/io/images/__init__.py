"""The only room that opens image files: PNG and JPEG by Pillow, DICOM by pydicom, all lazily."""

from __future__ import annotations

from roadworthy.io.images.lens import as_jpeg, behind, through, write_png
from roadworthy.io.images.likeness import difference_hash
from roadworthy.io.images.loading import Broken, stream
from roadworthy.io.images.marks_report import MarkedBy, ReadMark, read_report, write_report
from roadworthy.io.images.overlay import draw
from roadworthy.io.images.paths import digests, is_plain_file, located
from roadworthy.io.images.picture import Picture, UnreadableError
from roadworthy.io.images.reading import context, is_dicom, read, size
from roadworthy.io.images.scaling import resized

__all__ = [
    "Broken",
    "MarkedBy",
    "Picture",
    "ReadMark",
    "UnreadableError",
    "as_jpeg",
    "behind",
    "context",
    "difference_hash",
    "digests",
    "draw",
    "is_dicom",
    "is_plain_file",
    "located",
    "read",
    "read_report",
    "resized",
    "size",
    "stream",
    "through",
    "write_png",
    "write_report",
]
