"""Scripts want one line; shells want to complete; neither changes what a command answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, counted, write_product

from roadworthy.cli.spelling import spelled_out

RUN = "from roadworthy.cli import main; main()"


def shell(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("cases", "word", "code"),
    [
        (counted(200, 0, 50), "PASS", 0),
        (counted(100, 100, 50), "FAIL", 1),
        (counted(19, 1, 50), "INCONCLUSIVE", 3),
    ],
)
def test_quiet_prints_the_outcome_alone_and_keeps_the_exit_code(
    cases: pl.DataFrame, word: str, code: int, tmp_path: Path
) -> None:
    file = write_product(tmp_path, cases, [FINDS])
    for words in (("--quiet", "check", file), ("check", file, "--quiet")):
        found = roadworthy(*words)
        assert (found.code, found.out.strip()) == (code, f"tested: {word}")
    assert roadworthy("check", file).code == code


def test_quiet_is_one_line_whatever_the_command(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(200, 0, 50), [FINDS])
    for command in ("plan", "check", "doctor", "dossier"):
        found = roadworthy(command, file, "--quiet")
        assert (found.code, len(found.out.splitlines())) == (0, 1), command


def test_json_stays_whole_under_quiet(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(200, 0, 50), [FINDS])
    assert roadworthy("check", file, "--quiet", "--json").json["outcome"] == "PASS"


def test_errors_are_told_under_quiet_too(tmp_path: Path) -> None:
    found = roadworthy("check", tmp_path / "none.yaml", "--quiet")
    assert found.code == 2
    assert "cannot be read" in found.err


def test_what_follows_two_dashes_is_no_option() -> None:
    assert spelled_out(["check", "--", "--quiet"]) == ["check", "--", "--quiet"]


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for_each_shell(kind: str) -> None:
    found = shell("--show-completion", kind, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert found.returncode == 0
    assert "_ROADWORTHY_COMPLETE=complete_" in found.stdout


def test_commands_and_metrics_are_completed() -> None:
    def completed(line: str) -> list[str]:
        found = shell(
            _ROADWORTHY_COMPLETE="complete_bash",
            COMP_WORDS=line,
            COMP_CWORD=str(len(line.split()) - 1),
        )
        assert found.returncode == 0, found.stderr
        return found.stdout.split()

    assert completed("roadworthy che") == ["check"]
    assert completed("roadworthy explain lat") == ["latency_p50_ms", "latency_p99_ms"]
