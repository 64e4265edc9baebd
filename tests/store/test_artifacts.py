"""A file is what its name says, or it is not given out."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.store.artifacts import Artifacts, kept
from roadworthy.store.database import Database


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "files")


def test_bytes_and_files_are_found_by_their_sha_256(
    database: Database, artifacts: Artifacts, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(b"a model" * 500_000)
    with database.writing() as connection:
        one = artifacts.put(connection, b"a dossier")
        other = artifacts.put(connection, tmp_path / "model")
        again = artifacts.put(connection, b"a dossier")
    assert one == again == sha256(b"a dossier").hexdigest()
    assert artifacts.get(one) == b"a dossier"
    assert artifacts.get(other) == b"a model" * 500_000
    with database.reading() as connection:
        assert kept(connection) == sorted([(one, 9), (other, 3_500_000)])
    assert artifacts.path(one) == artifacts.folder / one[:2] / one[2:]
    assert artifacts.path(one).stat().st_mode & 0o222 == 0, "nobody writes to it by mistake"


@given(
    content=st.binary(min_size=1, max_size=200), place=st.integers(0, 199), bit=st.integers(0, 7)
)
def test_any_flipped_bit_is_named_and_never_given_out(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, place: int, bit: int
) -> None:
    artifacts = Artifacts(tmp_path_factory.getbasetemp() / "flipped")
    digest, size = artifacts.put_file(content)
    assert size == len(content)
    changed = bytearray(content)
    changed[place % len(content)] ^= 1 << bit
    path = artifacts.path(digest)
    path.chmod(0o644)
    path.write_bytes(changed)
    for asked in (artifacts.get, artifacts.check):
        with pytest.raises(BadInput) as caught:
            asked(digest)
        assert caught.value.code == "artifact_changed"
        assert caught.value.value == digest
    # whoever has the right bytes puts it right
    artifacts.put_file(content)
    assert artifacts.get(digest) == content


def test_a_missing_file_is_named(artifacts: Artifacts) -> None:
    for asked in (artifacts.get, artifacts.check):
        with pytest.raises(BadInput) as caught:
            asked("ab" * 32)
        assert caught.value.code == "artifact_missing"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "AB" * 32, "a" * 63, "g" * 64])
def test_what_is_no_digest_names_no_file(artifacts: Artifacts, digest: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        artifacts.get(digest)


def test_what_is_rolled_back_is_not_in_the_store(database: Database, artifacts: Artifacts) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        artifacts.put(connection, b"x")
        raise ZeroDivisionError
    with database.reading() as connection:
        assert kept(connection) == []


def test_a_file_that_cannot_be_read_leaves_nothing_behind(
    database: Database, artifacts: Artifacts, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught, database.writing() as connection:
        artifacts.put(connection, tmp_path / "nothing")
    assert caught.value.code == "unreadable_file"
    assert list(artifacts.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_of(database: Database, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("not a folder")
    with pytest.raises(BadInput) as caught, database.writing() as connection:
        Artifacts(tmp_path / "files").put(connection, b"x")
    assert caught.value.code == "unwritable_workspace"
