"""Tables of boxes: whatever is strange about a row is refused by name, since a lost box hides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.marked import BOX, product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.workflow.load import load
from roadworthy.workflow.source import load_cases

GOOD = ("c001", "images/1a.png", 1, 2, 3, 4)


def refused(folder: Path, *rows: tuple[Any, ...], **rules: Any) -> str:
    file = product(folder, 8, **rules)
    table = pl.DataFrame(list(rows), schema=list(BOX), orient="row", strict=False)
    table.write_csv(folder / "boxes.csv")
    with pytest.raises(BadInput) as told:
        load_cases(load(file))
    assert told.value.code != "internal"
    return str(told.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("c001", "images/1a.png", -1, 2, 3, 4), "row 2 begins outside of its image, at -1, 2"),
        (("c001", "images/1a.png", 1e300, 2, 3, 4), "row 2 is larger than any image, or beyond it"),
        (("c001", "images/1a.png", 1, 2, -3, 4), "row 2 has the width -3"),
        (("c001", "images/1a.png", 1, 2, 3, 0), "row 2 has the height 0"),
        (("c001", "images/1a.png", None, 2, 3, 4), "row 2 has no number in 'x'"),
        (("c001", "images/1a.png", float("nan"), 2, 3, 4), "row 2 has no number in 'x'"),
        (("c001", "images/1a.png", float("inf"), 2, 3, 4), "row 2 has no number in 'x'"),
        (("c010", "images/1a.png", 1, 2, 3, 4), "row 2 is of case c010, which cases.csv lacks"),
        ((None, "images/1a.png", 1, 2, 3, 4), "row 2 names no case"),
        (("c001", "images/9z.png", 1, 2, 3, 4), "names the image images/9z.png, which case c001"),
        (("c001", None, 1, 2, 3, 4), "names the image None, which case c001 does not have"),
        (("c002", "images/2a.png", 1, 2, 3, 4), "is of case c002, which is negative"),
        (GOOD, "row 2 is a box of case c001 that stands there already"),
        (("c001", "images/1a.png", 20, 2, 8, 4), "ends outside of its image 'a' of 24 x 24"),
    ],
)
def test_a_strange_row_is_named(tmp_path: Path, row: tuple[Any, ...], told: str) -> None:
    assert told in refused(tmp_path, GOOD, row)


def test_a_table_without_a_row_is_refused(tmp_path: Path) -> None:
    assert "no rows" in refused(tmp_path)


def test_text_where_pixels_belong_is_refused(tmp_path: Path) -> None:
    assert "holds String, and numbers are needed" in refused(tmp_path, ("c001", "a", "x", 2, 3, 4))


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    assert "There is no column 'left'" in refused(tmp_path, GOOD, columns={"x": "left"})
    file = product(tmp_path, 8, boxes="bxes.csv")
    with pytest.raises(BadInput, match=r"bxes\.csv"):
        load_cases(load(file))


@pytest.mark.parametrize("score", [1.5, -0.1, float("nan")])
def test_a_score_that_is_none_is_refused(tmp_path: Path, score: float) -> None:
    file = product(tmp_path, 8)
    rows = pl.DataFrame([(*GOOD, score)], schema=[*BOX, "score"], orient="row", strict=False)
    rows.write_csv(tmp_path / "marks.csv")
    with pytest.raises(BadInput, match="row 1"):
        load_cases(load(file))


def test_images_may_be_named_by_path_or_by_column(tmp_path: Path) -> None:
    file = product(tmp_path, 8)
    rows = [GOOD, ("c003", "b", 0, 0, 2, 2)]
    pl.DataFrame(rows, schema=list(BOX), orient="row").write_csv(tmp_path / "boxes.csv")
    found = load_cases(load(file)).all_open
    told = dict(found.select(columns.ID, columns.BOXES).rows())
    assert json.loads(told["c001"]) == [{"image": "a", "x": 1, "y": 2, "width": 3, "height": 4}]
    assert json.loads(told["c003"])[0]["image"] == "b"
    assert json.loads(told["c005"]) == []


def test_rows_of_other_tables_are_ignored_only_where_that_is_said(tmp_path: Path) -> None:
    file = product(tmp_path, 8, other_cases="ignore")
    rows = [GOOD, ("x77", "images/1a.png", 1, 2, 3, 4)]
    pl.DataFrame(rows, schema=list(BOX), orient="row").write_csv(tmp_path / "boxes.csv")
    assert load_cases(load(file)).all_open.height == 8


def test_ids_stay_text(tmp_path: Path) -> None:
    file = product(tmp_path, 8)
    plain = pl.read_csv(tmp_path / "cases.csv")
    numbered = plain.with_columns(pl.Series("case", [f"00{at}" for at in range(8)]))
    numbered.write_csv(tmp_path / "cases.csv")
    for name in ("boxes", "marks"):
        path = tmp_path / f"{name}.csv"
        known = dict(zip(plain["case"], numbered["case"], strict=True))
        pl.read_csv(path).with_columns(pl.col("case").replace_strict(known)).write_csv(path)
    assert set(load_cases(load(file)).all_open[columns.ID]) == set(numbered["case"])


def test_a_column_name_with_braces_is_told_as_it_is(tmp_path: Path) -> None:
    file = product(tmp_path, 8, columns={"x": "{x}"})
    rows = pl.DataFrame([("c001", "a", None, 2, 3, 4)], schema=list(BOX), orient="row")
    rows.rename({"x": "{x}"}).write_csv(tmp_path / "boxes.csv")
    with pytest.raises(BadInput, match=r"\{x\}"):
        load_cases(load(file))
