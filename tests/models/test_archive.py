"""A model's file is read whole, executes nothing, and unpacks to no more than it holds."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.models import archive


def test_what_was_packed_is_read_and_the_same_parts_are_the_same_bytes(tmp_path: Path) -> None:
    file, content = tmp_path / "model", archive.pack({"name": "a"}, {"weights": b"1234"})
    file.write_bytes(content)
    assert archive.unpack(file, ["weights"]) == ({"name": "a"}, {"weights": b"1234"}, content)
    assert archive.holds(file, "weights") and not archive.holds(file, "graph")
    assert archive.pack({"name": "a"}, {"weights": b"1234"}) == content


def test_a_file_that_unpacks_to_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model"
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        packed.writestr("card.json", "{}", ZIP_STORED)
        packed.writestr("weights", bytes(1 << 20))
    with pytest.raises(BadInput, match="a part of it is compressed"):
        archive.unpack(file, ["weights"])


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\3\4" + bytes(60)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model"
    file.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read"):
        archive.unpack(file, [])
    assert not archive.holds(file, "weights")
