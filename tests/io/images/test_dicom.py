"""DICOM as a reader sees it: windows, inversion and depth, against pydicom's own arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.pixels.processing import apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from roadworthy.io.images import UnreadableError, context, read

STORED = (np.arange(48).reshape(6, 8) * 80).astype(np.uint16)


def dataset(stored: NDArray[Any] = STORED, **more: Any) -> Dataset:
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.2")
    found.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    found.SOPClassUID, found.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", generate_uid()
    found.Rows, found.Columns = stored.shape
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit = 16, 12, 11
    found.PixelRepresentation = 0
    found.PixelData = stored.tobytes()
    for name, value in more.items():
        setattr(found, name, value)
    return found


def saved(folder: Path, made: Dataset) -> Path:
    made.save_as(folder / "a.dcm", enforce_file_format=True)
    return folder / "a.dcm"


def test_twelve_bits_are_kept(tmp_path: Path) -> None:
    found = read(saved(tmp_path, dataset()))
    assert found.bits == 12
    assert np.allclose(found.pixels[:, :, 0] * 4095, STORED, atol=0.01)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("rescaled", [False, True])
def test_windows_are_those_of_the_standard(tmp_path: Path, function: str, rescaled: bool) -> None:
    made = dataset(WindowCenter=1500, WindowWidth=900, VOILUTFunction=function)
    values = STORED.astype(np.float64)
    if rescaled:
        made.RescaleSlope, made.RescaleIntercept = 0.5, -100
        values = values * 0.5 - 100
    expected = apply_windowing(values, made)
    low, high = (-100.0, 4095 * 0.5 - 100) if rescaled else (0.0, 4095.0)
    found = read(saved(tmp_path, made)).pixels[:, :, 0]
    assert np.allclose(found, (expected - low) / (high - low), atol=1e-5)


def test_a_lookup_table_is_applied(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 8]
    table.LUTData = (np.arange(4096) // 16).astype("<u2").tobytes()
    made = dataset(VOILUTSequence=Sequence([table]))
    found = read(saved(tmp_path, made)).pixels[:, :, 0]
    assert np.allclose(found, (STORED // 16) / 255)


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    usual = read(saved(tmp_path, dataset())).pixels
    turned = read(saved(tmp_path, dataset(PhotometricInterpretation="MONOCHROME1"))).pixels
    assert np.allclose(turned, 1.0 - usual)


def test_signed_values_keep_their_order(tmp_path: Path) -> None:
    stored = np.array([[-2048, -1, 0, 2047]], dtype=np.int16)
    found = read(saved(tmp_path, dataset(stored, PixelRepresentation=1))).pixels[0, :, 0]
    assert np.allclose(found, (stored[0] + 2048) / 4095)


@pytest.mark.parametrize(
    "more",
    [
        {"PixelRepresentation": 1, "RescaleSlope": 0.5, "RescaleIntercept": -100},
        {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 500, "WindowWidth": 900},
        {"WindowCenter": 500, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"},
    ],
)
def test_a_pixel_of_a_large_image_is_as_bright_as_it_is_in_a_small_one(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    kind = np.int16 if more.get("PixelRepresentation") else np.uint16
    stored = np.random.default_rng(2).integers(0, 1 << 16, (300, 300)).astype(np.uint16).view(kind)
    bits: dict[str, Any] = {"BitsStored": 16, "HighBit": 15}
    large = read(saved(tmp_path, dataset(stored, **bits, **more))).pixels
    small = read(saved(tmp_path, dataset(stored[:40, :50], **bits, **more))).pixels
    assert np.array_equal(large[:40, :50], small)


def test_the_context_is_read_from_the_header(tmp_path: Path) -> None:
    more: dict[str, Any] = {"Manufacturer": "Acme", "ViewPosition": "MLO", "ImageLaterality": "L"}
    file = saved(tmp_path, dataset(ImagerPixelSpacing=[0.07, 0.07], Modality="MG", **more))
    found = context(file)
    assert (found["vendor"], found["view"], found["laterality"]) == ("Acme", "MLO", "L")
    assert (found["bits"], found["rows"], found["spacing_mm"]) == (12, 6, 0.07)
    assert found["device"] is None
    assert read(file).spacing_mm == (0.07, 0.07)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"NumberOfFrames": 2}, "holds 2 frames"),
        ({"Rows": 60_000, "Columns": 60_000}, "would unpack"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "neither grey nor colour"),
        ({"WindowCenter": 5, "WindowWidth": 0}, "window of width 0"),
        ({"PixelData": b"12"}, "cannot be read"),
    ],
)
def test_what_is_no_single_image_says_why(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(UnreadableError, match=told):
        read(saved(tmp_path, dataset(**change)))


def test_pixels_may_be_absent_cut_off_or_deflated(tmp_path: Path) -> None:
    without = dataset()
    del without.PixelData
    with pytest.raises(UnreadableError, match="without pixels"):
        read(saved(tmp_path, without))
    file = saved(tmp_path, dataset())
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(UnreadableError, match="cannot be read"):
        read(file)
    deflated = dataset()
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with pytest.raises(UnreadableError, match="deflated"):
        read(saved(tmp_path, deflated))
