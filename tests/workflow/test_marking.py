"""Marks beside scores: judged with patients and slices, sealed with their case, never leaked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from tests.marked import FEW, FINDS, SPLIT, boxes, cases, marks, product
from tests.models.test_marking import SCAN, Spots
from tests.models.test_marking import cases as pictured
from tests.vaults import looks

from roadworthy.core import columns, decided
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.marks import HitRule
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.decide import decide
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.load import load
from roadworthy.workflow.marking import judged_marks, outcome, with_boxes
from roadworthy.workflow.marks import marks as write_marks
from roadworthy.workflow.report import report
from roadworthy.workflow.seal import seal
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.subject import Judged, load_model
from roadworthy.workflow.worklist import worklist


def test_a_table_of_marks_is_judged_without_any_model(tmp_path: Path) -> None:
    found = check(product(tmp_path))
    lesions, false = (verdict.evidence for verdict in found.verdicts)
    assert isinstance(lesions, Measured)
    assert isinstance(false, Measured)
    assert (lesions.estimate, lesions.n) == (72 / 80, 80)
    assert (false.estimate, false.n) == (40 / 320, 320)
    assert found.outcome == "PASS"


def test_a_product_of_marks_alone_needs_no_truth_of_its_cases(tmp_path: Path) -> None:
    file = product(tmp_path, said={"truth": None, "positive": None, "score": None})
    text = "".join(line for line in file.read_text().splitlines(True) if "null" not in line)
    file.write_text(text)
    assert check(file).outcome == "PASS"


def test_slices_are_those_of_cases(tmp_path: Path) -> None:
    asks = [{**FINDS, "slices": [{"by": "site"}]}, FEW]
    found = check(product(tmp_path, requirements=asks))
    assert [str(verdict.slice) for verdict in found.verdicts] == [
        "all",
        "site = north",
        "site = south",
        "all",
    ]
    parts = [v.evidence.n for v in found.verdicts[1:3] if isinstance(v.evidence, Measured)]
    assert sum(parts) == 80


def test_a_higher_threshold_shows_fewer_marks(tmp_path: Path) -> None:
    found = check(product(tmp_path, threshold=0.95))
    seen = [v.evidence.estimate for v in found.verdicts if isinstance(v.evidence, Measured)]
    assert seen == [0.0, 0.0]
    assert found.outcome == "FAIL"


@pytest.mark.parametrize("word", ["boxes", "table"])
def test_without_boxes_or_marks_nothing_is_measured(tmp_path: Path, word: str) -> None:
    found = check(_without(tmp_path, word))
    assert found.outcome == "INCONCLUSIVE"
    for verdict in found.verdicts:
        assert isinstance(verdict.evidence, NotMeasured)
        assert "hits are not known" in verdict.evidence.reason


def _without(folder: Path, word: str) -> Path:
    file = product(folder)
    lines = file.read_text().splitlines(True)
    file.write_text("".join(line for line in lines if not line.startswith(f"  {word}: ")))
    return file


def test_more_marks_on_an_image_than_declared_are_refused(tmp_path: Path) -> None:
    file = product(tmp_path, at_most_per_image=1)
    twice = marks(cases())
    more = twice.with_columns(pl.col("x") + 1)
    pl.concat([twice, more]).write_csv(tmp_path / "marks.csv")
    with pytest.raises(BadInput, match=r"has 2 marks from 0\.5 on"):
        check(file)


def test_a_view_that_was_not_taken_is_no_image_without_false_marks(tmp_path: Path) -> None:
    """40 false marks on 160 exams; every other one, those with false marks, has one view only."""
    file = product(tmp_path)
    table, made = cases(), marks(cases())
    even = pl.int_range(pl.len()) % 2 == 0
    lost = table.filter(even)["b"].implode()
    table.with_columns(b=pl.when(even).then(None).otherwise("b")).write_csv(tmp_path / "cases.csv")
    moved = pl.when(pl.col("image").is_in(lost)).then(pl.lit("a")).otherwise("image")
    made.with_columns(image=moved).write_csv(tmp_path / "marks.csv")
    evidence = check(file).verdicts[1].evidence
    assert isinstance(evidence, Measured)
    assert evidence.estimate == pytest.approx(40 / 240)
    assert evidence.n == 240


def test_a_requirement_cannot_promise_fewer_marks_than_are_shown(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no bound would hold"):
        check(product(tmp_path, requirements=[FINDS, {**FEW, "at_most_per_image": 1}]))


def test_other_marks_are_another_subject_and_other_boxes_another_table(tmp_path: Path) -> None:
    file = product(tmp_path)
    before = check(file)
    marks(cases(), missed=5).write_csv(tmp_path / "marks.csv")
    after = check(file)
    assert before.subject.fingerprint != after.subject.fingerprint
    boxes(cases()).with_columns(pl.col("x") + 1).write_csv(tmp_path / "boxes.csv")
    again = check(file)
    assert again.subject.fingerprint == after.subject.fingerprint
    assert again.fingerprints != after.fingerprints


def test_images_that_cannot_be_read_leave_their_lesions_unfound(tmp_path: Path) -> None:
    told = load(product(tmp_path / "p", 4))
    assert told.marks is not None
    seen = pictured(tmp_path)
    truth = '[{"image":"scan","x":0,"y":0,"width":16,"height":16}]'
    boxed = seen.with_columns(pl.lit(truth).alias(columns.BOXES), pl.lit(True).alias("@inside"))
    rules = replace(told.marks, table=None, threshold=0.0)
    found = judged_marks(boxed, replace(told, marks=rules), Spots(needs=(SCAN,)))
    assert found[columns.IMAGES].to_list() == [1, 0, 1, 1]
    assert found[columns.LESION_COUNT].to_list() == [1] * 4
    assert found[columns.FOUND].to_list() == [1, 0, 1, 1]


def test_marks_are_compared_with_boxes_of_their_own_image() -> None:
    box = '[{"image":"a","x":0,"y":0,"width":9,"height":9}]'
    mark = '[{"image":"b","x":1,"y":1,"width":3,"height":3,"score":0.9}]'
    best, false = outcome(box, mark, HitRule())
    assert best.tolist() == [-1.0]
    assert false.tolist() == [0.9]


def test_the_froc_curve_reaches_the_dossier_and_comes_back(tmp_path: Path) -> None:
    file = product(tmp_path)
    found = check(file)
    assert found.pictures is not None
    froc = found.pictures.froc
    assert froc is not None
    assert froc.at_found.k / froc.at_found.n == froc.found[-2] == 0.9
    assert from_json(to_json(found)).pictures == found.pictures
    dossier(file)
    page = (tmp_path / ".roadworthy/dossier/dossier.html").read_text()
    assert "false marks per image" in page
    assert "(FROC)" in page


class TestSealed:
    """True boxes are truth: they are sealed with their case, and later boxes change nothing."""

    def test_a_sealed_split_is_judged_on_the_boxes_it_was_sealed_with(self, tmp_path: Path) -> None:
        file = product(tmp_path, 320, said={"split": SPLIT})
        seal(file)
        # whoever moves the boxes afterwards moves nothing that is judged
        away = boxes(cases(320)).with_columns(pl.lit(0).alias("x"), pl.lit(20).alias("y"))
        away.with_columns(pl.lit(2).alias("height")).write_csv(tmp_path / "boxes.csv")
        assert check(file).outcome == "FAIL"
        assert certify(file).outcome == "PASS"

    def test_boxes_that_were_not_sealed_prove_nothing(self, tmp_path: Path) -> None:
        asks = [{"metric": "sensitivity", "at_least": 0.5}]
        file = product(tmp_path, 320, said={"split": SPLIT}, requirements=asks)
        told = yaml.safe_load(file.read_text())
        del told["marks"]
        file.write_text(yaml.safe_dump(told))
        seal(file)
        asks = [{**asks[0], "id": "finds"}, {**FINDS, "tier": "advisory"}]
        file = product(tmp_path, 320, said={"split": SPLIT}, requirements=asks)
        found = certify(file, reveal="numbers")
        assert "hits are not known" in found.verdicts[1].reason

    def test_no_picture_of_a_sealed_case_is_written(self, tmp_path: Path) -> None:
        file = product(tmp_path, 320, said={"split": SPLIT})
        sealed = set(load_cases(load(file)).sealed_inputs(load(file))[columns.ID])
        found = write_marks(file, tmp_path / "out", pictures=40)
        told = json.loads((tmp_path / "out/marks.json").read_text())
        assert found.cases == 160
        assert len(told["images"]) == 320
        assert not sealed & {image["case"] for image in told["images"]}
        new = cases(320).filter(pl.col("case").is_in(list(sealed)[:3]))
        with pytest.raises(Refused, match="3 of its 3 cases are in the sealed set"):
            write_marks(file, tmp_path / "other", on=new)
        assert not (tmp_path / "other").exists()

    def test_a_model_that_answers_on_sealed_cases_hears_of_no_box(self, tmp_path: Path) -> None:
        told = load(product(tmp_path, 20, said={"split": SPLIT}))
        assert columns.BOXES not in load_cases(told).sealed_inputs(told).columns


class TestWritten:
    """`roadworthy marks` writes what other tools read and people look at."""

    def test_marks_and_truth_are_coco_and_pictures_can_be_looked_at(self, tmp_path: Path) -> None:
        file = product(tmp_path)
        found = write_marks(file, tmp_path / "out", pictures=3)
        told = json.loads((tmp_path / "out/marks.json").read_text())
        assert len(told["annotations"]) == found.marks == 72 + 40
        assert all(one["score"] >= 0.5 for one in told["annotations"])
        assert len(json.loads((tmp_path / "out/truth.json").read_text())["annotations"]) == 80
        assert (found.lesions, found.found, found.false) == (80, 72, 40)
        assert len(list((tmp_path / "out/pictures").iterdir())) == found.pictures == 3
        assert (tmp_path / "out/index.html").read_text().count("<img") == 3
        assert not (tmp_path / "out/reports").exists()

    def test_the_curve_says_what_other_thresholds_do(self, tmp_path: Path) -> None:
        found = write_marks(product(tmp_path), tmp_path / "out", pictures=0)
        assert [(p.false_marks, p.found) for p in found.curve] == [
            (rate, 0.9) for rate in (0.125, 0.25, 0.5, 1.0)
        ]
        assert found.curve[0].threshold == 0.9

    def test_new_cases_need_no_truth(self, tmp_path: Path) -> None:
        file = product(tmp_path, other_cases="ignore")
        new = cases(6).drop("ill", "score").with_columns(pl.col("case") + "x")
        old = marks(cases(6))
        mine = pl.concat(
            [pl.read_csv(tmp_path / "marks.csv"), old.with_columns(pl.col("case") + "x")]
        )
        mine.write_csv(tmp_path / "marks.csv")
        found = write_marks(file, tmp_path / "out", on=new.with_columns(score=0.5))
        assert found.lesions is None
        assert found.marks > 0
        assert not (tmp_path / "out/truth.json").exists()

    def test_a_folder_that_holds_something_is_left_alone(self, tmp_path: Path) -> None:
        file = product(tmp_path, 8)
        (tmp_path / "out").mkdir()
        (tmp_path / "out/mine.txt").write_text("mine")
        with pytest.raises(BadInput, match="marks must not be mixed"):
            write_marks(file, tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]

    def test_a_broken_image_is_counted_and_named(self, tmp_path: Path) -> None:
        file = product(tmp_path, 8)
        (tmp_path / "images/3b.png").write_bytes(b"nothing")
        found = write_marks(file, tmp_path / "out")
        assert [(one.case, one.column) for one in found.unread] == [("c003", "b")]
        assert found.images == 15

    def test_without_declared_marks_there_is_nothing_to_write(self, tmp_path: Path) -> None:
        file = _without(tmp_path, "table")
        with pytest.raises(BadInput, match="says nothing of where"):
            write_marks(file, tmp_path / "out")


class TestDecided:
    """Marks travel with the record of what was decided."""

    def decided(self, folder: Path) -> Path:
        asks = [{"metric": "sensitivity", "at_least": 0.5}]
        file = product(folder, requirements=asks)
        decide(file, cases(20).drop("ill"), out=folder / "decisions.parquet")
        return file

    def test_every_record_has_the_marks_that_are_shown(self, tmp_path: Path) -> None:
        self.decided(tmp_path)
        table = pl.read_parquet(tmp_path / "decisions.parquet")
        told = [json.loads(text) for text in table[decided.MARKS]]
        assert told[0] == [{"image": "b", "x": 12, "y": 12, "width": 5, "height": 5, "score": 0.6}]
        assert told[2] == []
        assert all(one["score"] >= 0.5 for marked in told for one in marked)

    def test_a_report_tells_how_many_and_a_blinded_list_does_not(self, tmp_path: Path) -> None:
        file = self.decided(tmp_path)
        found = report(tmp_path / "decisions.parquet", tmp_path / "reports", file)
        assert "it shows 1 mark." in found.first
        listed = worklist(tmp_path / "decisions.parquet")
        assert decided.MARKS not in listed.table.columns

    def test_decisions_without_marks_are_read_as_before(self, tmp_path: Path) -> None:
        self.decided(tmp_path)
        table = pl.read_parquet(tmp_path / "decisions.parquet").drop(decided.MARKS)
        found = report(table, tmp_path / "reports")
        assert "it shows" not in found.first


def test_what_is_prepared_twice_is_looked_at_once(tmp_path: Path) -> None:
    told = load(product(tmp_path, 8))
    parted = load_cases(told)
    assert with_boxes(parted.all_open, told).equals(parted.all_open)
    model = load_model(told, Workspace.beside(told.file), parted.schema)
    judged = Judged(told, model, None)
    once = judged_marks(parted.all_open, told, model)
    assert judged_marks(once, told, model) is once
    assert np.isfinite(judged.prepared(once)[columns.FOUND].to_numpy()).all()


@pytest.mark.parametrize("word", ["boxes", "table"])
def test_no_look_is_spent_where_hits_cannot_be_known(tmp_path: Path, word: str) -> None:
    file = product(tmp_path, said={"split": SPLIT})
    whole = file.read_text()
    file.write_text("".join(x for x in whole.splitlines(True) if f"  {word}: " not in x))
    with pytest.raises(Refused, match="lesion_sensitivity could never be shown"):
        certify(file)
    seal(file)
    with pytest.raises(Refused, match="lesion_sensitivity could never be shown"):
        certify(file)
    file.write_text(whole)
    if word == "boxes":
        # boxes that come later prove nothing of a set that was sealed without them
        with pytest.raises(Refused, match="the set has no true boxes"):
            certify(file)
        assert looks(file) == []
    else:
        assert certify(file).outcome == "PASS"


def test_where_the_folder_cannot_be_is_said_by_its_own_option(tmp_path: Path) -> None:
    file = product(tmp_path, 8)
    with pytest.raises(BadInput, match="--into marks") as told:
        write_marks(file, file)
    assert told.value.where == "--into"
