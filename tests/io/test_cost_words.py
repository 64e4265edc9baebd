"""Costs, gains and harms: what is written arrives, and what makes no sense is told by its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.product import CaseCost, Costs, Harm, Product, Profit
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.registry import instruments
from roadworthy.io.schema import json_schema
from roadworthy.io.yaml_lines import read_yaml

BINARY = """version: 1
product: p
data: {cases: c.csv, truth: y, positive: ill, prevalence: as_sampled, id: case, split: where}
costs:
  unit: EUR
  miss: {column: loss, max: 900}
  false_alarm: 4
  refer: 0.5
  gain: {found: 2, cleared: {column: interest, min: -3, max: 9}}
  profit: {column: margin, min: -5, max: 8, when: cleared}
harms:
  deaths: {miss: 0.02}
  reading: {refer: 3, unit: min}
train: {weights: costs}
decision: {threshold: cost, refer_between: cost, referred: excluded}
requirements:
  - {metric: expected_cost, at_most: 3}
  - {metric: expected_utility, at_least: 1}
  - {metric: profit_per_case, at_least: 1}
  - {metric: expected_harm, harm: deaths, at_most: 0.001}
  - {id: reads, metric: expected_harm, harm: reading, at_most: 1}
"""
CLASSES = """version: 1
product: p
task: multiclass
data: {cases: c.csv, truth: y, prevalence: as_sampled}
costs:
  matrix:
    1: {2: 5, other: 3}
    2: {1: 1, other: 0}
    other: {1: 1, 2: 2, other: 0}
  gain: {1: 4}
harms:
  falls: {matrix: {a: {b: 0.5}, b: {a: 0}}}
requirements:
  - {metric: expected_cost, at_most: 3}
  - {metric: expected_harm, harm: falls, at_most: 0.1}
