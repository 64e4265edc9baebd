"""The workspace: a file is there whole or not at all, and a broken one is told."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.store.workspace import FOLDER, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.beside(tmp_path / "product.yaml")


def files(workspace: Workspace) -> dict[str, bytes]:
    found = (path for path in workspace.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(workspace.folder)): path.read_bytes() for path in found}


def test_it_stands_beside_product_yaml_and_is_made_when_first_written(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert workspace.folder == tmp_path / FOLDER
    assert not workspace.folder.exists()
    workspace.write("deep/er/file", "x")
    assert files(workspace) == {"deep/er/file": b"x", "VERSION": b"1\n"}


def test_what_is_written_is_read_again(workspace: Workspace) -> None:
    workspace.write_json("a.json", {"x": 1, "text": "ä"})
    assert workspace.read_json("a.json") == {"x": 1, "text": "ä"}
    assert workspace.read_json("b.json") is None


def test_no_number_that_json_does_not_know_is_written(workspace: Workspace) -> None:
    with pytest.raises(ValueError):
        workspace.write_json("a.json", {"x": float("nan")})
    assert workspace.read_json("a.json") is None


def test_who_creates_a_file_is_never_seen_half_way(workspace: Workspace) -> None:
    """Whoever comes second reads a whole file, not an empty one."""

    def attempt(_: int) -> str:
        if workspace.create("once.json", {"who": "x" * 10_000}):
            return "first"
        return str((workspace.read_json("once.json") or {})["who"])[:1]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(attempt, range(64)))
    assert sorted(found) == ["first", *["x"] * 63]
    assert set(files(workspace)) == {"once.json", "VERSION"}


@pytest.mark.parametrize("what", ["replace", "fsync"])
@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left"), MemoryError])
def test_an_interrupted_write_leaves_what_was_there_and_no_litter(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, what: str, problem: Any
) -> None:
    workspace.write("a", "old")
    before = files(workspace)

    def fail(*_: Any) -> None:
        raise problem

    monkeypatch.setattr(os, what, fail)
    with pytest.raises((KeyboardInterrupt, BadInput, MemoryError)):
        workspace.write("a", "new")
    assert files(workspace) == before


def test_a_full_disk_is_bad_input_and_no_fault_of_ours(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    for write in (lambda: workspace.write("a", "x"), lambda: workspace.create("a", {})):
        with pytest.raises(BadInput) as told:
            write()
        assert told.value.code == "unwritable_workspace"
        assert told.value.exit_code is ExitCode.BAD_INPUT
        assert "No space left" in str(told.value)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("mine")
    with pytest.raises(BadInput) as told:
        Workspace.beside(tmp_path / "product.yaml").write("a", "x")
    assert told.value.code == "unwritable_workspace"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_a_broken_file_is_told_with_its_place(workspace: Workspace, content: bytes) -> None:
    path = workspace.write("a.json", content)
    with pytest.raises(BadInput) as told:
        workspace.read_json("a.json")
    assert (told.value.code, told.value.where) == ("broken_workspace", str(path))


def test_create_succeeds_once_and_never_overwrites(workspace: Workspace) -> None:
    assert workspace.create("once.json", {"who": "first"})
    assert not workspace.create("once.json", {"who": "second"})
    assert workspace.read_json("once.json") == {"who": "first"}


def test_whoever_opens_it_while_it_is_made_finds_no_empty_version(tmp_path: Path) -> None:
    def make(place: int) -> None:
        Workspace(tmp_path / "w").write(f"{place}.txt", "x")
        Workspace(tmp_path / "w").require_version()

    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(16)))
        for file in (tmp_path / "w").iterdir():
            file.unlink()
