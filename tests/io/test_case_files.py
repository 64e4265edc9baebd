"""The same file and the same picture are found under another name; other pictures are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.tables import FINDS, SCORED, simulated, write_product

from roadworthy.core.errors import Refused
from roadworthy.io.case_files import NEAR_BITS, NEAR_FINE, Files, Lookalike, alike, known
from roadworthy.io.images import difference_hash, digests, read
from roadworthy.workflow.seal import seal


def picture(path: Path, seed: int, side: int = 64, brighter: int = 0) -> Path:
    """Some soft blobs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:1:96j, 0:1:96j]
    field = np.zeros_like(x)
    for _ in range(8):
        cx, cy, width = rng.random(), rng.random(), 0.05 + rng.random() / 6
        field += rng.normal() * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / width**2)
    scaled = 20 + 180 * (field - field.min()) / np.ptp(field) + brighter
    Image.fromarray(scaled.astype(np.uint8)).resize((side, side)).save(path)
    return path


def files(folder: Path, names: list[str]) -> Files:
    paths = [str(folder / name) for name in names]
    cases = [f"case of {name}" for name in names]
    return known(pl.DataFrame({"case": cases, "file": paths, "digest": digests(paths)}))


def found(folder: Path, sealed: list[str], standing: list[str]) -> list[Lookalike]:
    return list(alike(files(folder, sealed), files(folder, standing)))


def test_the_same_file_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "a.txt").write_text("notes")
    (tmp_path / "b.txt").write_text("notes")
    (one, two) = found(tmp_path, ["a.png", "a.txt"], ["b.txt", "b.png"])
    assert one.same_file and two.same_file and one.open == "case of b.png"


def test_a_resized_recompressed_or_brighter_picture_is_found(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    picture(tmp_path / "small.png", 1, side=40)
    picture(tmp_path / "bright.png", 1, brighter=20)
    Image.open(tmp_path / "a.png").save(tmp_path / "a.jpg", quality=60)
    for other in ("small.png", "bright.png", "a.jpg"):
        (one,) = found(tmp_path, [other], ["a.png"])
        assert not one.same_file and one.bits <= 4


def test_different_pictures_are_told_apart(tmp_path: Path) -> None:
    names = [picture(tmp_path / f"{seed}.png", seed).name for seed in range(60)]
    assert found(tmp_path, names[:30], names[30:]) == []


def test_pictures_of_one_kind_are_told_apart_by_their_details(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    roof = np.tile(180 - 5 * np.abs(np.arange(68) - 34), (64, 1))
    for name in ("a", "b"):
        texture = np.kron(rng.choice([-12, 12], (16, 17)), np.ones((4, 4)))
        Image.fromarray((roof + texture).astype(np.uint8)).save(tmp_path / f"{name}.png")
    apart = np.bitwise_count(
        difference_hash(read(tmp_path / "a.png")) ^ difference_hash(read(tmp_path / "b.png"))
    )
    assert apart[0] <= NEAR_BITS and apart[1:].sum() > NEAR_FINE
    assert found(tmp_path, ["a.png"], ["b.png"]) == []
    assert found(tmp_path, ["a.png"], ["a.png"])[0].same_file


def test_blank_pictures_all_look_alike_and_say_nothing(tmp_path: Path) -> None:
    for name, grey in (("a.png", 10), ("b.png", 200)):
        Image.new("L", (50, 50), grey).save(tmp_path / name)
    assert not difference_hash(read(tmp_path / "a.png")).any()
    assert found(tmp_path, ["a.png"], ["b.png"]) == []


def test_a_dark_picture_of_16_bits_is_known_in_8_bits(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    with Image.open(tmp_path / "a.png") as plain:
        grey = np.asarray(plain).astype(np.uint16)
    Image.fromarray(grey * 8).save(tmp_path / "deep.png")
    (one,) = found(tmp_path, ["deep.png"], ["a.png"])
    assert not one.same_file and one.bits <= 4


def test_what_is_no_image_is_known_by_its_bytes_alone(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    assert files(tmp_path, ["a.png", "cut.png"]).is_image.tolist() == [True, False]
    assert found(tmp_path, ["cut.png"], ["a.png"]) == []


def test_a_near_duplicate_is_refused_until_a_person_accepts_it_by_name(tmp_path: Path) -> None:
    def table(name: str, images: list[str]) -> pl.DataFrame:
        frame = simulated(40, 3).with_columns(
            case=pl.format(f"{name}{{}}", pl.int_range(40)), score=pl.lit(0.9)
        )
        paths = pl.Series("image", [*images, *[None] * (40 - len(images))], dtype=pl.String)
        return frame.with_columns(paths)

    for seed in range(4):
        picture(tmp_path / f"{seed}.png", seed)
    picture(tmp_path / "again.png", 2, side=50)
    data = {**SCORED, "file": "image"}
    file = write_product(tmp_path, table("o", ["0.png", "2.png"]), [FINDS], data=data)
    test = table("s", ["1.png", "again.png"]).with_columns(age=pl.int_range(200, 240))
    with pytest.raises(Refused, match="s1 looks like") as told:
        seal(file, test)
    assert told.value.code == "near_duplicate" and "--accept s1" in told.value.next_step
    with pytest.raises(Refused):
        seal(file, test, accept=["s0"])
    assert seal(file, test, accept=["s1"]).set.provenance.accepted == ("s1",)
    same = table("t", ["0.png"]).with_columns(age=pl.int_range(300, 340))
    with pytest.raises(Refused) as told:
        seal(file, same, accept=["t0"])
    assert told.value.code == "same_file", "nobody can accept the very same file"
