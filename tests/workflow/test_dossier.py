"""dossier: writes down what was judged, never what product.yaml says by now."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, LEARNT, SCORED, learnable, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.io import ladder_words
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.train import train

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


KEPT = Path(".roadworthy") / "judgements" / "product"
Change = Callable[[dict[str, Any]], object]


def changed(folder: Path, change: Change) -> None:
    path = folder / KEPT / "open.json"
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))


def refused(file: Path) -> BadInput:
    with pytest.raises(BadInput) as told:
        dossier(file)
    assert not (file.parent / ".roadworthy" / "dossier").exists(), "nothing is half-written"
    assert told.value.next_step
    return told.value


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda kept: kept.update(schema=2), "other_schema"),
        (lambda kept: kept.update(schema=0), "other_schema"),
        (lambda kept: kept.update(schema="x"), "other_schema"),
        (lambda kept: kept.pop("made"), "judgement"),
        (lambda kept: kept.update(made="yesterday"), "judgement"),
        (lambda kept: kept.update(made=3), "judgement"),
        (lambda kept: kept.pop("verdicts"), "judgement"),
        (lambda kept: kept["verdicts"][0].update(estimate="much"), "judgement"),
        (lambda kept: kept["verdicts"][0].update(low=[]), "judgement"),
        (lambda kept: kept["population"].update(cases="many"), "judgement"),
        (lambda kept: kept["pictures"].update(confidence=None), "judgement"),
        (lambda kept: kept["pictures"]["roc"].pop("alarms"), "judgement"),
    ],
)
def test_a_judgement_of_another_version_or_damaged_is_named(
    file: Path, tmp_path: Path, change: Change, code: str
) -> None:
    check(file)
    changed(tmp_path, change)
    told = refused(file)
    assert told.code == code and str(told.where).endswith("open.json")


@pytest.mark.parametrize("version", ["2", "0", "", "\x00"])
def test_a_workspace_of_another_version_is_named(file: Path, tmp_path: Path, version: str) -> None:
    check(file)
    (tmp_path / ".roadworthy" / "VERSION").write_text(version)
    assert refused(file).code == "other_workspace_version"
    with pytest.raises(BadInput):
        check(file)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"schema": NaN}', "\x00"])
def test_a_file_that_is_no_json_is_named(file: Path, tmp_path: Path, text: str) -> None:
    check(file)
    (tmp_path / KEPT / "open.json").write_text(text)
    assert refused(file).code == "broken_workspace"


def test_a_kept_product_that_cannot_be_read_any_more_is_named(file: Path, tmp_path: Path) -> None:
    check(file)
    (tmp_path / KEPT / "open.yaml").write_text("version: 7\n")
    assert refused(file).code == "kept_product"
    (tmp_path / KEPT / "open.yaml").unlink()
    assert refused(file).code == "judgement"


def test_an_older_judgement_without_pictures_still_gives_a_dossier(
    file: Path, tmp_path: Path
) -> None:
    check(file)
    changed(tmp_path, lambda kept: (kept.pop("pictures"), kept["fingerprints"].pop("model")))
    page = dossier(file).html.read_text(encoding="utf-8")
    assert "Judge again to see it here" in page and "The ladder" not in page


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_value_of_another_kind_is_refused_or_still_gives_a_page(
    kept_once: tuple[Path, dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever is edited into a kept judgement: bad input or a dossier, never a traceback."""
    file, kept = kept_once
    broken = json.loads(json.dumps(kept))
    place: Any = broken
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(
        st.sampled_from([None, "x", "", -1, 0, 3, 0.5, 1e308, True, [], {}, ["x"], {"a": 1}])
    )
    (file.parent / KEPT / "open.json").write_text(json.dumps(broken))
    with contextlib.suppress(BadInput):
        dossier(file)


@pytest.fixture(scope="module")
def kept_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    file = write_product(
        tmp_path_factory.mktemp("kept"),
        simulated(300, 3),
        [{**FINDS, "slices": [{"by": "site"}]}],
        data={**SCORED, "prevalence": "as_sampled"},
        costs={"unit": "EUR", "miss": 5, "false_alarm": 1},
    )
    check(file)
    return file, json.loads((file.parent / KEPT / "open.json").read_text())


def test_the_plan_of_the_judged_product_stands_in_the_dossier(file: Path, tmp_path: Path) -> None:
    rewrite(file, requirements=[{**FINDS, "target": 0.97}])
    check(file)
    found = dossier(file)
    for path in (found.html, found.markdown):
        text = path.read_text(encoding="utf-8")
        assert "89 positives" in text, (
            "what FACTS says of .90 against .97, the size that never dips"
        )
    simulated(500, 8).write_parquet(tmp_path / "cases.parquet")
    assert "The table has changed since" in dossier(file).markdown.read_text(encoding="utf-8")
    (tmp_path / "cases.parquet").unlink()
    assert "cannot be read as it was" in dossier(file).markdown.read_text(encoding="utf-8")


def test_the_ladder_stands_in_the_dossier_of_the_model_it_kept(tmp_path: Path) -> None:
    split = {"train": 0.5, "validation": 0.5, "seed": 1}
    file = write_product(
        tmp_path,
        learnable(300, 3),
        [{**FINDS, "at_least": 0.5}],
        data={**LEARNT, "split": split},
        models=["majority", "logistic"],
    )
    kept = train(file)
    check(file)
    found = dossier(file)
    for path in (found.html, found.markdown):
        text = path.read_text(encoding="utf-8")
        assert "The ladder" in text and "kept" in text
        for rung in kept.ladder.fitted:
            assert rung.title in text and ladder_words.size(rung.bytes) in text
    ladder = tmp_path / ".roadworthy" / "ladder.json"
    stored = json.loads(ladder.read_text())
    ladder.write_text(json.dumps({**stored, "schema": 99}))
    told = dossier(file).markdown.read_text(encoding="utf-8")
    assert "## The ladder" not in told and "cannot be read any more" in told
    ladder.write_text(json.dumps({**stored, "model": "another"}))
    assert "ladder" not in dossier(file).markdown.read_text(encoding="utf-8")


def test_all_files_are_replaced_or_none(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(file)
    found = dossier(file)
    before = {path: path.read_bytes() for path in found.html.parent.iterdir()}
    write = Path.write_text

    def full(self: Path, text: str, **words: Any) -> int:
        if self.name.startswith(".junit"):
            raise OSError(28, "No space left on device")
        return write(self, text, **words)

    rewrite(file, product="another")
    check(file)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadInput, match="No space left"):
        dossier(file)
    assert {path: path.read_bytes() for path in found.html.parent.iterdir()} == before


def test_hostile_names_do_nothing_from_the_table_to_every_file(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://evil.example")<script>|`@x`\u202e' + "y" * 500
    column, name = f"-{evil}", f"+{evil}"
    cases = simulated(200, 3).rename({"site": column})
    levels = cases[column].replace_strict({"north": evil, "south": "</td></tr>"})
    file = write_product(
        tmp_path,
        cases.with_columns(levels.alias(column)),
        [{**FINDS, "slices": [{"by": column}]}],
        product=name,
    )
    judgement = check(file)
    found = dossier(file)
    html, markdown = (p.read_text(encoding="utf-8") for p in (found.html, found.markdown))
    assert "<script>" not in html and "\u202e" not in html + markdown
    assert not re.search(r"(?<!\\)<script|(?<!\\)\|`|https?:/", markdown)
    assert json.loads(found.json.read_text())["product"] == judgement.product == name
    assert "\u202e" not in found.junit.read_text(encoding="utf-8")
