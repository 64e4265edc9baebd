"""The page on marks: it explains every word, and its detector runs on exams of the generator."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import polars as pl
import pydicom
import pytest
from tests.pages import REPOSITORY
from tests.test_make_exams import made

from roadworthy.io.images import read_report
from roadworthy.io.mark_words import MarkWords
from roadworthy.workflow.marks import marks

DOCS = REPOSITORY / "docs"


def test_every_word_is_explained() -> None:
    page = (DOCS / "marks.md").read_text()
    assert not [word for word in MarkWords.model_fields if f"| `{word}` |" not in page]
    assert (DOCS / "marks.png").exists()


PRODUCT = """version: 1
product: specks
data: {cases: cases.csv, id: exam, features: {image: [l_cc, l_mlo, r_cc, r_mlo]}}
marks: {table: marks.csv, threshold: 0}
requirements: [{metric: false_marks_per_image, at_most: 2.5}]
"""


def test_every_case_of_dicom_has_a_report_and_one_without_a_study_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = made(tmp_path, "--exams", "2", "--format", "dicom")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(DOCS / "marks_example.py"))["main"]()
    bare = tmp_path / cases["r_cc"][1]
    image = pydicom.dcmread(bare)
    del image.StudyInstanceUID
    image.save_as(bare)
    (tmp_path / "product.yaml").write_text(PRODUCT)
    found = marks(tmp_path / "product.yaml", tmp_path / "out", pictures=1)
    assert found.reports == 1
    assert found.unreported == ((cases["exam"][1], "has no StudyInstanceUID"),)
    (report,) = (tmp_path / "out" / "reports").iterdir()
    told = json.loads((tmp_path / "out" / "marks.json").read_text())
    own = {image["id"] for image in told["images"] if image["case"] == cases["exam"][0]}
    boxes = [one["bbox"] for one in told["annotations"] if one["image_id"] in own]
    read = [[one.x, one.y, one.width, one.height] for one in read_report(report)]
    assert sorted(read) == sorted(boxes)


def test_the_detector_of_the_page_marks_exams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "--exams", "2", "--format", "dicom")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(DOCS / "marks_example.py"))["main"]()
    found = pl.read_csv("marks.csv")
    assert found["image"].n_unique() == 8
    assert found["score"].is_between(0, 1).all()