"""
CHEAP = BINARY.replace("{column: loss, max: 900}", "10").replace(
    "\n  gain: {found: 2, cleared: {column: interest, min: -3, max: 9}}"
    "\n  profit: {column: margin, min: -5, max: 8, when: cleared}",
    "",
)
RATIO = (
    CHEAP.replace("threshold: cost", "threshold: cost_ratio")
    .replace("train: {weights: costs}\n", "")
    .replace("  - {metric: profit_per_case, at_least: 1}\n", "")
)


@pytest.fixture(scope="module")
def schema() -> Any:
    return jsonschema.Draft202012Validator(json_schema(instruments()))


def read(text: str) -> Product:
    return parse_product(text, Path("product.yaml"))


def refused(text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.next_step
    assert "pydantic" not in str(caught.value)
    return caught.value


def test_everything_that_is_written_arrives(schema: Any) -> None:
    product = read(BINARY)
    assert product.costs == Costs(
        unit="EUR",
        miss=CaseCost("loss", 900.0),
        false_alarm=4.0,
        refer=0.5,
        found=2.0,
        cleared=CaseCost("interest", 9.0, -3.0),
        profit=Profit(CaseCost("margin", 8.0, -5.0), "cleared"),
    )
    assert product.harms == (Harm("deaths", "deaths", miss=0.02), Harm("reading", "min", refer=3.0))
    assert product.weights == "costs"
    assert (product.decision.threshold, product.decision.cheapest_band) == ("cost", True)
    units = [requirement.limit.unit for requirement in product.requirements]
    assert units == ["EUR", "EUR", "EUR", "deaths", "min"]
    schema.validate(read_yaml(BINARY, "product.yaml").value)


def test_a_matrix_arrives_class_by_class_whatever_the_classes_are_called(schema: Any) -> None:
    product = read(CLASSES)
    assert product.costs is not None and product.costs.matrix is not None
    matrix = product.costs.matrix
    assert matrix.classes == ("1", "2", "other")
    assert (matrix.of("1", "2"), matrix.of("2", "1"), matrix.of("1", "1")) == (5.0, 1.0, 0.0)
    assert product.costs.earned == (("1", 4.0),)
    schema.validate(read_yaml(CLASSES, "product.yaml").value)


def test_a_cost_ratio_is_worked_out_from_the_prices(schema: Any) -> None:
    decision = read(RATIO).decision
    assert decision.cost_ratio
    assert decision.refer_between == pytest.approx((0.05, 0.875))
    assert decision.threshold == pytest.approx(0.875)
    alone = read(RATIO.replace("refer_between: cost, ", "")).decision
    assert alone.threshold == pytest.approx(4 / 14)
    assert alone.refer_between is None
    schema.validate(read_yaml(RATIO, "product.yaml").value)


@pytest.mark.parametrize(
    ("old", "new", "line", "told", "step"),
    [
        ("false_alarm: 4", "false_alarm: -4", 7, "must not be negative, not -4", "0 or more"),
        ("false_alarm: 4", "false_alarm: .inf", 7, "finite", "Write a number"),
        ("max: 900", "max: -1", 6, "must be more than 0, not -1", "the most it can ever be"),
        ("loss, max: 900", "loss", 6, "is missing", "Add `max"),
        ("found: 2", "found: -2", 9, "must not be negative, not -2", "0 or more"),
        ("found: 2", "fuond: 2", 9, "is no right call", "Did you mean `found`"),
        ("min: -3, max: 9", "min: 9, max: -3", 9, "is -3, and `min` is 9", "the least"),
        ("when: cleared", "when: refused", 10, "one of flagged, cleared", "words"),
        (", when: cleared", "", 10, "is missing", "Add `when"),
        ("{miss: 0.02}", "{mis: 0.02}", 12, "unknown key", "Did you mean `miss`"),
        ("{miss: 0.02}", "{miss: 0}", 12, "does nothing", "miss: 0.02"),
        ("{miss: 0.02}", "{miss: -1}", 12, "must not be negative", "0 or more"),
        ("harm: deaths", "harm: death", 20, "unknown harm: 'death'", "Did you mean `deaths`"),
        ("harm: reading", "harm: deaths", 13, "limited by no requirement", "harm: reading"),
        ("weights: costs", "weights: prices", 14, "one of costs, not 'prices'", "words"),
        ("at_most: 3", "at_most: 3, unit: DM", 17, "is 'DM', and the costs are in 'EUR'", "one"),
        ("  refer: 0.5\n", "", 14, "a person costs nothing", "refer"),
        ("threshold: cost,", "threshold: 0.5,", 15, "is cost, and the threshold is not", "cost"),
        (", referred: excluded", "", 15, "does not say", "excluded"),
        ("threshold: cost,", "threshold: cost_ratio,", 15, "differ from case to case", "cost"),
        (", split: where", "", 15, "no validation cases", "Add a validation set"),
        ("  - {metric: expected_utility", "  - {metric: expected_utilty", 18, "unknown", "mean"),
        (
            "  profit: {column: margin, min: -5, max: 8, when: cleared}\n",
            "",
            18,
            "no profit to count",
            "profit: {column",
        ),
        ("id: case,", "id: case, score: s,", 14, "nothing is trained", "Remove `train`"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(
    old: str, new: str, line: int, told: str, step: str
) -> None:
    assert old in BINARY
    error = refused(BINARY.replace(old, new))
    assert error.where == f"product.yaml:{line}"
    assert told in error.message
    assert step in error.next_step


@pytest.mark.parametrize(
    ("old", "new", "line", "told", "step"),
    [
        ("{1: 1, other: 0}", "{1: 1}", 8, "lacks the class 'other'", "Add `other"),
        ("{2: 5, other: 3}", "{2: 5, other: 3, 4: 1}", 7, "the call '4', which has no row", "4: {"),
        ("2: 2, other: 0}", "2: 2, other: 7}", 9, "is 7, and a right call costs nothing", "gain"),
        ("{2: 5, other: 3}", "{2: -5, other: 3}", 7, "must not be negative", "0 or more"),
        ("{2: 5, other: 3}", "{2: x, other: 3}", 7, "must be a number", "Write a number"),
        ("{2: 5, other: 3}", "{2: {column: c}, other: 3}", 7, "from case to case", "binary"),
        ("{2: 5, other: 3}", "5", 7, "must map the classes", "rows by truth"),
        ("gain: {1: 4}", "gain: {3: 4}", 10, "is no right call", "classes of the matrix"),
        ("  gain: {1: 4}", "  miss: 3", 10, "a word of binary tasks", "matrix"),
        ("{matrix: {a: {b: 0.5}, b: {a: 0}}}", "{miss: 1}", 12, "word of binary", "matrix"),
        ("matrix: {a: {b: 0.5}, b: {a: 0}}", "matrix: {a: {}}", 12, "one class only", "rows"),
    ],
)
def test_a_mistake_in_a_matrix_is_told_with_its_line(
    old: str, new: str, line: int, told: str, step: str
) -> None:
    assert old in CLASSES
    error = refused(CLASSES.replace(old, new))
    assert error.where == f"product.yaml:{line}"
    assert told in error.message
    assert step in error.next_step


def test_several_classes_without_a_matrix_have_no_costs() -> None:
    text = CLASSES.split("costs:")[0] + "costs: {label: 3}\nrequirements:\n"
    error = refused(text + "  - {metric: expected_cost, at_most: 3}\n")
    assert "need a cost matrix" in error.message


def test_a_binary_matrix_is_told_in_the_words_of_binary_tasks() -> None:
    text = BINARY.replace("  unit: EUR", "  matrix: {ill: {well: 5}, well: {ill: 1}}")
    error = refused(text)
    assert error.where == "product.yaml:5"
    assert "Write miss: 5, false_alarm: 1." in error.next_step


def test_values_have_no_misses() -> None:
    text = "version: 1\nproduct: p\ntask: regression\ndata: {cases: c.csv, truth: y}\n"
    wrong = f"{text}costs: {{miss: 3}}\nrequirements: [{{metric: mae, max_error: 9, at_most: 3}}]\n"
    error = refused(wrong)
    assert (error.where, error.next_step) == ("product.yaml:5", "Remove it.")
    assert "the task is regression" in error.message
    assert read(wrong.replace("miss: 3", "label: 3, unit: EUR")).costs is not None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("prevalence: as_sampled", "prevalence: 0.01", "another prevalence"),
        ("decision:", "train: {weights: costs}\ndecision:", "its scores are no chances"),
        ("miss: 10\n  false_alarm: 4", "label: 3", "no mistake has a price"),
    ],
)
def test_a_ratio_is_refused_where_scores_are_no_chances(old: str, new: str, told: str) -> None:
    assert told in refused(RATIO.replace(old, new)).message


WEIGHED = RATIO.replace("decision:", "train: {weights: costs}\ndecision:")


@pytest.mark.parametrize("calibrate", ["auto", "sigmoid", "isotonic", "venn_abers"])
def test_a_ratio_may_follow_weights_once_scores_are_chances_again(calibrate: str) -> None:
    text = WEIGHED.replace(
        "threshold: cost_ratio", f"threshold: cost_ratio, calibrate: {calibrate}"
    )
    assert read(text).decision.cost_ratio


def test_a_temperature_does_not_undo_weights() -> None:
    text = WEIGHED.replace("threshold: cost_ratio", "threshold: cost_ratio, calibrate: temperature")
    assert "a temperature cannot shift them back" in refused(text).message
