"""What may be written in product.yaml, what it then means, and what is said when it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.instrument import About, Instrument
from roadworthy.core.parameters import inherited
from roadworthy.core.policy import Referred
from roadworthy.core.product import (
    Calls,
    CaseCost,
    Confidence,
    Costs,
    Decision,
    Product,
    ScopeRule,
    SetName,
    Split,
    Task,
)
from roadworthy.core.requirement import Limit, Side, SliceRule, Tier
from roadworthy.io.product_yaml import load_product, parse_product

Fakes: TypeAlias = dict[str, Instrument]
Read: TypeAlias = Callable[[str], Product]
SPLIT = "{train: 0.5, validation: 0.1, calibration: 0.2, sealed: 0.2, seed: 7}"
CALLS = "{radiologist: {column: bi_rads, positive: [4, 5], negative: [1, 2, 3]}}"
SLICES = "[{by: vendor}, {by: density, at_least: 0.85}, {by: age, ranges: [[40, 50], [50, 60]]}]"
REQUIREMENTS = "requirements: [{metric: sensitivity, at_least: 0.9}]\n"
SMALL = "version: 1\nproduct: p\ndata: {cases: c.csv, truth: y, positive: 1}\n"


@pytest.fixture
def read(fakes: Fakes, tmp_path: Path) -> Read:
    return lambda text: parse_product(text, tmp_path / "product.yaml", fakes)


@pytest.fixture
def refused(read: Read) -> Callable[[str], BadInput]:
    def told(text: str) -> BadInput:
        with pytest.raises(BadInput) as caught:
            read(text)
        error = caught.value
        # whatever it is, it is told in our words, with a place and a next step
        assert error.exit_code is ExitCode.BAD_INPUT
        assert error.next_step
        assert str(error.where).startswith(("product.yaml", "ids.txt"))
        assert "pydantic" not in str(error)
        assert "Input should" not in str(error)
        assert "wrong shape" not in str(error)
        return error

    return told


def test_everything_that_the_good_document_says_arrives(good: str, read: Read) -> None:
    product = read(good)
    assert (product.name, product.task) == ("mammo-triage", Task.BINARY)
    assert product.data.cases == ("cases.parquet",)
    assert product.data.features == ("age", "shape")
    assert product.data.calls == (Calls("radiologist", "bi_rads", (4, 5), (1, 2, 3)),)
    assert product.data.split == Split(
        {
            SetName.TRAIN: 0.5,
            SetName.VALIDATION: 0.1,
            SetName.CALIBRATION: 0.2,
            SetName.SEALED: 0.2,
        },
        seed=7,
    )
    assert product.scope.rules == (
        ScopeRule("age", between=(40, 80)),
        ScopeRule("vendor", levels=("A", "B"), missing="accept"),
    )
    assert product.costs == Costs("EUR", 20000, 400, CaseCost("minutes", 60), 40)
    assert product.confidence == Confidence(0.95, 0.8, 2)
    assert product.decision == Decision(0.5, Referred.EXCLUDED)
    assert product.fingerprint == sha256(good.encode()).hexdigest()


def test_a_requirement_arrives_with_its_limit_slices_and_line(good: str, read: Read) -> None:
    first, automation, ppv, compared, near = read(good).requirements
    assert (first.id, first.metric, first.line) == ("finds-cancers", "sensitivity", 23)
    assert first.limit == Limit(Side.AT_LEAST, 0.9)
    assert first.target == 0.95
    assert first.slices == (
        SliceRule(("vendor",)),
        SliceRule(("density",), limit=0.85),
        SliceRule(("age",), ranges=((40, 50), (50, 60))),
    )
    assert (automation.line, automation.id) == (29, "spares-readers")
    assert ppv.parameters.prevalence == "as_sampled"
    assert compared.limit == Limit(Side.MAX_DROP, 0.02, against="radiologist")
    assert (near.parameters.tolerance, near.parameters.bins) == (0.1, 10)


def test_what_is_not_written_has_the_documented_value(read: Read) -> None:
    product = read(SMALL + REQUIREMENTS)
    only = product.requirements[0]
    assert (only.id, only.tier, only.confidence, only.power) == (
        "sensitivity",
        Tier.CRITICAL,
        0.95,
        0.80,
    )
    assert (product.data.split, product.data.unit, product.costs) == (None, None, None)
    assert product.decision == Decision(0.5, None, None)


def test_a_requirement_inherits_confidence_and_may_have_its_own(read: Read) -> None:
    own = "confidence: {level: 0.9, power: 0.7}\nrequirements:\n"
    rows = "- {metric: sensitivity, at_least: 0.9}\n- {id: b, metric: sensitivity, at_least: 0.9, "
    one, other = read(SMALL + own + rows + "confidence: 0.99, power: 0.5}").requirements
    assert (one.confidence, one.power) == (0.9, 0.7)
    assert (other.confidence, other.power) == (0.99, 0.5)


def test_truth_values_may_be_words_that_yaml_takes_for_something_else(read: Read) -> None:
    text = SMALL.replace("positive: 1", "positive: yes, negative: no") + REQUIREMENTS
    assert (read(text).data.positive, read(text).data.negative) == ("yes", "no")


def test_a_parameter_inherits_what_the_product_declares(read: Read) -> None:
    text = (
        SMALL.replace("positive: 1", "positive: P, prevalence: 0.006")
        + "costs: {unit: EUR, miss: 9}\ndecision: {referred: excluded}\n"
        + "requirements: [{metric: expected_cost, at_most: 3}]\n"
    )
    found = read(text).requirements[0].parameters
    assert (found.prevalence, found.positive, found.task) == (0.006, "P", Task.BINARY)
    assert (found.costs, found.referred) == (Costs("EUR", miss=9), Referred.EXCLUDED)


def test_a_requirement_may_say_otherwise_than_the_product(read: Read) -> None:
    own = "{metric: expected_cost, at_most: 3, prevalence: 0.5, costs: {miss: {column: c, max: 7}}}"
    data = SMALL.replace("positive: 1", "positive: 1, prevalence: as_sampled")
    found = read(f"{data}requirements: [{own}]").requirements[0].parameters
    assert (found.prevalence, found.costs) == (0.5, Costs(miss=CaseCost("c", 7)))


def test_a_limit_takes_the_unit_of_its_metric_unless_it_names_one(read: Read) -> None:
    rows = "[{metric: latency_p99_ms, at_most: 50}, {metric: mae, at_most: 2, unit: mm}]"
    text = SMALL.replace(", positive: 1", "") + f"task: regression\nrequirements: {rows}"
    units = [requirement.limit.unit for requirement in read(text).requirements]
    assert units == ["ms", "mm"]


def test_a_band_of_doubt_is_read_when_it_is_said_how_it_counts(read: Read) -> None:
    decision = "decision: {refer_between: [0.2, 0.6], referred: wrong}\n"
    assert read(SMALL + REQUIREMENTS + decision).decision == Decision(
        0.5, Referred.WRONG, (0.2, 0.6)
    )


def test_a_product_without_judged_calls_needs_no_truth(read: Read) -> None:
    text = SMALL.replace(", truth: y, positive: 1", "")
    assert read(text + "requirements: [{metric: latency_p99_ms, at_most: 50}]").data.truth is None


def test_a_parameter_of_every_kind_is_read(read: Read) -> None:
    own = (
        "{metric: within, at_least: 0.5, tolerance: 2, bins: 5, exact: false, name: n, "
        "of_class: A, weights: [1, 2.5], ends: [0, 2], per_level: {a: 1}, way: slow, "
        "whose: right, copy: c, score_column: s}"
    )
    found = read(f"{SMALL}requirements: [{own}]").requirements[0].parameters
    assert (found.tolerance, found.bins, found.exact, found.name) == (2.0, 5, False, "n")
    assert (found.of_class, found.weights, found.ends) == ("A", (1.0, 2.5), (0.0, 2.0))
    assert (found.per_level, found.way, found.whose) == ({"a": 1.0}, "slow", Referred.RIGHT)
    assert (found.copy, found.score_column) == ("c", "s")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("fold", Split(column="fold")),
        ("{column: fold}", Split(column="fold")),
        ("{train: 1}", Split({SetName.TRAIN: 1.0})),
        (
            "{by: date}",
            Split({SetName.TRAIN: 0.6, SetName.VALIDATION: 0.2, SetName.SEALED: 0.2}, by="date"),
        ),
        (
            "{by: date, train: 0.9, sealed: 0.1}",
            Split({SetName.TRAIN: 0.9, SetName.SEALED: 0.1}, by="date"),
        ),
        (
            "{leave_out: site, seed: 3}",
            Split({SetName.TRAIN: 0.75, SetName.VALIDATION: 0.25}, seed=3, leave_out="site"),
        ),
        (
            "{leave_out: site, sealed: [C, 4], train: 1}",
            Split({SetName.TRAIN: 1.0}, leave_out="site", sealed_levels=("C", 4)),
        ),
        (
            "{leave_out: site, sealed: C, train: 1}",
            Split({SetName.TRAIN: 1.0}, leave_out="site", sealed_levels=("C",)),
        ),
    ],
)
def test_a_split_is_read_in_each_of_its_spellings(read: Read, written: str, meant: Split) -> None:
    text = SMALL.replace("positive: 1", f"positive: 1, split: {written}") + REQUIREMENTS
    assert read(text).data.split == meant


def test_a_file_of_cases_is_read_beside_the_product(read: Read, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("007\nb\n")
    text = f"{SMALL}requirements: [{{metric: named_cases, cases: ids.txt}}]"
    product = read(text)
    assert product.requirements[0].parameters.cases == ("007", "b")
    assert product.requirements[0].limit == Limit(Side.AT_MOST, 0.0)
    (tmp_path / "ids.txt").write_text("007\n")
    assert read(text).fingerprint != product.fingerprint


# old, new, line, what is said, what to do
BROKEN = [
    ("version: 1", "version: 2", 1, "`version` is 2", "version: 1"),
    ("version: 1\n", "", None, "`version` is missing", "Add `version"),
    ("product: mammo-triage", "product: 5", 2, "`product` must be text, not 5", 'quotes: "5"'),
    ("product: mammo-triage", "product:", 2, "`product` is empty", "remove the line"),
    ("purpose:", "purpos:", 3, "`purpos` is an unknown key", "Did you mean `purpose`"),
    ("data:", "task: trinary\ndata:", 4, "one of binary, multiclass", "Did you mean `binary`"),
    ("  truth: cancer\n", "", 4, "`data.truth` is missing", "`sensitivity` needs it"),
    ("  positive: 1\n", "", 4, "`data.positive` is missing", "the value of `cancer`"),
    ("truth: cancer", "truth: '@positive'", 8, "reserved column '@positive'", "no leading @"),
    ("truth: cancer", "truth: ai_score", 10, "`data.truth`", "one of these meanings"),
    ("truth: cancer", "trut: cancer", 8, "`data.trut` is an unknown key", "`truth`"),
    ("[age, shape]", "[age, cancer]", 11, "holds 'cancer', the truth", "must not see"),
    ("[age, shape]", "[age, age]", 11, "lists 'age' twice", "Remove"),
    ("[age, shape]", "[]", 11, "is an empty list", "Name at least one"),
    ("[age, shape]", "[age, 3]", 11, "`data.features[2]` must be text, not 3", "quotes"),
    ("positive: 1\n", "positive: [1]\n", 9, "one value of a column, not a list", "Write text"),
    ("positive: 1\n", "positive: 1\n  negative: 1\n", 10, "so is `data.positive`", "other value"),
    ("cases: cases.parquet", "cases: []", 5, "`data.cases` is an empty list", "Name at least"),
    ("score: ai_score", "prediction: ai_score", 10, "not read for the task binary", "`score`"),
    ("as_sampled", "90", 12, "must lie between 0 and 1, not 90", "0.90"),
    ("as_sampled", "sampled", 12, "must be a share or as_sampled", "such as 0.006"),
    ("as_sampled", "true", 12, "must be a share or as_sampled, not true", "such as 0.006"),
    ("train: 0.5", "train: 0.6", 13, "sum to 1.1, not 1", "so that they sum to 1"),
    ("train: 0.5", "train: 50", 13, "must be a share of the cases, not 50", "Use 0.50"),
    ("train: 0.5", "train: 0", 13, "`data.split.train` is 0", "Remove it"),
    ("train: 0.5", "train: 50%", 13, "must be a number, not '50%'", "Write 0.5"),
    ("seed: 7", "seed: -1", 13, "must be at least 0", "0 or more"),
    ("seed: 7", "seeds: 7", 13, "unknown key", "Did you mean `seed`"),
    (SPLIT, "{seed: 7}", 13, "names no set", "Write fractions"),
    (SPLIT, "[train]", 13, "must be a mapping of keys, not a list", "Known keys: train"),
    (SPLIT, "{column: fold, seed: 1}", 13, "`data.split.seed` is an unknown key", "column"),
    (SPLIT, "{leave_out: site, sealed: 0.2}", 13, "name the levels to seal", "seed chooses"),
    ("[1, 2, 3]", "[1, 4]", 14, "counts 4 as positive and as negative", "one of the two"),
    (", negative: [1, 2, 3]", "", 14, "`data.calls.radiologist.negative` is missing", "Add"),
    (CALLS, "[radiologist]", 14, "must be a mapping of keys, not a list", "key: value"),
    ("  cohort:", "  tables: {cases: x.csv}\n  cohort:", 15, "main table", "data.cases"),
    ("[40, 80]", "[80, 40]", 17, "`scope[1].between` runs from 80 to 40", "lower number first"),
    ("[40, 80]", "40", 17, "must be two numbers, not 40", "[from, to]"),
    ("between: [40, 80]", "in: [1], between: [1, 2]", 17, "exactly one", "Write between"),
    ("missing: accept", "missing: drop", 18, "one of refer, reject, accept", "Known words"),
    ("miss: 20000", "miss: -1", 19, "`costs.miss` must not be negative", "0 or more"),
    ("miss: 20000", "miss: '20_000'", 19, "must be a number", "Write 20000"),
    ("miss: 20000", "mis: 1", 19, "`costs.mis` is an unknown key", "`miss`"),
    (", max: 60", "", 19, "`costs.refer.max` is missing", "Add `max"),
    ("max: 60", "max: 0", 19, "must be more than 0", "most it can ever be"),
    ("level: 0.95", "level: 90", 20, "between 0.5 and 1, not 90", "Use 0.90."),
    ("level: 0.95", "level: 0.5", 20, "between 0.5 and 1", "Write a share"),
    ("power: 0.80", "power: 80", 20, "between 0 and 1, not 80", "Use 0.80."),
    ("looks: 2", "looks: 0", 20, "must be at least 1, not 0", "1 or more"),
    ("looks: 2", "looks: 1.5", 20, "whole number, not 1.5", "Write a number"),
    ("looks: 2", "looks: true", 20, "whole number, not true", "Write a number"),
    (
        "threshold: 0.5",
        "threshold: automatic",
        21,
        "a number, auto, cost or cost_ratio",
        "Write 0.5; auto",
    ),
    ("threshold: 0.5", "threshold: 5", 21, "must lie from 0 to 1, not 5", "Use 0.05"),
    ("referred: excluded", "referred: rigth", 21, "one of right, wrong", "Did you mean `right`"),
    ("referred: excluded", "refer_between: [0.1, 0.2]", 21, "does not say how", "excluded"),
    ("referred: excluded", "referred: wrong, refer_between: [0, 2]", 21, "0 to 1", "Scores"),
    ("requirements:", "requirement:", 22, "`requirement` is an unknown key", "requirements"),
    ("metric: sensitivity\n", "metric: sensitivty\n", 24, "'sensitivty'", "mean `sensitivity`"),
    ("metric: sensitivity\n", "metrics: sensitivity\n", 23, "`metric` of", "Add `metric"),
    ("at_least: 0.90", "at_least: 90", 25, "can be 0 to 1, not 90", "Use 0.90."),
    ("at_least: 0.90", "at_least: -1", 25, "can be 0 to 1, not -1", "of 0 to 1"),
    ("at_least: 0.90", "at_least: true", 25, "must be a number, not true", "such as 0.9"),
    ("at_least: 0.90", "at_least: yes", 25, "must be a number, not 'yes'", "such as 0.9"),
    ("at_least: 0.90", "at_least: 0,9", 25, "must be a number, not '0,9'", "Write 0.9"),
    ("at_least: 0.90", "at_least: .nan", 25, "finite number, not nan", "such as 0.9"),
    ("at_least: 0.90", "at_least: .inf", 25, "finite number, not inf", "such as 0.9"),
    ("at_least: 0.90", "at_least: 1e999", 25, "finite number, not inf", "such as 0.9"),
    ("at_least: 0.90\n", "\n", 23, "'finds-cancers' has no limit", "at_least or at_most"),
    ("at_least: 0.90", "at_most: 0.90", 25, "higher is better", "Write at_least"),
    ("target: 0.95", "at_most: 0.95", 26, "2 limits: at_least, at_most", "Keep one"),
    ("target: 0.95", "target: 0.85", 26, "better than its limit (at least 0.9)", "expected"),
    ("target: 0.95", "target: 0.90", 26, "better than its limit", "expected"),
    ("target: 0.95", "target: 95", 26, "can be 0 to 1, not 95", "Use 0.95"),
    ("target: 0.95", "tolerance: 1", 26, "`tolerance` of requirement 'finds", "Known keys"),
    ("target: 0.95", "disagreement: 0.1", 26, "plans comparisons only", "against"),
    ("target: 0.95", "per: case", 26, "must be one of unit, not 'case'", "unit"),
    ("target: 0.95", "tier: urgent", 26, "one of critical, advisory", "Known words"),
    ("because: the", "because: 5 #", 28, "must be text, not 5", "quotes"),
    (SLICES, "vendor", 27, "`slices` of requirement", "[a, b]"),
    (SLICES, "[vendor]", 27, "`slices[1]` of requirement", "Known keys: at_least"),
    (SLICES, "[{bye: vendor}]", 27, "`slices[1].bye`", "Did you mean `by`"),
    (SLICES, "[{by: a, at_most: 0.2}]", 27, "another side than the requirement's", "at_least"),
    (SLICES, "[{by: a, at_least: 0.97}]", 27, "must be better than its limit", "expected"),
    (SLICES, "[{by: a, target: 0.5}]", 27, "must be better than its limit", "expected"),
    (SLICES, "[{by: a, at_least: 85}]", 27, "can be 0 to 1, not 85", "Use 0.85"),
    (SLICES, "[{by: a, prevalence: 0.1}]", 27, "does not depend on prevalence", "Remove"),
    (SLICES, "[{by: [a, b], levels: [1]}]", 27, "`by` names a, b", "Name one column"),
    (SLICES, "[{by: a, levels: [1], ranges: [[0, 1]]}]", 27, "both ranges and levels", "one"),
    (SLICES, "[{by: a, ranges: [[0, 2], [1, 3]]}]", 27, "overlap: [0.0, 2.0]", "up to"),
    (SLICES, "[{by: a, ranges: []}]", 27, "is an empty list", "[[40, 50]"),
    (SLICES, "[{by: a, min_share: 2}]", 27, "must be a share below 1", "0.02"),
    (SLICES, "[{by: a}, {by: [a]}]", 27, "same parts as a rule before", "Remove"),
    ("id: spares-readers", "id: finds-cancers", 29, "which line 23 has already", "of its own"),
    ("max_drop: 0.02", "at_least: 0.02", 31, "the limit is at_least", "max_drop or min_gain"),
    ("max_drop: 0.02", "max_drop: -0.02", 31, "can be 0 to 1, not -0.02", "of 0 to 1"),
    ("max_drop: 0.02", "max_drop: 0.02, target: -0.05", 31, "a gain of -0.02", "expected gain"),
    ("against: radiologist, ", "", 31, "does not say with whom", "Add `against:`"),
    ("against: radiologist", "against: cancer", 31, "the product itself", "somebody else's"),
    ("column: bi_rads", "column: cancer", 14, "so is `data.truth`", "somebody else's"),
    ("column: bi_rads", "column: ai_score", 14, "so is `data.score`", "somebody else's"),
    ("at_least: 0.20", "max_drop: 0.1, against: b", 30, "`ppv` cannot be", "sensitivity, spec"),
    ("at_least: 0.20", "at_least: 0.20, per: unit", 30, "`ppv` is not counted", "Remove"),
    ("  prevalence: as_sampled\n", "", 29, "ppv depends on prevalence", "prevalence: as_sampled}"),
    ("tolerance: 0.1", "tolerance: -1", 32, "tolerance must not be negative, not -1", "Correct"),
    (", tolerance: 0.1", "", 32, "`tolerance` of requirement 'near' is missing", "Add"),
    ("tolerance: 0.1", "tolerance: x", 32, "must be a number, not 'x'", "such as"),
    ("tolerance: 0.1", "tolerance: 1, bins: 1.5", 32, "whole number", "such as"),
    ("tolerance: 0.1", "tolerance: 1, exact: 1", 32, "must be true or false", "true"),
    ("tolerance: 0.1", "tolerance: 1, weights: [a]", 32, "`weights[1]` of", "number"),
    ("tolerance: 0.1", "tolerance: 1, weights: 2", 32, "must be a list, not 2", "[a, b]"),
    ("tolerance: 0.1", "tolerance: 1, way: fsat", 32, "one of fast, slow", "`fast`"),
    ("tolerance: 0.1", "tolerance: 1, score_column: '@x'", 32, "reserved", "@"),
    ("tolerance: 0.1", "tolerance: 1, tolerence: 1", 32, "unknown key", "`tolerance`"),
]


@pytest.mark.parametrize(("old", "new", "line", "says", "then"), BROKEN)
def test_a_mistake_is_told_with_its_line_its_value_and_what_to_do(
    good: str,
    refused: Callable[[str], BadInput],
    old: str,
    new: str,
    line: int | None,
    says: str,
    then: str,
) -> None:
    assert good.count(old) == 1
    error = refused(good.replace(old, new))
    assert error.where == ("product.yaml" if line is None else f"product.yaml:{line}")
    assert says in error.message
    assert then in error.next_step


# a whole requirement in line 4, what is said, what to do
ALONE = [
    ("[]", "nothing is required", "Add one"),
    ("5", "`requirements` must be a list, not 5", "[a, b]"),
    ("[5]", "Requirement 1 must be a mapping of keys, not 5", "Known keys"),
    ("[{metric: mae, at_most: 1}]", "not a metric of the task binary", "task regression"),
    ("[{metric: sensitivity, at_least: 1, per: unit}]", "the data declare none", "{unit: COLUMN}"),
    ("[{metric: sensitivity, max_drop: 1}]", "does not say with whom", "against"),
    ("[{metric: sensitivity, against: a}]", "has no limit", "max_drop or min_gain"),
    ("[{metric: event_rate, at_most: 1}]", "`events` of requirement 'event_rate'", "Add `events"),
    ("[{metric: event_rate, at_least: 1, events: e}]", "lower is better", "Write at_most"),
    ("[{metric: event_rate, at_most: -1, events: e}]", "can be 0 or more, not -1", "0 or more"),
    ("[{metric: event_rate, at_most: 1, events: e, target: 2}]", "better than", "expected"),
    ("[{metric: latency_p99_ms, at_most: 1, slices: [{by: a}]}]", "of the whole", "Remove"),
    ("[{metric: named_cases, cases: ids.tx}]", "cannot be read", "Did you mean `ids.txt`"),
    ("[{metric: expected_cost, at_most: 3, prevalence: 0.1}]", "no costs to count", "Add `costs"),
    ("[{metric: expected_cost, at_most: 3, prevalence: 9}]", "between 0 and 1", "as_sampled"),
    ("[{metric: expected_cost, at_most: 3, costs: {mis: 1}}]", "`costs.mis` of", "`miss`"),
    ("[{metric: sensitivity, at_least: 0.9, tier: advisory}]", "advisory", "tier: critical"),
    ("[{metric: sensitivity, at_least: 0.9}, {metric: sensitivity, at_least: 1}]", "4 has", "`id`"),
]


@pytest.mark.parametrize(("requirements", "says", "then"), ALONE)
def test_a_mistake_in_a_requirement_is_told_with_what_to_do(
    refused: Callable[[str], BadInput], tmp_path: Path, requirements: str, says: str, then: str
) -> None:
    (tmp_path / "ids.txt").write_text("a\n")
    error = refused(f"{SMALL}requirements: {requirements}")
    assert error.where == "product.yaml:4"
    assert says in error.message
    assert then in error.next_step


def test_a_broken_file_of_cases_is_told_with_its_own_line(
    refused: Callable[[str], BadInput], tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("a\na\n")
    error = refused(f"{SMALL}requirements: [{{metric: named_cases, cases: ids.txt}}]")
    assert error.where == "ids.txt:2"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_words_of_binary_tasks_are_refused_in_others(
    refused: Callable[[str], BadInput], task: str
) -> None:
    rest = f"task: {task}\nrequirements: [{{metric: automation, at_least: 0.3}}]\n"
    assert "`data.positive` is a word of binary tasks" in refused(SMALL + rest).message
    plain = SMALL.replace(", positive: 1", "")
    for data, says in (
        ("score: s", "`data.score` is not read for"),
        ("prevalence: 0.1", "`data.prevalence` is a share of positives"),
    ):
        text = plain.replace("truth: y", f"truth: y, {data}") + rest
        assert says in refused(text).message
    error = refused(f"{plain}{rest}decision: {{threshold: 0.4}}")
    assert "`decision.threshold` needs a score" in error.message


@pytest.mark.parametrize(
    "split", ["", ", split: {train: 0.8, sealed: 0.2}", ", split: {leave_out: s, train: 1}"]
)
def test_an_automatic_threshold_needs_validation_cases(
    refused: Callable[[str], BadInput], split: str
) -> None:
    data = SMALL.replace("positive: 1", f"positive: 1{split}")
    error = refused(f"{data}{REQUIREMENTS}decision: {{threshold: auto}}")
    assert error.where == "product.yaml:5"
    assert "no validation cases" in error.message
    assert "Add a validation set" in error.next_step


@pytest.mark.parametrize("split", ["{by: date}", "{leave_out: s}", "fold", "{column: fold}"])
def test_an_automatic_threshold_is_read_where_there_can_be_validation_cases(
    read: Read, split: str
) -> None:
    data = SMALL.replace("positive: 1", f"positive: 1, split: {split}")
    product = read(f"{data}{REQUIREMENTS}decision: {{threshold: auto}}")
    assert product.decision.threshold == "auto"


@pytest.mark.parametrize(
    ("automation", "accepted"),
    [
        ("", False),
        (", {metric: automation, at_least: 0.3}", True),
        (", {metric: automation, at_least: 0.3, tier: advisory}", False),
        (", {metric: automation, at_least: 0}", False),
    ],
)
def test_counting_referred_cases_as_right_needs_a_limit_on_referral(
    read: Read, refused: Callable[[str], BadInput], automation: str, accepted: bool
) -> None:
    text = f"""{SMALL}decision: {{referred: right}}
