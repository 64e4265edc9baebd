"""What happens to a product is written down as it happens, and can be checked by anybody."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import rfc8785
from tests.databases import tamper
from tests.tables import FINDS, LEARNT, SCORED, learnable, simulated, write_product

import roadworthy
from roadworthy.core.errors import BadInput
from roadworthy.store.database import Database
from roadworthy.workflow import ledger
from roadworthy.workflow.store import opened

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_product(tmp_path, simulated(600, 3), [FINDS], data={**SCORED, "split": HALF})


def kinds(file: Path) -> list[str]:
    return [one.kind for one in ledger.show(file, None).entries]


def test_a_check_and_a_certificate_are_written_down_with_the_files_they_are_kept_in(
    file: Path,
) -> None:
    roadworthy.check(file)
    judged = roadworthy.certify(file)
    look = ["set_sealed", "look_committed", "look_opened", "look_answered", "set_retired"]
    assert kinds(file) == ["checked", *look, "certified"]
    last = ledger.show(file, 1).entries[0].content
    kept = file.parent / ".roadworthy" / "judgements" / "product" / "sealed.json"
    assert last["judgement"] == sha256(kept.read_bytes()).hexdigest()
    assert last["outcome"] == judged.outcome and last["subject"] == judged.subject.fingerprint
    with opened(file) as store:
        assert store.artifacts.get(last["artifacts"]["judgement"]) == kept.read_bytes()
        assert store.artifacts.get(last["artifacts"]["product.yaml"]) == file.read_bytes()


def test_training_is_written_down(tmp_path: Path) -> None:
    split = {"train": 0.6, "validation": 0.4, "seed": 1}
    file = write_product(
        tmp_path, learnable(400, 3), [FINDS], data={**LEARNT, "split": split}, models=["logistic"]
    )
    trained = roadworthy.train(file)
    (entry,) = ledger.show(file).entries
    assert entry.kind == "trained" and entry.content["model"] == trained.fingerprint


def test_nothing_is_judged_that_cannot_be_written_down(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADWORTHY_STORE", f"sqlite:///{file}/store.db")
    with pytest.raises(BadInput) as caught:
        roadworthy.check(file)
    assert caught.value.code == "store_unwritable"
    assert not (file.parent / ".roadworthy" / "judgements" / "product" / "open.json").exists()


def test_a_team_writes_into_its_own_database(
    file: Path, where: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADWORTHY_STORE", str(where))
    roadworthy.check(file)
    assert kinds(file) == ["checked"]
    assert ledger.verify(file).broken is None
    assert (file.parent / ".roadworthy" / "store.db").exists() == isinstance(where, Path)


def test_an_export_can_be_checked_without_roadworthy(file: Path, tmp_path: Path) -> None:
    roadworthy.check(file)
    roadworthy.check(file)
    found = ledger.export(tmp_path / "ledger.jsonl", file)
    previous = "0" * 64
    for number, line in enumerate(found.file.read_text().splitlines(), start=1):
        entry = json.loads(line)
        own = entry.pop("hash")
        assert sha256(rfc8785.dumps(entry)).hexdigest() == own
        assert (entry["number"], entry["previous"]) == (number, previous)
        previous = own
    told = json.loads(found.head_file.read_text())
    assert (told["number"], told["hash"]) == (2, previous)
    assert ledger.head(file) == found.head == ledger.read_head(found.head_file)


def test_a_kept_head_shows_that_the_end_was_cut_off(file: Path, tmp_path: Path) -> None:
    roadworthy.check(file)
    roadworthy.check(file)
    head = ledger.export(tmp_path / "ledger.jsonl", file).head_file
    assert ledger.verify(file, head).broken is None
    with opened(file) as store:
        tamper(store.database, "DELETE FROM ledger WHERE number = 2")
    assert ledger.verify(file).broken is None
    broken = ledger.verify(file, head).broken
    assert broken is not None and broken.number == 2


def test_a_ledger_that_is_not_whole_is_not_exported(file: Path, tmp_path: Path) -> None:
    roadworthy.check(file)
    with opened(file) as store:
        tamper(store.database, "UPDATE ledger SET kind = 'other'")
    with pytest.raises(BadInput) as caught:
        ledger.export(tmp_path / "ledger.jsonl", file)
    assert caught.value.code == "ledger_tampered"
    assert not (tmp_path / "ledger.jsonl").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"number": "1", "hash": "a"}', "{"])
def test_what_is_no_head_is_told(file: Path, tmp_path: Path, content: str) -> None:
    roadworthy.check(file)
    (tmp_path / "head").write_text(content)
    with pytest.raises(BadInput) as caught:
        ledger.verify(file, tmp_path / "head")
    assert caught.value.code == "broken_head"


def test_whoever_looks_makes_no_store(file: Path) -> None:
    for look in (ledger.show, ledger.verify, ledger.head):
        with pytest.raises(BadInput) as caught:
            look(file)
        assert caught.value.code == "no_store"
    assert not (file.parent / ".roadworthy").exists()


def test_a_store_can_be_looked_at_without_a_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(tmp_path / "a.db").close()
    monkeypatch.setenv("ROADWORTHY_STORE", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.chdir(tmp_path)
    assert ledger.show().entries == ()
    assert ledger.verify().headline == "whole: 0 entries"
