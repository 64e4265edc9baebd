"""The benchmark runs and says what it measured; how fast it was is never a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.mark.slow
def test_the_benchmark_runs_on_few_cases_and_names_floor_and_extrapolation(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    few = ["--cases", "5000", "--usual", "500", "--repeats", "1", "--out", str(out)]
    few += ["--what", "floor", "metrics", "ids", "read ids", "distinct", "--largest", "9000"]
    subprocess.run([sys.executable, str(BENCH / "run.py"), *few], check=True, capture_output=True)
    page = out.read_text()
    assert "## 5,000 cases" in page and "## 9,000 cases" in page
    assert "| the floor" in page and "| 1.0 |" in page
    assert "Extrapolated linearly" in page
    assert "loads none of torch, sklearn, sqlalchemy, nicegui" in page


def test_certifying_keeps_the_other_sections_and_writes_its_own_once(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    out.write_text("# What judging costs\n\n## The start\n\nquick\n")
    few = ["--cases", "4000", "--fewer", "2000", "--repeats", "1", "--out", str(out)]
    for _ in range(2):
        command = [sys.executable, "-W", "ignore", str(BENCH / "triage.py"), *few]
        subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert page.count("## What certifying costs") == page.count("## The start") == 1
    assert "| exact FNR threshold | 4,000 |" in page and "| MAPIE: recall alone | 2,000 |" in page


def test_the_ledger_is_measured_on_both_databases_beside_their_drivers(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    command = [sys.executable, str(BENCH / "store.py"), "--entries", "50", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert "| SQLite | 50 |" in page and "| PostgreSQL |" in page


@pytest.mark.slow
def test_deciding_keeps_the_other_sections_and_says_on_which_machine(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    out.write_text("# What judging costs\n\n## The start\n\nquick\n")
    few = ["--cases", "500", "--repeats", "1", "--out", str(out)]
    command = [sys.executable, str(BENCH / "decide.py"), *few]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert page.count("## What deciding costs") == page.count("## The start") == 1
    assert "cores, Python 3." in page
    assert "| all of it, with a calibrator | 500 |" in page


def test_sealing_and_looking_are_measured_beside_a_bare_check(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    command = [sys.executable, str(BENCH / "vault.py"), "--cases", "20000", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert "encrypted, kept | 20,000 |" in page
    assert "the stored answer | 20,000" in page


@pytest.mark.slow
def test_scoring_is_measured_beside_the_bare_session_and_step_by_step(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    few = ["--rounds", "1", "--images", "8", "--out", str(out)]
    command = [sys.executable, str(BENCH / "scoring.py"), *few]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert "| the bare session |" in page and "| `OnnxNet.run` |" in page
    assert "8 JPEGs" in page and "| decode (640 x 480" in page


def test_a_step_of_training_is_measured_beside_a_bare_loop(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    out.write_text("# What judging costs\n\n## The start\n\nquick\n")
    few = ["--rounds", "1", "--cases", "4", "--out", str(out)]
    command = [sys.executable, str(BENCH / "training.py"), *few]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text()
    assert "## The start" in page and "| the bare loop of torch |" in page
