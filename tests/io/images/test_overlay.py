"""Boxes are drawn where they are, and the size of an image is known before it is unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.io.images.test_dicom import dataset, saved

from roadworthy.core.marks import Box, Mark
from roadworthy.io.images import UnreadableError, draw, is_dicom, read, size
from roadworthy.io.images.overlay import MARK, TRUTH
from roadworthy.testing.pictures import png


def drawn(folder: Path, truths: list[Box], marks: list[Mark]) -> np.ndarray:
    (folder / "a.png").write_bytes(png(np.full((32, 32), 60, np.uint8)))
    draw(str(folder / "a.png"), truths, marks, folder / "out.png")
    return np.asarray(Image.open(folder / "out.png"))


def test_a_true_box_is_a_line_around_what_it_encloses(tmp_path: Path) -> None:
    found = drawn(tmp_path, [Box(8, 4, 10, 6)], [])
    assert found.shape == (512, 512, 3)
    y, x = np.nonzero((found == TRUTH).all(axis=2))
    # sixteen times larger; the line lies just inside
    assert (x.min(), x.max() + 1) == (8 * 16 + 2, 18 * 16 - 2)
    assert (y.min(), y.max() + 1) == (4 * 16 + 2, 10 * 16 - 2)


def test_a_mark_is_told_apart_and_bears_its_score(tmp_path: Path) -> None:
    found = drawn(tmp_path, [], [Mark(8, 4, 10, 6, 0.5)])
    y, x = np.nonzero((found == MARK).all(axis=2))
    assert x.min() < 8 * 16 < 18 * 16 <= x.max() + 4
    assert y.min() < 4 * 16 - 10
    # corners, not sides
    assert not (found[7 * 16, :] == MARK).all(axis=1).any()


def test_boxes_at_the_edge_and_of_one_pixel_are_drawn_too(tmp_path: Path) -> None:
    found = drawn(tmp_path, [Box(0, 0, 32, 32)], [Mark(31, 31, 1, 1, 1.0), Mark(0, 0, 1, 1, 0.0)])
    assert (found == MARK).all(axis=2).any()


def test_the_score_of_a_mark_as_tall_as_the_image_is_seen(tmp_path: Path) -> None:
    found = drawn(tmp_path, [], [Mark(0, 0, 32, 32, 0.88)])
    # between the corners' lines, where nothing else is drawn in its colour
    assert (found[6:18, 6:40] == MARK).all(axis=2).any()


@pytest.mark.parametrize("turned", [1, 3, 6])
def test_a_size_is_that_of_the_image_as_it_is_read(tmp_path: Path, turned: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.new("L", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    assert size(tmp_path / "a.jpg") == read(tmp_path / "a.jpg").pixels.shape[:2]


def test_dicom_is_known_by_its_bytes(tmp_path: Path) -> None:
    file = saved(tmp_path, dataset())
    assert is_dicom(file)
    assert size(file) == (6, 8)
    (tmp_path / "b.dcm").write_bytes(png(np.zeros((3, 5), np.uint8)))
    assert not is_dicom(tmp_path / "b.dcm")
    assert size(tmp_path / "b.dcm") == (3, 5)
    assert not is_dicom(tmp_path / "nothing.dcm")
    with pytest.raises(UnreadableError):
        size(tmp_path / "nothing.dcm")
