"""The JSON Schema helps editors, and agrees with the reader on what it can know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.schema import json_schema
from roadworthy.io.yaml_lines import read_yaml


@pytest.fixture(scope="session")
def checker(fakes: dict[str, Instrument]) -> Any:
    schema = json_schema(fakes)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def accepts(checker: Any, text: str) -> bool:
    return bool(checker.is_valid(read_yaml(text, "product.yaml").value))


def reads(text: str, fakes: dict[str, Instrument]) -> bool:
    try:
        parse_product(text, Path("product.yaml"), fakes)
    except BadInput:
        return False
    return True


def test_the_good_document_is_valid(checker: Any, good: str) -> None:
    checker.validate(read_yaml(good, "product.yaml").value)


def test_every_word_of_the_grammar_is_described(fakes: dict[str, Instrument]) -> None:
    schema = json_schema(fakes)
    assert schema["$schema"].endswith("2020-12/schema")
    for name, part in schema["$defs"].items():
        for key, word in part["properties"].items():
            told = word is True or "description" in word or "oneOf" in word or "$ref" in word
            assert told, f"{name}.{key}"


def test_the_schema_speaks_of_no_null_and_repeats_no_key(fakes: dict[str, Instrument]) -> None:
    told = str(json_schema(fakes))
    assert "null" not in told
    assert "None" not in told


CHANGES = [
    ("product: mammo-triage", "product: 5"),
    ("product: mammo-triage", "product:"),
    ("purpose:", "purpos:"),
    ("version: 1", "version: 2"),
    ("  positive: 1\n", ""),
    ("  positive: 1\n", "  positive: yes\n"),
    ("truth: cancer", "truth: '@positive'"),
    ("[age, shape]", "age"),
    ("[age, shape]", "[]"),
    ("[age, shape]", "[age, age]"),
    ("as_sampled", "0.006"),
    ("as_sampled", "1"),
    ("as_sampled", "sampled"),
    ("seed: 7", "seed: -1"),
    ("seed: 7", "seeds: 7"),
    ("train: 0.5", "train: 0"),
    ("split: {train", "split: fold #"),
    ("split: {train", "split: {by: date} #"),
    ("split: {train", "split: {column: fold} #"),
    ("split: {train", "split: {column: fold, seed: 1} #"),
    ("split: {train", "split: {leave_out: site} #"),
    ("split: {train", "split: {leave_out: site, sealed: [A, 2]} #"),
    ("split: {train", "split: {leave_out: site, sealed: 0.2} #"),
    (", negative: [1, 2, 3]", ""),
    ("[1, 2, 3]", "1"),
    ("missing: accept", "missing: drop"),
    ("[40, 80]", "40"),
    (", max: 60", ""),
    ("miss: 20000", "miss: -1"),
    ("level: 0.95", "level: 95"),
    ("level: 0.95", "level: 0.99"),
    ("looks: 2", "looks: 0"),
    ("looks: 2", "looks: 1.5"),
    ("threshold: 0.5", "threshold: auto"),
    ("threshold: 0.5", "threshold: 5"),
    ("referred: excluded", "referred: maybe"),
    ("metric: sensitivity\n", "metric: sensitivty\n"),
    ("    metric: sensitivity\n", ""),
    ("at_least: 0.90", "at_least: 90"),
    ("at_least: 0.90", "at_least: true"),
    ("at_least: 0.90\n", "\n"),
    ("at_least: 0.90", "at_most: 0.97"),
    ("target: 0.95", "at_most: 0.95"),
    ("target: 0.95", "tolerance: 0.1"),
    ("target: 0.95", "per: unit"),
    ("target: 0.95", "per: case"),
    ("target: 0.95", "tier: advisory"),
    ("target: 0.95", "tier: urgent"),
    ("{by: vendor}", "{by: [vendor, site]}"),
    ("{by: vendor}", "{bye: vendor}"),
    ("{by: vendor}", "vendor"),
    ("{by: vendor}", "{by: vendor, levels: [A, B], tier: advisory, min_share: 0.1}"),
    ("{by: vendor}", "{by: vendor, min_share: 2}"),
    ("against: radiologist, ", ""),
    ("at_least: 0.20", "at_least: 0.20, against: b"),
    ("at_least: 0.20", "at_least: 0.20, per: unit"),
    ("at_least: 0.20", "at_least: 0.20, prevalence: 0.1"),
    ("at_least: 0.20", "at_least: 0.20, prevalence: 5"),
    (", tolerance: 0.1", ""),
    ("tolerance: 0.1", "tolerance: 1, bins: 3, exact: true, weights: [1], way: slow"),
    ("tolerance: 0.1", "tolerance: 1, bins: 1.5"),
    ("tolerance: 0.1", "tolerance: 1, way: sideways"),
    ("tolerance: 0.1", "tolerance: 1, whose: right"),
    ("tolerance: 0.1", "tolerance: 1, ends: [1]"),
]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_schema_and_reader_agree(
    checker: Any, fakes: dict[str, Instrument], good: str, old: str, new: str
) -> None:
    assert old in good
    text = good.replace(old, new)
    assert accepts(checker, text) == reads(text, fakes)


def test_the_changes_above_hold_good_and_bad_documents(
    fakes: dict[str, Instrument], good: str
) -> None:
    read = [reads(good.replace(old, new), fakes) for old, new in CHANGES]
    assert 15 < sum(read) < len(read) - 15


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(
    line=st.integers(min_value=0, max_value=31),
    piece=st.sampled_from(["[", "5", "true", "null", "{a: 1}", "'x'", "[1]", "-1", "0.5", "''"]),
)
def test_what_the_reader_accepts_the_schema_accepts(
    checker: Any, fakes: dict[str, Instrument], good: str, line: int, piece: str
) -> None:
    lines = good.splitlines()
    lines[line] = f"{lines[line].partition(':')[0]}: {piece}"
    text = "\n".join(lines)
    if reads(text, fakes):
        assert accepts(checker, text)


@pytest.mark.parametrize(
    ("requirement", "valid"),
    [
        ("{metric: named_cases, cases: ids.txt}", True),
        ("{metric: named_cases, cases: ids.txt, at_most: 1}", True),
        ("{metric: named_cases}", False),
        ("{metric: latency_p99_ms, at_most: 50}", True),
        ("{metric: latency_p99_ms, at_most: 50, slices: [{by: a}]}", False),
        ("{metric: event_rate, at_most: 1, events: 5}", False),
        ("{metric: expected_cost, at_most: 1, costs: {miss: 1}}", True),
        ("{metric: expected_cost, at_most: 1, costs: {mis: 1}}", False),
    ],
)
def test_each_metric_has_its_own_words(checker: Any, requirement: str, valid: bool) -> None:
    data = "version: 1\nproduct: p\ndata: {cases: c.csv, truth: y, positive: 1}\n"
    assert accepts(checker, f"{data}requirements: [{requirement}]") is valid
