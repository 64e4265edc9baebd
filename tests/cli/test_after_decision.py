"""`roadworthy worklist` and `report`: what a person reads, what a program reads, how they end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.workflow.test_report import cleared
from tests.workflow.test_worklist import audits, decisions, referred

from roadworthy.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    special = referred(0.7, queue="specialist")
    cases = [*cleared(3), *referred(0.4, 0.8), *special, *audits(2)]
    for number, case in enumerate(cases):
        case.setdefault("id", f"c{number}")
    decisions(cases).write_parquet(tmp_path / "decisions.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.usefixtures("here")
class TestWorklist:
    def test_a_person_reads_who_comes_first_and_no_audit(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, _ = run("worklist", monkeypatch=monkeypatch, capsys=capsys)
        assert code == 0
        assert "mammo: 5 cases wait for a person" in out
        assert "Queues: general 4, specialist 1" in out
        assert "Ordered by score" in out and "drawn for an audit" not in out

    def test_a_program_reads_every_case(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ("worklist", "--queue", "specialist", "--unblind", "--json")
        code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
        told = json.loads(out)
        assert code == 0
        assert [case["id"] for case in told["cases"]] == ["c5"]
        assert told["cases"][0]["score"] == 0.7

    def test_one_line_for_a_script(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, out, _ = run("worklist", "--quiet", monkeypatch=monkeypatch, capsys=capsys)
        assert out == "mammo: 5 to read (general 4, specialist 1)\n"

    def test_no_decisions_end_with_two(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (here / "other.csv").write_text("id\n1\n")
        code, out, err = run("worklist", "other.csv", monkeypatch=monkeypatch, capsys=capsys)
        assert (code, out) == (2, "")
        assert "no table of decisions" in err


@pytest.mark.usefixtures("here")
class TestReport:
    def test_a_person_reads_the_count_and_the_first(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, _ = run("report", monkeypatch=monkeypatch, capsys=capsys)
        assert code == 0
        assert "mammo: 3 normal reports of 8 cases" in out
        assert "No person has looked at this case" in out

    def test_a_program_reads_where_they_are(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ("report", "--format", "ndjson", "--out", "bulk", "--json")
        code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 0
        assert json.loads(out)["out"] == "bulk"
        assert len((here / "bulk" / "DiagnosticReport.ndjson").read_text().splitlines()) == 3

    def test_a_template_with_a_wrong_word_ends_with_two(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (here / "own.j2").write_text("{{ patient }}")
        words = ("report", "--template", "own.j2")
        code, _, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 2
        assert "names 'patient'" in err
        assert not (here / "reports").exists()
