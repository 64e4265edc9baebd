"""demo: the whole way on real data, in a folder of its own and in nobody else's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roadworthy.cli import main
from roadworthy.cli.demo import MARK
from roadworthy.io.judgement_json import from_json

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the demo in this process: its exit code and what it printed."""

    def demo(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["roadworthy", "demo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().out

    return demo


@pytest.mark.slow
def test_the_demo_runs_again_and_again_to_the_same_verdict(run: Run, tmp_path: Path) -> None:
    into = tmp_path / "demo"
    told: list[Any] = []
    for _ in range(2):
        code, out = run("--into", into, "--json")
        assert code == 0
        told.append(json.loads(out))
    assert told[0]["verdict"]["verdicts"] == told[1]["verdict"]["verdicts"]
    judgement = from_json(told[0]["verdict"])
    assert judgement.set == "sealed"
    assert len(judgement.verdicts) >= 4
    assert Path(told[1]["dossier"]["html"]).exists()


def test_for_people_the_demo_shows_every_command_it_runs(run: Run, tmp_path: Path) -> None:
    code, out = run("--into", tmp_path / "demo")
    assert code == 0
    for name in ("plan", "train", "check", "certify", "dossier"):
        assert f"$ roadworthy {name}" in out


def test_a_folder_of_somebody_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    code, out = run("--into", tmp_path / "mine", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "folder_in_use"
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "mine" / MARK).exists()


def test_a_file_in_the_place_of_the_folder_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("years of work")
    assert run("--into", tmp_path / "mine")[0] == 2
    assert (tmp_path / "mine").read_text() == "years of work"


def test_a_used_example_does_not_hand_on_its_spent_seal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = tmp_path / "example"
    (example / ".roadworthy" / "openings").mkdir(parents=True)
    (example / "product.yaml").write_text("version: 1\n")
    monkeypatch.setattr("roadworthy.cli.demo._example", lambda: example)
    run("--into", tmp_path / "demo")
    assert (tmp_path / "demo" / "product.yaml").exists()
    assert not (tmp_path / "demo" / ".roadworthy").exists()
