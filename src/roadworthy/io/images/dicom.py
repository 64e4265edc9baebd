"""DICOM, by pydicom: pixels as a reader sees them (PS3.3 C.7.6.3, C.11.1, C.11.2), and context."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.io.images.picture import Picture, Pixels, UnreadableError, plain, require_size

if TYPE_CHECKING:
    from pydicom import Dataset

# inflates as a whole while it is opened, whatever comes out
_DEFLATED = "1.2.840.10008.1.2.1.99"
_GREY, _COLOUR = ("MONOCHROME1", "MONOCHROME2"), ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT")


def read(path: Path) -> Picture:
    """The image: modality and VOI transformations applied, dark to bright, float32.

    Raises:
        UnreadableError: it has no pixels, more than one frame, or pixels that cannot be unpacked.
        BadInput: pydicom is not installed.
    """
    pydicom = _pydicom()
    try:
        dataset = _opened(pydicom, path, pixels=True)
        return _picture(dataset)
    except UnreadableError:
        raise
    # whatever a decoder makes of a stranger's bytes: it is the file that is wrong
    except Exception as problem:
        raise UnreadableError(f"is a DICOM file that cannot be read: {problem}") from problem


def context(path: Path) -> dict[str, Any]:
    """How the image was made, by the names of columns; None where the file does not say.

    ``vendor``, ``device``, ``modality``, ``view`` (CC, MLO ...), ``laterality`` (L, R), ``rows``,
    ``columns``, ``bits``, and ``spacing_mm`` between rows.

    Raises:
        UnreadableError: its header cannot be read.
        BadInput: pydicom is not installed.
    """
    pydicom = _pydicom()
    try:
        found = _opened(pydicom, path, pixels=False)
        spacing = _spacing(found)
        return {
            "vendor": _text(found, "Manufacturer"),
            "device": _text(found, "ManufacturerModelName"),
            "modality": _text(found, "Modality"),
            "view": _text(found, "ViewPosition"),
            "laterality": _text(found, "ImageLaterality") or _text(found, "Laterality"),
            "rows": _whole(found, "Rows"),
            "columns": _whole(found, "Columns"),
            "bits": _whole(found, "BitsStored"),
            "spacing_mm": None if spacing is None else spacing[0],
        }
    except UnreadableError:
        raise
    except Exception as problem:
        raise UnreadableError(f"is a DICOM file that cannot be read: {problem}") from problem


def size(path: Path) -> tuple[int, int]:
    """Height and width.

    Raises:
        UnreadableError: its header cannot be read.
        BadInput: pydicom is not installed.
    """
    found = context(path)
    if found["rows"] is None or found["columns"] is None:
        raise UnreadableError("is a DICOM file without pixels")
    return int(found["rows"]), int(found["columns"])


def _pydicom() -> Any:
    try:
        import pydicom
    except ImportError as problem:
        raise BadInput(
            "pydicom reads DICOM, and it is not installed.",
            code="missing_extra",
            where="data.features.image",
            next_step="Run `pip install 'roadworthy[dicom]'`.",
        ) from problem
    return pydicom


def _opened(pydicom: Any, path: Path, *, pixels: bool) -> Any:
    meta = pydicom.filereader.read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") == _DEFLATED:
        raise UnreadableError("is a deflated DICOM file, whose size nobody knows beforehand")
    return pydicom.dcmread(path, stop_before_pixels=not pixels)


def _picture(dataset: Dataset) -> Picture:
    _require_one_image(dataset)
    bits, spacing = int(dataset.BitsStored), _spacing(dataset)
    if dataset.PhotometricInterpretation in _COLOUR:
        found = dataset.pixel_array.astype(np.float32) / np.float32(2**bits - 1)
        return Picture(plain(found), bits, spacing)
    return Picture(plain(_each_value_once(dataset.pixel_array, dataset)), bits, spacing)


def _require_one_image(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise UnreadableError("is a DICOM file without pixels")
    require_size(int(dataset.Rows), int(dataset.Columns))
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise UnreadableError(f"holds {dataset.NumberOfFrames} frames, and one image is read")
    kind = dataset.PhotometricInterpretation
    if kind not in (*_GREY, *_COLOUR):
        raise UnreadableError(f"is {kind}, which is neither grey nor colour")


def _each_value_once(stored: NDArray[Any], dataset: Dataset) -> Pixels:
    """``_grey`` of every pixel: of a large image it is computed for each value that 16 bits hold.

    A mammogram has 6 million pixels, and the doubles in between would take most of the memory.
    """
    if stored.dtype.itemsize > 2 or stored.size <= 1 << 16:
        return _grey(stored, dataset)
    plain = np.dtype(f"u{stored.dtype.itemsize}")
    every = np.arange(1 << 8 * plain.itemsize).astype(plain).view(stored.dtype)
    found: Pixels = _grey(every, dataset)[stored.view(plain)]
    return found


def _grey(stored: NDArray[Any], dataset: Dataset) -> Pixels:
    """Stored values as brightness from 0 to 1, by a rule for single pixels."""
    shown = _shown(stored, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = np.float32(1.0) - shown
    return shown


def _shown(stored: NDArray[Any], dataset: Dataset) -> Pixels:
    """Stored values through the modality and the VOI transformation, from 0 to 1."""
    from pydicom.pixels.processing import apply_modality_lut

    values = apply_modality_lut(stored, dataset).astype(np.float64)
    if "VOILUTSequence" in dataset:
        return _looked_up(values, dataset.VOILUTSequence[0])
    window = _window(dataset)
    if window is not None:
        return _windowed(values, *window, str(dataset.get("VOILUTFunction") or "LINEAR"))
    return _between(values, *_range(dataset))


def _range(dataset: Dataset) -> tuple[float, float]:
    """The least and the largest value that could have been stored, after the modality LUT."""
    bits, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation) == 1
    if "ModalityLUTSequence" in dataset:
        return 0.0, 2.0 ** int(dataset.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)
    slope = float(dataset.get("RescaleSlope") or 1.0)
    intercept = float(dataset.get("RescaleIntercept") or 0.0)
    ends = sorted((low * slope + intercept, high * slope + intercept))
    return ends[0], ends[1]


def _window(dataset: Dataset) -> tuple[float, float] | None:
    """The first window that the file names: centre and width."""
    centre, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if centre is None or width is None:
        return None
    first = [float(np.atleast_1d(np.asarray(one, dtype=float))[0]) for one in (centre, width)]
    return first[0], first[1]


def _looked_up(values: Any, table: Dataset) -> Pixels:
    """PS3.3 C.11.2.1.1. pydicom's own ``apply_voi`` cuts the places in 8-bit tables to 8 bits."""
    entries, first, bits = (int(one) for one in table.LUTDescriptor)
    data, entries = table.LUTData, entries or 1 << 16
    if isinstance(data, bytes):
        # 8-bit entries may stand two in a word (PS3.3 C.11.1.1.1)
        found = np.frombuffer(data, "<u2" if len(data) >= 2 * entries else np.uint8)
    else:
        found = np.asarray(data)
    place = np.clip(values - first, 0, entries - 1).astype(np.int64)
    return _between(found[place], 0.0, 2.0**bits - 1)


