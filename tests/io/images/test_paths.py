"""A table opens files of its own folder and no others, and they are known by their bytes."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.io.images import Broken, Picture, digests, located, stream

IDS = ["c1"]


def test_paths_are_relative_to_the_folder(tmp_path: Path) -> None:
    for written in ("a/b.png", " a/b.png ", "a/../a/b.png"):
        found = located(pl.Series("scan", [written]), IDS, tmp_path)
        assert Path(found[0]).resolve() == (tmp_path / "a/b.png").resolve()
    assert located(pl.Series("scan", [None, ""]), ["a", "b"], tmp_path).to_list() == [None, None]


@pytest.mark.parametrize(
    "written",
    ["/etc/passwd", "../secret.png", "a/../../x.png", "C:\\x.png", "\\\\host\\x", "..\\x.png"],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(BadInput, match="outside of the folder") as caught:
        located(pl.Series("scan", [written]), IDS, tmp_path)
    assert caught.value.where == "column scan"


def test_numbers_are_no_paths(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="are text"):
        located(pl.Series("scan", [1]), IDS, tmp_path)


def test_a_digest_hangs_on_the_bytes_alone(tmp_path: Path) -> None:
    for name, content in {"a": b"x", "b": b"x", "c": b"y"}.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in ("a", "b", "c", "away")]
    a, b, c, away, none = digests([*files, None]).to_list()
    assert a == b != c
    assert away is none is None


def test_a_pipe_is_no_file_and_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert digests([str(tmp_path / "pipe")]).to_list() == [None]
    found = list(stream([str(tmp_path / "pipe")], lambda picture: picture))
    assert found == [Broken(str(tmp_path / "pipe"), "is no file", missing=False)]


def test_a_stream_keeps_the_order_and_says_what_is_missing(tmp_path: Path) -> None:
    from roadworthy.testing.pictures import pictures

    files = pictures(pl.Series(range(40)), tmp_path).to_list()
    files[7], files[11] = None, str(tmp_path / "away.png")
    seen: list[Picture | Broken] = list(stream(files, lambda picture: picture))
    broken = [at for at, one in enumerate(seen) if isinstance(one, Broken)]
    assert broken == [7, 11]
    again = list(stream(files, lambda picture: float(picture.pixels.sum())))
    alone = [next(iter(stream([file], lambda p: float(p.pixels.sum())))) for file in files]
    assert again == alone
