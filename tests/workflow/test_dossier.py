"""dossier: writes down what was judged, never what product.yaml says by now."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.tables import FINDS, SCORED, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_product(tmp_path, simulated(600, 3), [FINDS], data={**SCORED, "split": HALF})


def test_before_a_judgement_there_is_nothing_to_write_down(file: Path) -> None:
    with pytest.raises(BadInput) as told:
        dossier(file)
    assert told.value.code == "no_judgement"
    assert "check" in told.value.next_step


def test_html_json_and_junit_tell_the_same_outcome(file: Path) -> None:
    judgement = check(file)
    found = dossier(file)
    assert found.outcome == judgement.outcome
    page = found.html.read_text(encoding="utf-8")
    assert judgement.outcome in page and "finds" in page
    assert json.loads(found.json.read_text())["outcome"] == judgement.outcome
    assert ElementTree.parse(found.junit).getroot() is not None
    assert "http://" not in page.replace("http://www.w3.org", ""), "the page loads nothing"


def test_the_latest_judgement_is_taken_unless_one_is_named(file: Path) -> None:
    certify(file)
    check(file)
    assert dossier(file).set == "validation"
    assert dossier(file, set_name="sealed").set == "sealed"
    certified = dossier(file, set_name="sealed").html.read_text(encoding="utf-8")
    rewrite(file, requirements=[{**FINDS, "at_least": 0.1}], product="renamed")
    written = dossier(file, set_name="sealed")
    told = written.html.read_text(encoding="utf-8")
    assert written.stale and "has changed since this was judged" in told
    kept_lines = set(certified.splitlines())
    assert len([line for line in told.splitlines() if line not in kept_lines]) == 1


def test_another_folder_is_made_and_filled(file: Path, tmp_path: Path) -> None:
    check(file)
    found = dossier(file, tmp_path / "to" / "sign")
    assert sorted(path.name for path in (tmp_path / "to" / "sign").iterdir()) == [
        "dossier.html",
        "dossier.md",
        "junit.xml",
        "verdict.json",
    ]
    assert found.html.parent == tmp_path / "to" / "sign"


@pytest.mark.parametrize("name", ["../../secret", "nonsense", "", "latest"])
def test_only_known_sets_are_read(file: Path, name: str) -> None:
    if name:
        check(file)
    with pytest.raises(BadInput) as told:
        dossier(file, set_name=name)
    assert told.value.code == "no_judgement"


def test_a_judgement_that_was_edited_into_a_pass_is_refused(file: Path, tmp_path: Path) -> None:
    rewrite(file, requirements=[{**FINDS, "at_least": 0.999}])
    assert check(file).outcome != "PASS"
    path = tmp_path / ".roadworthy" / "judgements" / "product" / "open.json"
    kept = json.loads(path.read_text())
    kept["outcome"] = "PASS"
    path.write_text(json.dumps(kept))
    with pytest.raises(BadInput):
        dossier(file)


def test_a_file_where_the_folder_should_be_is_bad_input(file: Path, tmp_path: Path) -> None:
    check(file)
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(BadInput) as told:
        dossier(file, tmp_path / "taken")
    assert told.value.code == "unwritable_workspace"
    assert (tmp_path / "taken").read_text() == "mine"
