"""What product.yaml says of a team and of ready requirements, and what it may not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from roadworthy.core.errors import BadInput
from roadworthy.core.requirement import Side, Whose
from roadworthy.core.team import TeamRule
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.registry import instruments
from roadworthy.io.schema import json_schema

GOOD = """\
version: 1
product: tested
data:
  cases: cases.csv
  id: case
  truth: ill
  positive: 1
  score: score
  prevalence: as_sampled
  calls:
    reader: {column: read, positive: [1], negative: [0]}
    third: {column: third, positive: [1], negative: [0]}
team: {reader: reader, rule: either}
requirements:
  - {metric: sensitivity, of: team, at_least: 0.9}
  - {ready: no_worse_than_reader, reader: reader, max_drop: 0.05, of: team}
"""


def parsed(text: str) -> Any:
    return parse_product(text, Path("product.yaml"))


def test_a_team_is_read() -> None:
    product = parsed(GOOD)
    assert (product.team.reader, product.team.rule) == ("reader", TeamRule.EITHER)
    assert product.requirements[0].of is Whose.TEAM
    assert product.callers == ("reader",)


def test_a_ready_requirement_is_the_two_ordinary_ones_that_it_stands_for() -> None:
    written = GOOD.replace(
        "  - {ready: no_worse_than_reader, reader: reader, max_drop: 0.05, of: team}",
        "  - {id: no_worse_than_reader-sensitivity, metric: sensitivity, against: reader, "
        "max_drop: 0.05, of: team}\n"
        "  - {id: no_worse_than_reader-specificity, metric: specificity, against: reader, "
        "max_drop: 0.05, of: team}",
    )
    one, two = (
        [(r.id, r.metric, r.limit, r.of, r.parameters) for r in parsed(text).requirements]
        for text in (GOOD, written)
    )
    assert one == two


def test_equal_or_better_allows_no_drop() -> None:
    text = GOOD.replace(
        "no_worse_than_reader, reader: reader, max_drop: 0.05",
        "equal_or_better_than_reader, reader: reader",
    )
    limits = [one.limit for one in parsed(text).requirements[1:]]
    assert [(limit.side, limit.value) for limit in limits] == [(Side.MAX_DROP, 0.0)] * 2


WRONG = [
    ("reader: reader, rule: either", "reader: raeder, rule: either", 13, "Did you mean `reader`?"),
    ("rule: either", "rule: arbitration", 13, "arbiter"),
    ("rule: either", "rule: either, arbiter: third", 13, "rule: arbitration"),
    ("rule: either", "rule: arbitration, arbiter: reader", 13, "second person"),
    ("rule: either", "rule: ether", 13, "Did you mean `either`?"),
    ("rule: either", "rule: either, study: nowhere.json", 13, "reader-study analyse"),
    ("rule: either", "rule: either, refer_between: [0.5, 1.5]", 13, "0 to 1"),
    ("team: {reader: reader, rule: either}\n", "", 14, "Add `team:"),
    (
        "metric: sensitivity, of: team, at_least: 0.9",
        "metric: auc, of: team, at_least: 0.9",
        15,
        "metric of calls",
    ),
    ("metric: sensitivity, of: team", "metric: sensitivity, of: taem", 15, "Did you mean `team`?"),
    ("ready: no_worse_than_reader", "ready: no_worse", 16, "no_worse_than_reader"),
    (", max_drop: 0.05, of: team", ", of: team", 16, "max_drop: 0.05"),
    ("reader: reader, max_drop: 0.05", "readr: reader, max_drop: 0.05", 16, "Did you mean"),
]


@pytest.mark.parametrize(("good", "bad", "line", "step"), WRONG)
def test_what_is_wrong_is_told_with_its_line(good: str, bad: str, line: int, step: str) -> None:
    text = GOOD.replace(good, bad)
    assert text != GOOD
    with pytest.raises(BadInput) as told:
        parsed(text)
    assert told.value.where == f"product.yaml:{line}"
    assert step in str(told.value)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (GOOD, True),
        (GOOD.replace("rule: either", "rule: ether"), False),
        (GOOD.replace(", max_drop: 0.05, of: team", ", of: team"), False),
        (GOOD.replace("of: team", "of: taem"), False),
        (GOOD.replace("no_worse_than_reader", "equal_or_better_than_reader"), True),
        (GOOD.replace("ready: no_worse_than_reader", "ready: nothing"), False),
    ],
)
def test_the_schema_knows_teams_and_ready_requirements(text: str, valid: bool) -> None:
    checker = jsonschema.Draft202012Validator(json_schema(instruments()))
    assert checker.is_valid(yaml.safe_load(text)) is valid
