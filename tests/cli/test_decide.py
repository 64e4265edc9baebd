"""`roadworthy decide`: what a person reads, what a program reads, and how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import SPARES, simulated, write_product
from tests.workflow.test_decide import AUDITED, certified, new
from tests.workflow.test_triage import kept, product

from roadworthy.cli import main
from roadworthy.io.product_yaml import load_product
from roadworthy.notebook import register
from roadworthy.workflow.decide import decide
from roadworthy.workflow.witnessed import note_made

WORKLIST = {"queues": [{"name": "second", "when": [{"field": "vendor", "in": ["B"]}]}]}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    new().write_parquet(tmp_path / "new.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["roadworthy", "decide", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def expired(file: Path) -> None:
    (answer,) = kept(file)
    written = json.loads(answer.read_text())
    late = {**written, "expires": "2020-01-01"}
    note_made(load_product(file), late)
    answer.write_text(json.dumps(late))


def test_a_person_reads_where_the_cases_go_why_by_what_and_where_it_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certified(here, worklist=WORKLIST)
    code, out, _ = run("new.parquet", monkeypatch=monkeypatch, capsys=capsys)
    table = pl.read_parquet(here / "decisions.parquet")
    routes = dict(table["route"].value_counts().rows())
    assert code == 0
    lead = f"tested: 400 cases: {routes['clear']} cleared, {routes['flag']} flagged, "
    assert f"{lead}{routes['refer']} to a person" in out
    for word in ("BELOW_CLEAR", "ABOVE_FLAG", "AUDIT_SAMPLE", "FNR at most 0.05", "second "):
        assert word in out
    assert "Thresholds: cleared below 0.4" in out and "Written: decisions.parquet" in out


def test_a_program_reads_one_object(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certified(here)
    code, out, _ = run(
        *("new.parquet", "--out", "d.csv", "--json"), monkeypatch=monkeypatch, capsys=capsys
    )
    found: dict[str, Any] = json.loads(out)
    assert code == 0 and found["out"] == "d.csv"
    routed = ("cleared", "flagged", "referred", "assisted", "rejected")
    assert sum(found[key] for key in routed) == sum(found["reasons"].values()) == 400
    table = pl.read_csv(here / "d.csv")
    assert found["certificate"]["fingerprint"] == table["certificate_fingerprint"][0]
    assert found["audits"] == found["reasons"]["AUDIT_SAMPLE"]


def test_quiet_is_one_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certified(here)
    _, out, _ = run("new.parquet", "--quiet", monkeypatch=monkeypatch, capsys=capsys)
    assert len(out.splitlines()) == 1 and out.startswith("tested: 400 cases: ")


def test_an_expired_certificate_is_loud_and_ends_with_3(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expired(certified(here, {**AUDITED, "valid_days": 30}))
    code, out, _ = run("new.parquet", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 3
    assert (
        "tested: THE CERTIFICATE EXPIRED on 2020-01-01: a person gets every one of 400 cases" in out
    )
    assert "fresh calibration cases" in out
    assert (here / "decisions.parquet").exists()
    code, out, _ = run("new.parquet", "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, json.loads(out)["certificate"]["expired"]) == (3, True)


def test_what_is_refused_ends_with_4_and_leaves_the_file_alone(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    product(here)
    (here / "decisions.parquet").write_text("yesterday's")
    code, _, err = run("new.parquet", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 4 and "nothing is certified yet" in err
    assert (here / "decisions.parquet").read_text() == "yesterday's"


def test_a_file_of_cases_that_is_not_there_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_product(here, simulated(40, 1), [SPARES])
    code, _, err = run("nwe.parquet", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "'nwe.parquet' does not exist" in err and "new.parquet" in err


def test_a_notebook_shows_the_same(here: Path) -> None:
    register()
    file = certified(here, {**AUDITED, "valid_days": 30}, worklist=WORKLIST)
    found = decide(file, new())
    html = found._repr_html_()
    assert html is not None and "BELOW_CLEAR" in html and "EXPIRED" not in html
    assert str(found).startswith("tested: 400 cases: ")
    assert repr(found).startswith("<Decisions of tested: 400 cases: ")
    expired(file)
    late = decide(file, new())._repr_html_()
    assert late is not None and "EXPIRED" in late
