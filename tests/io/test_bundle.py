"""A bundle can only be what it says it is: no name leads out of it, and no size is believed."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.io.bundle import ASK, FORMAT, pack, unpack

MOST = 1 << 20


def zipped(folder: Path, *files: tuple[str | zipfile.ZipInfo, bytes], ask: object = None) -> Path:
    """A bundle as somebody makes it who means no good."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(ASK, json.dumps({"format": FORMAT} if ask is None else ask))
        for name, content in files:
            made.writestr(name, content)
    return path


def refused(folder: Path, bundle: Path, most: int = MOST) -> str:
    into = folder / "into"
    into.mkdir(exist_ok=True)
    with pytest.raises(BadInput) as told:
        unpack(bundle, into, most)
    assert told.value.code == "bad_bundle"
    return told.value.message


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a" * 5_000)
    with (tmp_path / "b.zip").open("wb") as body:
        pack(body, tmp_path, {"product/a.txt": tmp_path / "a.txt"}, {"what": "look"})
    into = tmp_path / "into"
    into.mkdir()
    assert unpack(tmp_path / "b.zip", into, MOST) == {"format": FORMAT, "what": "look"}
    assert (into / "product" / "a.txt").read_bytes() == b"a" * 5_000
    assert not (into / ASK).exists()


@pytest.mark.parametrize(
    "name",
    ["../out", "product/../../out", "/out", "C:\\out", "a\\..\\out", "a//b", "./a", "a\nb", "a:b"],
)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    assert "lead out" in refused(tmp_path, zipped(tmp_path, (name, b"x")))
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [tmp_path / "bundle.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_nothing_but_plain_files(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("product/link")
    link.external_attr = (kind | 0o777) << 16
    assert "no plain file" in refused(tmp_path, zipped(tmp_path, (link, b"/etc/passwd")))


def test_sizes_are_counted_and_not_believed(tmp_path: Path) -> None:
    bomb = zipped(tmp_path, ("a", bytes(600_000)), ("b", bytes(600_000)))
    assert bomb.stat().st_size < 5_000
    assert "larger" in refused(tmp_path, bomb)
    # the directory of the zip says that the file is small
    raw = bomb.read_bytes()
    bomb.write_bytes(raw.replace((600_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    liar = tmp_path / "liar"
    liar.mkdir()
    refused(liar, bomb)
    assert sum(one.stat().st_size for one in liar.rglob("*") if one.is_file()) <= MOST


def test_two_files_of_one_name_and_too_many_files(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped(tmp_path, ("product/a", b"1"), ("product/a", b"2"))
    assert "one name" in refused(tmp_path, twice)
    assert "one name" in refused(tmp_path, zipped(tmp_path, ("a", b"1"), ("A", b"2")))
    many = zipped(tmp_path, *((f"f{number}", b"") for number in range(10_001)))
    assert "10,002 files" in refused(tmp_path, many)


@pytest.mark.parametrize("ask", [[], {"format": 99}, {}, "look"])
def test_what_is_asked_has_one_format(tmp_path: Path, ask: object) -> None:
    assert "format" in refused(tmp_path, zipped(tmp_path, ask=ask))


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    assert "no zip" in refused(tmp_path, path)
    whole = zipped(tmp_path, ("product/a", b"x" * 9_000)).read_bytes()
    for cut in range(0, len(whole), 37):
        path.write_bytes(whole[:cut])
        folder = tmp_path / f"cut{cut}"
        folder.mkdir()
        refused(folder, path)


def test_a_damaged_byte_is_found_or_does_no_harm(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("product/a", bytes(range(256)) * 4), ("product/b/c", b"y" * 300))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        into = tmp_path / "into" / str(place)
        into.mkdir(parents=True)
        try:
            unpack(path, into, MOST)
        except BadInput as problem:
            assert problem.code == "bad_bundle"
    inside = {one.relative_to(tmp_path).parts[0] for one in tmp_path.rglob("*")}
    assert inside == {"bundle.zip", "into"}


def test_a_bundle_that_does_not_say_what_is_asked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("product/product.yaml", "version: 1")
    assert "what is asked" in refused(tmp_path, path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with (tmp_path / "b.zip").open("wb") as body, pytest.raises(BadInput, match="cannot be read"):
        pack(body, tmp_path, {"product/a": tmp_path / "nowhere"}, {})
