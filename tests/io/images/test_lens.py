"""A handle changes pixels while they are read; no table can write one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from roadworthy.io import images
from roadworthy.io.images import Broken, Picture


def grey(folder: Path, depth: int = 8) -> Path:
    file = folder / "grey.png"
    values = np.linspace(0.1, 0.9, 12 * 10).reshape(12, 10) * (2**depth - 1)
    Image.fromarray(values.astype(np.uint16 if depth == 16 else np.uint8)).save(file)
    return file


def handle(file: Path | str, seed: int = 7) -> str:
    (found,) = images.through([str(file)], "noise", {"deviation": 0.05}, [seed])
    assert found is not None
    return found


def test_what_is_read_through_a_handle_is_changed_and_the_same_each_time(tmp_path: Path) -> None:
    file = grey(tmp_path)
    plain, one, two = (images.read(at) for at in (str(file), handle(file), handle(file)))
    assert np.array_equal(one.pixels, two.pixels)
    assert 0.02 < float(np.abs(one.pixels - plain.pixels).mean()) < 0.06
    assert not np.array_equal(one.pixels, images.read(handle(file, 8)).pixels)
    assert (one.bits, one.pixels.shape) == (plain.bits, plain.pixels.shape)


def test_streams_read_handles_and_name_the_broken_file_behind_them(tmp_path: Path) -> None:
    file = grey(tmp_path)
    lost = handle(tmp_path / "lost.png")
    good, broken = images.stream([handle(file), lost], lambda picture: picture)
    assert isinstance(good, Picture)
    assert isinstance(broken, Broken)
    assert broken.missing
    assert images.behind(str(broken.file)) == str(tmp_path / "lost.png")


def test_a_table_cannot_name_a_handle(tmp_path: Path) -> None:
    written = pl.Series("scan", [handle("x.png")])
    (found,) = images.located(written, ["a"], tmp_path)
    assert found.startswith(str(tmp_path))
    with pytest.raises(images.UnreadableError, match="is not there"):
        images.read(found)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_changed_image_is_written_without_loss(tmp_path: Path, depth: int) -> None:
    picture = images.read(grey(tmp_path, depth))
    images.write_png(picture, tmp_path / "again.png")
    assert np.array_equal(images.read(tmp_path / "again.png").pixels, picture.pixels)
