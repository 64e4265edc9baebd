"""A triage decision says which risks must be certified; whatever else it says is a named error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from roadworthy.core.certificate import MaxRisk, Risk
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import Referred
from roadworthy.core.product import Product
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.registry import instruments
from roadworthy.io.schema import json_schema

PAGE = """\
version: 1
product: tested
data:
  cases: cases.csv
  id: case
  truth: ill
  positive: 1
  score: score
  split: {train: 0.4, calibration: 0.4, sealed: 0.2}
"""
REQUIREMENTS = "requirements:\n  - {metric: auc, at_least: 0.8}\n"


def read(decision: str, page: str = PAGE) -> Product:
    return parse_product(f"{page}decision: {decision}\n{REQUIREMENTS}", Path("product.yaml"))


def test_everything_that_is_said_is_kept() -> None:
    found = read(
        "{mode: triage, clear: {fnr_at_most: 0.01}, flag: {fpr_at_most: 0.05}, confidence: 0.9, "
        "protect: [{by: vendor}, {by: age, ranges: [[40, 50], [50, 75]]}], looks: 2, "
        "valid_days: 365}"
    ).decision
    rules = found.triage
    assert rules is not None
    assert rules.risks == (MaxRisk(Risk.FNR, 0.01), MaxRisk(Risk.FPR, 0.05))
    assert (rules.confidence, rules.looks, rules.valid_days) == (0.9, 2, 365)
    assert [rule.by for rule in rules.protect] == [("vendor",), ("age",)]
    assert found.referred is Referred.EXCLUDED


def test_the_confidence_is_the_products_own_unless_it_is_said() -> None:
    page = f"{PAGE}confidence: {{level: 0.99}}\n"
    rules = read("{mode: triage, clear: {fnr_at_most: 0.05}}", page).decision.triage
    assert rules is not None and rules.confidence == 0.99


def test_no_suggestion_is_made_unless_it_is_asked_for() -> None:
    with_it, without = (
        read(f"{{mode: triage, clear: {{fnr_at_most: 0.05}}{more}}}").decision.triage
        for more in (", assist: {likely_right: 0.8}", "")
    )
    assert with_it is not None and with_it.assist_from == 0.8
    assert without is not None and without.assist_from is None


@pytest.mark.parametrize("chance", ["0.4", "1", "80", "high"])
def test_a_suggestion_is_the_likelier_of_two_answers(chance: str) -> None:
    with pytest.raises(BadInput, match="likely_right"):
        read(f"{{mode: triage, clear: {{fnr_at_most: 0.05}}, assist: {{likely_right: {chance}}}}}")


def test_a_predictive_value_is_an_error_rate() -> None:
    assert MaxRisk(Risk.NPV, 0.999).at_most == 0.001
    assert MaxRisk(Risk.FNR, 0.01).at_most == 0.01


def test_without_a_mode_everything_stays_as_it_was() -> None:
    assert read("{threshold: 0.3}").decision.triage is None


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ("{mode: triage}", "neither `clear` nor `flag`"),
        ("{mode: twice, clear: {fnr_at_most: 0.1}}", "must be one of triage"),
        ("{mode: triage, clear: {}}", "names no risk"),
        ("{mode: triage, flag: {}}", "names no risk"),
        ("{mode: triage, clear: {fnr_at_most: 0}}", "is 0, and no number of cases"),
        ("{mode: triage, clear: {fnr_at_most: 1}}", "less than 1"),
        ("{mode: triage, clear: {fnr_at_most: 5}}", "Use 0.05."),
        ("{mode: triage, clear: {fnr_at_most: -0.1}}", "more than 0"),
        ("{mode: triage, flag: {fpr_at_most: 0}}", "is 0, and no number of cases"),
        ("{mode: triage, flag: {ppv_at_least: 1}}", "is 1, and no number of cases"),
        ("{mode: triage, clear: {npv_at_least: 0}}", "more than 0"),
        ("{mode: triage, clear: {npv_at_least: 0.99}}", "depends on prevalence"),
        ("{mode: triage, clear: {fpr_at_most: 0.1}}", "is an unknown key"),
        ("{mode: triage, clear: {fnr_at_most: 0.1}, threshold: 0.5}", "is no word of triage"),
        ("{mode: triage, clear: {fnr_at_most: 0.1}, refer_between: [0.1, 0.2]}", "no word of"),
        ("{clear: {fnr_at_most: 0.1}}", "is a word of triage"),
        ("{threshold: 0.5, looks: 2}", "is a word of triage"),
        ("{mode: triage, clear: {fnr_at_most: 0.1}, looks: 0}", "at least 1"),
        ("{mode: triage, clear: {fnr_at_most: 0.1}, confidence: 95}", "Use 0.95."),
        ("{mode: triage, clear: {fnr_at_most: 0.1}, protect: [{}]}", "is missing"),
        (
            "{mode: triage, clear: {fnr_at_most: 0.1}, protect: [{by: [a, b], levels: [1]}]}",
            "are of one column",
        ),
        (
            "{mode: triage, clear: {fnr_at_most: 0.1}, protect: [{by: a, levels: [1], "
            "ranges: [[1, 2]]}]}",
            "both levels and ranges",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(decision: str, says: str) -> None:
    with pytest.raises(BadInput) as told:
        read(decision)
    assert says in str(told.value)
    assert told.value.where == "product.yaml:10"
    assert told.value.next_step


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (PAGE.replace("calibration: 0.4, ", "validation: 0.4, "), "no calibration cases"),
        (PAGE.replace("  split: {train: 0.4, calibration: 0.4, sealed: 0.2}\n", ""), "calibration"),
        (
            PAGE.replace("  positive: 1\n  score: score\n", "  prediction: said\n")
            + "task: regression\n",
            "needs a score",
        ),
    ],
)
def test_a_certificate_needs_scores_and_cases_of_its_own(page: str, says: str) -> None:
    written = f"{page}decision: {{mode: triage, clear: {{fnr_at_most: 0.1}}}}\n"
    requirement = "mae, at_most: 1, max_error: 9" if "regression" in page else "auc, at_least: 0.8"
    with pytest.raises(BadInput, match=says):
        parse_product(
            f"{written}requirements:\n  - {{metric: {requirement}}}\n", Path("product.yaml")
        )


@pytest.mark.parametrize(
    ("decision", "right"),
    [
        ({"mode": "triage", "clear": {"fnr_at_most": 0.01}, "protect": [{"by": "vendor"}]}, True),
        ({"mode": "triage", "clear": {"fnr_at_most": 0}}, False),
        ({"mode": "triage", "clear": {"fnr": 0.1}}, False),
    ],
)
def test_editors_know_the_words(decision: dict[str, Any], right: bool) -> None:
    page = {**yaml.safe_load(PAGE + REQUIREMENTS), "decision": decision}
    validator = jsonschema.Draft202012Validator(json_schema(instruments()))
    assert validator.is_valid(page) is right
