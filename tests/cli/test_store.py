"""`roadworthy store` and `roadworthy ledger`: what they say, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.databases import tamper
from tests.tables import FINDS, SCORED, simulated, write_product

from roadworthy.cli import main
from roadworthy.workflow.check import check
from roadworthy.workflow.store import opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = write_product(tmp_path, simulated(200, 3), [FINDS], data=SCORED)
    check(file)
    return file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path) -> Any:
    """Runs a command in the folder of the product: its exit code and what it said."""
    monkeypatch.chdir(file.parent)

    def told(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["roadworthy", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out + said.err

    return told


def test_a_whole_store_ends_with_0_everywhere(run: Any, tmp_path: Path) -> None:
    for words in (
        *(["store"], ["store", "status"], ["store", "upgrade"], ["store", "check"]),
        *(["store", "backup", "b.tar"], ["ledger"], ["ledger", "show", "--all"]),
        *(["ledger", "head"], ["ledger", "export", "l.jsonl"], ["ledger", "verify"]),
        ["ledger", "verify", "--head", "l.jsonl.head.json"],
        ["store", "check", "--head", "l.jsonl.head.json"],
    ):
        code, said = run(*words)
        assert code == 0, said
        if words[-1] not in ("b.tar", "l.jsonl"):
            code, said = run(*words, "--json")
            assert code == 0 and json.loads(said), said


def test_a_tampered_ledger_ends_with_1_and_names_the_entry(run: Any, file: Path) -> None:
    with opened(file) as store:
        tamper(store.database, "UPDATE ledger SET kind = 'other'")
    code, said = run("ledger", "verify")
    assert code == 1 and "TAMPERED  entry 1" in said
    code, said = run("ledger", "verify", "--json")
    assert code == 1 and json.loads(said)["broken"]["number"] == 1
    code, said = run("store", "check")
    assert code == 1 and "NOT WHOLE" in said and "Entry 1:" in said
    code, said = run("dossier")
    assert code == 0 and "DO NOT SIGN" in said


def test_a_cut_off_ledger_ends_with_1_only_against_a_head(run: Any, file: Path) -> None:
    run("ledger", "export", "l.jsonl")
    with opened(file) as store:
        tamper(store.database, "DELETE FROM ledger")
    code, said = run("ledger", "verify")
    assert code == 0 and "would not be noticed" in said
    code, said = run("ledger", "verify", "--head", "l.jsonl.head.json")
    assert code == 1 and "ends after 0 entries" in said


def test_a_backup_goes_into_a_new_place_and_not_over_an_old_one(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("store", "backup", "b.tar")
    code, said = run("store", "restore", "b.tar")
    assert code == 4 and "never replaced" in said
    monkeypatch.setenv("ROADWORTHY_STORE", f"sqlite:///{tmp_path}/new.db")
    code, said = run("store", "restore", "b.tar")
    assert code == 0 and "Restored and verified: 1 entry" in said
    code, said = run("ledger", "show")
    assert code == 0 and "checked" in said


def test_without_a_store_it_is_said_what_begins_one(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROADWORTHY_STORE", f"sqlite:///{tmp_path}/none.db")
    code, said = run("ledger")
    assert code == 2 and "no store here yet" in said
    code, said = run("ledger", "show", "--json")
    assert code == 2 and json.loads(said)["error"]["code"] == "no_store"
