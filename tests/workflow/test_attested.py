"""A dossier from a workspace that was tampered with says so, before anything else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.databases import tamper
from tests.tables import FINDS, SCORED, rewrite, simulated, write_product

from roadworthy.workflow import ledger
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import Written, dossier
from roadworthy.workflow.store import opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = write_product(tmp_path, simulated(200, 3), [FINDS], data=SCORED)
    check(file)
    check(file)
    return file


def alarmed(written: Written) -> bool:
    """Whether both pages begin with the warning; they agree."""
    page = written.html.read_text(encoding="utf-8")
    text = written.markdown.read_text(encoding="utf-8")
    loud = 'role="alert"' in page
    assert loud == ("DO NOT SIGN" in text) == bool(written.wrong)
    assert loud == ("not attested" in page) == ("not attested" in text.splitlines()[0])
    if loud:
        assert page.index('role="alert"') < page.index("<h1>")
        assert text.index("DO NOT SIGN") < text.index("Dossier, ")
    return loud


def test_a_dossier_names_the_head_of_a_whole_ledger_and_its_own_entry(file: Path) -> None:
    written = dossier(file)
    head = ledger.head(file)
    assert not alarmed(written)
    assert written.ledger == (
        f"Ledger head: {head.hash} after 2 entries, verified; this judgement is entry 2."
    )
    for page in (written.html, written.markdown):
        assert head.hash in page.read_text(encoding="utf-8")


def test_a_changed_entry_is_told_at_the_top(file: Path) -> None:
    with opened(file) as store:
        tamper(store.database, "UPDATE ledger SET at = at || ' ' WHERE number = 1")
    written = dossier(file)
    assert alarmed(written)
    assert "tampered with at entry 1" in written.wrong
    assert "FAILED at entry 1" in written.ledger


def test_a_changed_judgement_is_told_at_the_top(file: Path) -> None:
    kept = file.parent / ".roadworthy" / "judgements" / "product" / "open.json"
    told = json.loads(kept.read_text())
    told["population"]["cases"] += 1
    kept.write_text(json.dumps(told))
    written = dossier(file)
    assert alarmed(written)
    assert "none that the ledger knows" in written.wrong


def test_the_product_that_was_kept_with_it_is_part_of_it(file: Path) -> None:
    kept = file.parent / ".roadworthy" / "judgements" / "product" / "open.yaml"
    kept.write_text(
        kept.read_text().replace("version: 1", "version: 1\npurpose: Clear everything.")
    )
    written = dossier(file)
    assert alarmed(written)
    assert "not the one that was judged" in written.wrong


def test_the_kept_product_does_not_choose_its_ledger(file: Path) -> None:
    kept = file.parent / ".roadworthy" / "judgements" / "product" / "open.yaml"
    forged = file.parent / "forged.db"
    kept.write_text(f'{kept.read_text()}\nstore: {{database: "sqlite:///{forged}"}}\n')
    assert alarmed(dossier(file))
    assert not forged.exists()


def test_an_earlier_judgement_that_was_put_back_is_told_at_the_top(file: Path) -> None:
    kept, text = file.parent / ".roadworthy" / "judgements", file.read_text()
    shutil.copytree(kept, file.parent / "earlier")
    before = check(file).outcome
    rewrite(file, requirements=[{**FINDS, "at_least": 0.999999}])
    assert check(file).outcome is not before
    shutil.rmtree(kept)
    (file.parent / "earlier").rename(kept)
    file.write_text(text)
    written = dossier(file)
    assert alarmed(written)
    assert "Entry 4 of the ledger judged the same product" in written.wrong


def test_a_store_that_is_gone_is_told_at_the_top(file: Path) -> None:
    (file.parent / ".roadworthy" / "store.db").unlink()
    written = dossier(file)
    assert alarmed(written)
    assert "there is no store here" in written.wrong
    assert written.ledger == "Ledger head: not known."
