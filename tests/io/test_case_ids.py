"""A file of case ids is one id a line, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.io.case_ids import read_case_ids


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "ids.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_ids_keep_their_order_and_comments_and_blank_lines_count_for_nothing(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "# the hard ones\n007\n\n  case#2  # seen in May\n\t\nz\n")
    assert read_case_ids(path) == ("007", "case#2", "z")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    assert read_case_ids(written(tmp_path, b"\xef\xbb\xbfa\r\nb\r\n")) == ("a", "b")


@pytest.mark.parametrize(
    ("content", "where", "says", "then"),
    [
        ("a\nb\na\n", "ids.txt:3", "'a' is listed twice, first in line 1", "Remove"),
        ("# nothing\n\n", "ids.txt", "lists no case", "one case id a line"),
        (b"\xff\xfe\x00", "ids.txt", "not UTF-8", "Save it as UTF-8"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, content: str | bytes, where: str, says: str, then: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_case_ids(written(tmp_path, content))
    assert (caught.value.where, says in caught.value.message) == (where, True)
    assert then in caught.value.next_step


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    written(tmp_path, "a")
    with pytest.raises(BadInput, match=r"id\.txt.*Did you mean `ids\.txt`"):
        read_case_ids(tmp_path / "id.txt")
    with pytest.raises(BadInput, match="no files"):
        read_case_ids(tmp_path / "nowhere" / "id.txt")
