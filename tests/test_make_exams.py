"""The synthetic exams say that they are, hold what they promise, and are no job for a rule."""

from __future__ import annotations

import runpy
from pathlib import Path

import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.product import Task
from roadworthy.io.images import context, read
from roadworthy.models.image_rule import ImageRule

SCRIPT = Path(__file__).parents[1] / "examples" / "screening" / "make_exams.py"
VIEWS = ("l_cc", "l_mlo", "r_cc", "r_mlo")


def made(into: Path, *words: str) -> pl.DataFrame:
    runpy.run_path(str(SCRIPT))["main"](["--into", str(into), *words])
    return pl.read_csv(into / "cases.csv")


def test_the_same_seed_makes_the_same_exams(tmp_path: Path) -> None:
    one, other = (made(tmp_path / name, "--exams", "3") for name in ("one", "other"))
    assert one.equals(other)
    name = one["r_mlo"][2]
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_boxes_are_of_both_views_of_one_side_and_lie_in_the_image(tmp_path: Path) -> None:
    cases = made(tmp_path, "--exams", "12")
    boxes = pl.read_csv(tmp_path / "boxes.csv")
    assert set(boxes["exam"]) == set(cases.filter(pl.col("finding") == 1)["exam"])
    for image, x, y, width, height in boxes.drop("exam").rows():
        pixels = read(tmp_path / image).pixels
        assert 0 <= y < y + height <= pixels.shape[0]
        assert 0 <= x < x + width <= pixels.shape[1]
    sides = boxes.with_columns(side=pl.col("image").str.extract("-([LR])-"))
    assert sides.group_by("exam").agg(pl.col("side").n_unique())["side"].to_list() == [1] * (
        boxes.height // 2
    )


def test_dicom_says_in_every_file_that_it_is_synthetic(tmp_path: Path) -> None:
    cases = made(tmp_path, "--exams", "4", "--format", "dicom")
    files = [tmp_path / name for name in cases.select(VIEWS).row(0)]
    told = [context(file) for file in files]
    assert [(one["laterality"], one["view"]) for one in told] == [
        ("L", "CC"),
        ("L", "MLO"),
        ("R", "CC"),
        ("R", "MLO"),
    ]
    assert {one["vendor"] for one in told} == {cases["vendor"][0]}
    for name in cases.select(VIEWS).unpivot()["value"]:
        assert b"SYNTHETIC" in (tmp_path / name).read_bytes()
        found = read(tmp_path / name)
        # dark beside the breast, whichever way a vendor stores it
        assert found.bits == 12 and found.pixels[0, -1, 0] == 0.0


@pytest.mark.slow
def test_measures_of_sharpness_do_not_find_the_clusters(tmp_path: Path) -> None:
    from sklearn.metrics import roc_auc_score

    cases = made(tmp_path, "--exams", "240")
    paths = [pl.format(f"{tmp_path}/{{}}", pl.col(v)).alias(columns.file(v)) for v in VIEWS]
    images, truth = cases.select(paths), cases["finding"] == 1
    model = ImageRule().fit(images[:140], truth[:140], Task.BINARY, tuple(images.columns), 0)
    assert roc_auc_score(truth[140:].to_numpy(), model.answer(images[140:]).to_numpy()) < 0.85
