"""Marks in product.yaml: what may be written, and what is told of anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tests.marked import FEW, FINDS, product

from roadworthy.core.errors import BadInput
from roadworthy.core.marks import HitBy, HitRule
from roadworthy.io.registry import instruments
from roadworthy.io.schema import json_schema
from roadworthy.workflow.load import load


def refused(folder: Path, **said: Any) -> str:
    with pytest.raises(BadInput) as told:
        load(product(folder, 2, **said))
    return str(told.value)


@pytest.mark.parametrize(
    ("hit", "rule"),
    [
        ("centre", HitRule()),
        ({"iou": 0.3}, HitRule(HitBy.IOU, 0.3)),
        ({"iobb": 0.5}, HitRule(HitBy.IOBB, 0.5)),
    ],
)
def test_a_hit_is_declared(tmp_path: Path, hit: object, rule: HitRule) -> None:
    found = load(product(tmp_path, 2, hit=hit)).marks
    assert found is not None
    assert found.hit == rule


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"hit": "center"}, "must be one of centre"),
        ({"hit": {"iou": 0}}, "must be more than 0 and at most 1"),
        ({"hit": {"iou": 0.3, "iobb": 0.3}}, "needs one of iou and iobb"),
        ({"threshold": 50}, "must lie from 0 to 1"),
        ({"at_most_per_image": 0}, "must be at least 1"),
        ({"region_above": 1}, "must lie between 0 and 1"),
        ({"overlap_at_most": "much"}, "must be a number"),
        ({"other_cases": "skip"}, "must be one of refuse, ignore"),
        ({"columns": {"x": "y"}}, "names the column 'y' twice"),
        ({"boxs": "boxes.csv"}, "boxes"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, rules: dict[str, Any], told: str) -> None:
    assert told in refused(tmp_path, **rules)


def test_finding_lesions_needs_a_limit_on_false_marks(tmp_path: Path) -> None:
    assert "a product that marks everything would pass" in refused(tmp_path, requirements=[FINDS])
    shown_only = {**FEW, "tier": "advisory"}
    assert "marks everything" in refused(tmp_path, requirements=[FINDS, shown_only])
    advisory = {**FINDS, "tier": "advisory"}
    load(product(tmp_path, 2, requirements=[advisory, FEW]))


def test_a_limit_that_always_holds_is_refused(tmp_path: Path) -> None:
    always = {**FEW, "at_most": 5}
    assert "it always holds" in refused(tmp_path, requirements=[FINDS, always])


def test_a_metric_of_marks_needs_marks(tmp_path: Path) -> None:
    file = product(tmp_path, 2)
    plain = {k: v for k, v in yaml.safe_load(file.read_text()).items() if k != "marks"}
    file.write_text(yaml.safe_dump(plain))
    with pytest.raises(BadInput, match="nothing declares them"):
        load(file)


def test_the_schema_knows_the_words(tmp_path: Path) -> None:
    schema = json_schema(instruments())
    file = product(tmp_path, 2, hit={"iobb": 0.5}, columns={"case": "exam"}, threshold=1)
    good = yaml.safe_load(file.read_text())
    jsonschema.validate(good, schema)
    for wrong in ({"hit": {"iou": 2}}, {"treshold": 0.5}, {"at_most_per_image": 0}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, "marks": {**good["marks"], **wrong}}, schema)
