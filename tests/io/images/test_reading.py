"""Every file is an image or a sentence that says why not; none of them is a crash."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from roadworthy.io.images import UnreadableError, read
from roadworthy.testing.pictures import png


def saved(folder: Path, image: Image.Image, name: str = "a.png", **options: Any) -> Path:
    image.save(folder / name, **options)
    return folder / name


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) + 40_000
    (tmp_path / "a.png").write_bytes(png(pixels))
    found = read(tmp_path / "a.png")
    assert (found.bits, str(found.pixels.dtype)) == (16, "float32")
    assert len(np.unique(found.pixels)) == 64
    assert np.allclose(found.pixels[:, :, 0] * 65535, pixels, atol=0.01)


def test_black_is_0_and_white_is_1_in_every_mode(tmp_path: Path) -> None:
    for mode, channels in {"1": 1, "L": 1, "LA": 1, "P": 1, "RGB": 1, "RGBA": 1}.items():
        grey = Image.fromarray(np.array([[0, 255]], dtype=np.uint8))
        found = read(saved(tmp_path, grey.convert(mode)))
        assert found.pixels.shape == (1, 2, channels), mode
        assert found.pixels[0, :, 0].tolist() == [0.0, 1.0], mode


def test_colours_stay_three_channels(tmp_path: Path) -> None:
    pixels = np.zeros((4, 5, 3), dtype=np.uint8)
    pixels[:, :, 1] = 200
    found = read(saved(tmp_path, Image.fromarray(pixels), "a.jpg", quality=95))
    assert found.pixels.shape == (4, 5, 3)
    assert found.grey.shape == (4, 5)


def test_a_photo_is_held_as_the_camera_says(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((4, 6), dtype=np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    found = read(saved(tmp_path, image, "a.jpg", exif=exif))
    assert found.pixels.shape[:2] == (6, 4)


def bomb() -> bytes:
    """A PNG of a few bytes whose header promises 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    found = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100))):
        check = struct.pack(">I", zlib.crc32(kind + content))
        found += struct.pack(">I", len(content)) + kind + content + check
    return found


def jpeg() -> bytes:
    found = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    Image.fromarray(noise).save(found, "JPEG")
    return found.getvalue()


WHOLE = png(np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (WHOLE[: len(WHOLE) // 2], "damaged PNG"),
        (jpeg()[:200], "damaged JPEG"),
        (WHOLE[:8], "damaged PNG"),
        (bytes(range(256)) * 4, "encrypted"),
        (b"scan,score\n1,0.5\n", "neither PNG, JPEG nor DICOM"),
        (bomb(), "would unpack to 60000 x 60000"),
    ],
    ids=["empty", "half a PNG", "half a JPEG", "a signature", "noise", "a table", "a bomb"],
)
def test_what_is_no_image_says_why(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(content)
    with pytest.raises(UnreadableError, match=told):
        read(file)


def test_wrong_modes_say_which(tmp_path: Path) -> None:
    clear = Image.fromarray(np.zeros((4, 4, 4), dtype=np.uint8))
    with pytest.raises(UnreadableError, match="transparent"):
        read(saved(tmp_path, clear))
    cmyk = Image.new("CMYK", (4, 4))
    with pytest.raises(UnreadableError, match="mode CMYK"):
        read(saved(tmp_path, cmyk, "a.jpg"))
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 255)]
    with pytest.raises(UnreadableError, match="animation"):
        read(saved(tmp_path, frames[0], save_all=True, append_images=frames[1:]))


def test_what_is_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="is not there"):
        read(tmp_path / "away.png")
    with pytest.raises(UnreadableError, match="is no file"):
        read(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_an_image_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from([WHOLE, jpeg()])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("damaged") / "a"
    file.write_bytes(bytes(content))
    try:
        found = read(file)
    except UnreadableError as told:
        assert str(told)
    else:
        assert np.isfinite(found.pixels).all()