def _windowed(values: Any, centre: float, width: float, function: str) -> Pixels:
    """PS3.3 C.11.2.1.2: linear, exactly linear, or sigmoid; from 0 to 1."""
    if width <= 0:
        raise UnreadableError(f"has a window of width {width:g}")
    if function == "SIGMOID":
        found = 1.0 / (1.0 + np.exp(-4.0 * (values - centre) / width))
    elif function == "LINEAR_EXACT":
        found = (values - centre) / width + 0.5
    elif width <= 1:
        found = (values > centre - 0.5).astype(np.float64)
    else:
        found = (values - (centre - 0.5)) / (width - 1) + 0.5
    clipped: Pixels = np.clip(found, 0.0, 1.0).astype(np.float32)
    return clipped


def _between(values: Any, low: float, high: float) -> Pixels:
    found: Pixels = np.clip((values - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return found


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    """PixelSpacing, or ImagerPixelSpacing of a projection: between rows, between columns."""
    found = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    return None if found is None else (float(found[0]), float(found[1]))


def _text(dataset: Dataset, name: str) -> str | None:
    found = dataset.get(name)
    return str(found).strip() or None if found is not None else None


def _whole(dataset: Dataset, name: str) -> int | None:
    found = dataset.get(name)
    return None if found is None else int(found)
