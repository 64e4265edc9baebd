"""Cases by set: open ones are handed out freely, sealed ones against an opening and only then."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.tables import SCORED, rewrite, simulated, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import SetName
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.source import feature_columns, load_cases

SETS = {"train": 0.4, "validation": 0.2, "calibration": 0.1, "sealed": 0.3, "seed": 3}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_product(tmp_path, simulated(400, 1), data={**SCORED, "split": SETS})


def test_open_sets_hold_no_sealed_case_and_together_they_hold_all(file: Path) -> None:
    parted = load_cases(load_product(file))
    with pytest.raises(ValueError):
        parted.open(SetName.SEALED)
    with pytest.raises(ValueError):
        parted.open(SetName.TRAIN, SetName.SEALED)
    sealed = parted.to_seal()
    open_ = parted.open(SetName.TRAIN, SetName.VALIDATION, SetName.CALIBRATION)
    assert open_.equals(parted.all_open)
    assert not set(open_[columns.ID]) & set(sealed[columns.ID])
    assert open_.height + sealed.height == 400
    assert parted.sizes()[SetName.SEALED] == sealed.height == len(parted.ids(SetName.SEALED))


def test_what_is_checked_before_the_opening_holds_no_truth(file: Path) -> None:
    product = load_product(file)
    inputs = load_cases(product).sealed_inputs(product)
    assert inputs.height == 120
    assert not {"ill", columns.POSITIVE, columns.TRUTH} & set(inputs.columns)


def test_without_ids_cases_cannot_be_sealed(file: Path) -> None:
    page = file.read_text().replace("  id: case\n", "")
    file.write_text(page)
    with pytest.raises(BadInput) as told:
        load_cases(load_product(file))
    assert "id" in told.value.next_step


def test_the_columns_that_product_yaml_names_must_be_there(file: Path) -> None:
    for changed in (
        {"data": {"unit": "patent"}},
        {"scope": [{"field": "agee", "between": [1, 2]}]},
        {"data": {"truth": "il"}},
    ):
        before = file.read_text()
        rewrite(file, **changed)
        with pytest.raises(BadInput) as told:
            load_cases(load_product(file))
        assert told.value.code == "missing_column"
        file.write_text(before)


def test_when_no_column_is_left_to_learn_from_that_is_said(file: Path) -> None:
    schema = pl.Schema({"case": pl.String, "ill": pl.Int64, "score": pl.Float64, "@id": pl.String})
    with pytest.raises(BadInput) as told:
        feature_columns(load_product(file), schema)
    assert told.value.code == "no_features"


def test_reading_changes_nothing_on_disk(file: Path) -> None:
    load_cases(load_product(file))
    assert sorted(path.name for path in file.parent.iterdir()) == ["cases.parquet", "product.yaml"]
