"""The page on marks: it explains every word, and its detector runs on exams of the generator."""

from __future__ import annotations

import runpy
from pathlib import Path

import polars as pl
import pytest
from tests.pages import REPOSITORY
from tests.test_make_exams import made

from roadworthy.io.mark_words import MarkWords

DOCS = REPOSITORY / "docs"


def test_every_word_is_explained() -> None:
    page = (DOCS / "marks.md").read_text()
    assert not [word for word in MarkWords.model_fields if f"| `{word}` |" not in page]
    assert (DOCS / "marks.png").exists()


def test_the_detector_of_the_page_marks_exams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "--exams", "2", "--format", "dicom")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(DOCS / "marks_example.py"))["main"]()
    found = pl.read_csv("marks.csv")
    assert found["image"].n_unique() == 8
    assert found["score"].is_between(0, 1).all()
