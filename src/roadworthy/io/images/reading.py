"""Reads one image file, told by its first bytes and never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from roadworthy.io.images.lens import behind, changed, is_lens
from roadworthy.io.images.paths import is_plain_file
from roadworthy.io.images.picture import Picture, UnreadableError

_PNG, _JPEG, _DICOM = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"DICM"
_PREAMBLE = 128
# uncompressed, MOST_PIXELS of 16 bit in three channels are below it
_MOST_BYTES = 1 << 30


def read(file: str | Path) -> Picture:
    """The image in ``file``, which may be a handle that perturbs it (``lens``).

    Raises:
        UnreadableError: it is no whole image of a kind that is read here; it says why.
        BadInput: the package that reads such files is not installed.
    """
    if isinstance(file, str) and is_lens(file):
        return changed(read(behind(file)), file)
    kind = _kind(Path(file))
    if kind == _DICOM:
        from roadworthy.io.images import dicom

        return dicom.read(Path(file))
    from roadworthy.io.images import raster

    return raster.read(Path(file), "PNG" if kind == _PNG else "JPEG")


def context(file: str | Path) -> dict[str, Any]:
    """What a DICOM file says of how it was made; an empty mapping for other images.

    Raises:
        UnreadableError: it is no file of a kind that is read here.
        BadInput: pydicom is not installed.
    """
    if _kind(Path(file)) != _DICOM:
        return {}
    from roadworthy.io.images import dicom

    return dicom.context(Path(file))


def is_dicom(file: str | Path) -> bool:
    """Whether the file begins as DICOM files do."""
    try:
        return _kind(Path(file)) == _DICOM
    except UnreadableError:
        return False


def size(file: str | Path) -> tuple[int, int]:
    """Height and width of the image in ``file`` as ``read`` gives it; no pixel is unpacked.

    Raises:
        UnreadableError: it is no file of a kind that is read here.
        BadInput: the package that reads such files is not installed.
    """
    kind = _kind(Path(file))
    if kind == _DICOM:
        from roadworthy.io.images import dicom

        return dicom.size(Path(file))
    from roadworthy.io.images import raster

    return raster.size(Path(file), "PNG" if kind == _PNG else "JPEG")


def _kind(path: Path) -> bytes:
    if not is_plain_file(str(path)):
        raise UnreadableError("is not there" if not path.exists() else "is no file")
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            head = opened.read(_PREAMBLE + len(_DICOM))
    except OSError as problem:
        raise UnreadableError(f"cannot be opened: {problem.strerror}") from problem
    if size == 0:
        raise UnreadableError("is empty")
    if size > _MOST_BYTES:
        raise UnreadableError(f"holds {size:,} bytes, more than {_MOST_BYTES:,}")
    for kind in (_PNG, _JPEG):
        if head.startswith(kind):
            return kind
    if head[_PREAMBLE:] == _DICOM:
        return _DICOM
    raise UnreadableError("is neither PNG, JPEG nor DICOM, or is encrypted")