requirements: [{{metric: sensitivity, at_least: 0.9}}{automation}]"""
    if accepted:
        assert read(text).decision.referred is Referred.RIGHT
        return
    error = refused(text)
    assert "refers everything would pass" in error.message
    assert "automation" in error.next_step


def test_a_gating_slice_alone_does_not_gate_the_product(
    refused: Callable[[str], BadInput],
) -> None:
    own = "{metric: sensitivity, at_least: 0.9, tier: advisory, slices: [{by: a, tier: critical}]}"
    assert refused(f"{SMALL}requirements: [{own}]").code == "no_requirement"


@pytest.mark.parametrize("limit", ["at_least: 0", "against: b, max_drop: 1"])
def test_a_limit_that_is_always_met_requires_nothing(
    limit: str, refused: Callable[[str], BadInput]
) -> None:
    own = f"{{metric: sensitivity, {limit}}}"
    assert "requires nothing" in refused(f"{SMALL}requirements: [{own}]").message


def test_of_several_mistakes_the_first_by_line_is_told_and_the_others_counted(
    good: str, refused: Callable[[str], BadInput]
) -> None:
    text = good.replace("looks: 2", "looks: 0").replace("tolerance: 0.1", "tol: 1")
    assert refused(text).next_step.endswith("There is 1 more problem (line 32).")
    error = refused(text.replace("miss: 20000", "miss: x"))
    assert error.where == "product.yaml:19"
    assert error.next_step.endswith("There are 2 more problems (lines 20, 32).")


def test_the_file_itself_may_be_wrong(tmp_path: Path, fakes: Fakes, good: str) -> None:
    path = tmp_path / "product.yaml"
    path.write_text("\ufeff" + good, encoding="utf-8")
    assert load_product(path, fakes).name == "mammo-triage"
    for content, says in ((b"\xff\xfe", "UTF-8"), (b"x" * 4_000_001, "too large")):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=says):
            load_product(path, fakes)
    with pytest.raises(BadInput, match=r"Did you mean `product\.yaml`"):
        load_product(tmp_path / "produkt.yaml", fakes)
    with pytest.raises(BadInput, match="is a folder"):
        load_product(tmp_path, fakes)


@pytest.mark.parametrize("text", ["just words", "[1, 2]", "5"])
def test_a_file_that_is_no_mapping_is_refused(
    refused: Callable[[str], BadInput], text: str
) -> None:
    assert "The file must be a mapping of keys" in refused(text).message


@dataclass(frozen=True)
class Odd:
    budget: float | None = inherited("budget")


@dataclass(frozen=True)
class Taken:
    target: float = 1.0


@pytest.mark.parametrize(
    ("parameters", "says"),
    [(Odd, "inherits `budget`, which no product declares"), (Taken, "a parameter `target`")],
)
def test_an_instrument_that_declares_nonsense_is_told_apart_from_a_mistake_of_the_user(
    tmp_path: Path, fakes: Fakes, parameters: type[Any], says: str
) -> None:
    class Strange(type(fakes["automation"])):  # type: ignore[misc]
        about = About("a", "b", "c", "d")

    Strange.parameters = parameters
    text = f"{SMALL}requirements: [{{metric: strange, at_least: 0.5}}]"
    with pytest.raises(BadInput, match=says) as caught:
        parse_product(text, tmp_path / "product.yaml", {"strange": Strange()})
    assert (caught.value.code, caught.value.where) == ("broken_plugin", "product.yaml:4")


def test_shares_of_positives_are_refused_where_there_are_no_positives(
    refused: Callable[[str], BadInput],
) -> None:
    head = (
        SMALL.replace(", positive: 1", "")
        + "task: multiclass\ncosts: {matrix: {a: {b: 5}, b: {a: 1}}}\n"
    )
    own = "metric: expected_cost, at_most: 3"
    error = refused(f"{head}requirements: [{{{own}, prevalence: 0.1}}]")
    assert "`prevalence` of requirement 'expected_cost' is a share of positives" in error.message
    slices = "prevalence: as_sampled, slices: [{by: a, prevalence: 0.1}]"
    error = refused(f"{head}requirements: [{{{own}, {slices}}}]")
    assert "`slices[1].prevalence` of requirement" in error.message


def test_a_broken_stranger_is_not_suggested_for_a_comparison(
    good: str, fakes: Fakes, tmp_path: Path
) -> None:
    class Broken(dict[str, Instrument]):
        def __getitem__(self, name: str) -> Instrument:
            if name == "within":
                raise BadInput("broken", code="broken_plugin", next_step="repair")
            return super().__getitem__(name)

    text = good.replace("at_least: 0.20", "max_drop: 0.1, against: b")
    text = "\n".join(text.splitlines()[:-1])
    with pytest.raises(BadInput, match="Metrics that can: sensitivity, specificity"):
        parse_product(text, tmp_path / "product.yaml", Broken(fakes))


LINES = st.integers(min_value=0, max_value=31)
PIECES = st.sampled_from(["", "[", "5", "true", "null", "{a: 1}", "'x'", "[1]", ".nan", "-1", "@"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(line=LINES, piece=PIECES)
def test_whatever_is_written_in_a_line_is_read_or_refused_in_our_words(
    good: str, fakes: Fakes, line: int, piece: str
) -> None:
    lines = good.splitlines()
    key, _, _ = lines[line].partition(":")
    lines[line] = f"{key}: {piece}"
    try:
        parse_product("\n".join(lines), Path("product.yaml"), fakes)
    except BadInput as refusal:
        assert str(refusal.where).startswith("product.yaml")
        assert "wrong shape" not in refusal.message
