"""Scope rules: one case and a whole table are told the same; what is rejected counts nowhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import FINDS, SCORED, simulated, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.scope import (
    AllOf,
    AnyOf,
    Condition,
    JointRule,
    OnField,
    Rule,
    Scope,
    ScopeRule,
    WhenThen,
)
from roadworthy.io import path_words, telling
from roadworthy.io.product_yaml import load_product, parse_product
from roadworthy.workflow import one_pass
from roadworthy.workflow.check import check
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.prepare import in_scope

SCHEMA = {"age": pl.Float64, "vendor": pl.String, "new": pl.Boolean, "on": pl.Date}
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, float("nan"), 30.0, 40.0, 50.0]),
        st.sampled_from([None, "A", "B", "C"]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, "2026-01-01", "2026-02-01"]).map(
            lambda day: None if day is None else date.fromisoformat(day)
        ),
    ),
    min_size=1,
    max_size=8,
)
FIELDS: st.SearchStrategy[Condition] = st.sampled_from(
    [
        OnField("age", between=(40.0, 50.0)),
        OnField("age", levels=(30, 50.0)),
        OnField("vendor", levels=("A", "B")),
        OnField("new", levels=(True,)),
        OnField("new", levels=(0,)),
        OnField("on", levels=("2026-01-01",)),
    ]
)
PARTS = st.lists(FIELDS, min_size=2, max_size=3).map(tuple)
JOINT = st.one_of(PARTS.map(AllOf), PARTS.map(AnyOf), st.builds(WhenThen, FIELDS, FIELDS))
DEEP = st.one_of(
    JOINT,
    st.builds(WhenThen, JOINT, FIELDS),
    st.tuples(JOINT, FIELDS).map(AnyOf),
    st.tuples(JOINT, FIELDS).map(AllOf),
)
MISSING = st.sampled_from(["refer", "reject", "accept"])
OUTSIDE = st.sampled_from(["refer", "reject"])


def _plain(found: Condition, missing: Any, outside: Any) -> Rule:
    assert isinstance(found, OnField)
    return ScopeRule(found.field, found.between, found.levels, missing, outside)


RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(_plain, FIELDS, MISSING, OUTSIDE), st.builds(JointRule, DEEP, MISSING, OUTSIDE)
)


@given(ROWS, st.lists(RULES, max_size=4).map(tuple))
def test_one_case_and_the_whole_table_are_told_the_same(
    rows: list[tuple[Any, ...]], rules: tuple[Rule, ...]
) -> None:
    frame, scope = pl.DataFrame(rows, schema=SCHEMA, orient="row"), Scope(rules)
    found = in_scope(frame, scope)
    told = found.select(columns.OUTSIDE, columns.REJECTED, columns.INSIDE).rows()
    for row, (outside, rejected, inside) in zip(frame.iter_rows(named=True), told, strict=True):
        reasons = scope.told(row)
        assert inside == (not reasons)
        assert outside == (reasons[0].code if reasons else None)
        assert rejected == any(reason.rejects for reason in reasons)


@given(ROWS, st.lists(RULES, max_size=3).map(tuple), RULES)
def test_one_more_rule_lets_nobody_in(
    rows: list[tuple[Any, ...]], rules: tuple[Rule, ...], more: Rule
) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    before, after = (in_scope(frame, Scope(r))[columns.INSIDE] for r in (rules, (*rules, more)))
    assert (after & ~before).sum() == 0


def only_if(missing: Any = "refer", outside: Any = "refer") -> JointRule:
    density, vendor = OnField("density", levels=("C",)), OnField("vendor", levels=("A",))
    return JointRule(WhenThen(density, vendor), missing, outside)


def test_density_c_only_if_vendor_a() -> None:
    rule, told = only_if(), []
    for density, vendor in [("C", "A"), ("C", "B"), ("D", "B"), (None, "A"), (None, "B")]:
        reason = rule.told({"density": density, "vendor": vendor})
        told.append(None if reason is None else reason.code)
    # with vendor A it holds whatever the density is; with B that hangs on the missing density
    assert told == [None, "OUT_OF_SCOPE:density+vendor", None, None, "MISSING:density+vendor"]


def test_a_reason_names_every_field_and_is_told_in_words() -> None:
    scope = Scope((ScopeRule("age", between=(40, 80)), only_if()))
    said = [telling.outside(code, scope) for code in ("OUT_OF_SCOPE:density+vendor", "MISSING:age")]
    assert said == [
        "it does not hold that where density is C, vendor is A",
        "age is not recorded",
    ]
    assert "guard" in telling.outside("OUT_OF_SCOPE_LEARNED", scope)


WRITTEN = [
    {"field": "age", "between": [40, 80], "missing": "reject"},
    {"field": "site", "in": ["north", 3, True], "outside": "reject"},
    {"when": {"field": "density", "in": ["C"]}, "then": {"field": "vendor", "in": ["A"]}},
    {
        "any_of": [
            {"field": "age", "between": [40, 50]},
            {"all_of": [{"field": "site", "in": ["north"]}, {"field": "new", "in": [True]}]},
        ],
        "missing": "accept",
        "outside": "reject",
    },
]


def test_rules_are_read_as_they_are_written_and_written_as_they_are_read(tmp_path: Path) -> None:
    file = write_product(tmp_path, None, scope=WRITTEN)
    rules = load_product(file).scope.rules
    assert [rule.fields for rule in rules] == [
        ("age",),
        ("site",),
        ("density", "vendor"),
        ("age", "site", "new"),
    ]
    rest = file.read_text().split("scope:")[0] + "requirements: [{metric: auc, at_least: 0.5}]\n"
    again = parse_product(f"{path_words.scope(rules)}\n{rest}", file)
    assert again.scope.rules == rules


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"missing": "refer"}, "says nothing of any column"),
        ({"field": "age"}, "exactly one of `between` and `in`"),
        ({"field": "age", "in": [1], "any_of": []}, "has field and any_of"),
        ({"any_of": [{"field": "age", "in": [1]}]}, "fewer than two"),
        ({"when": {"field": "age", "in": [1]}}, "lacks `then`"),
        ({"then": {"field": "age", "in": [1]}}, "says nothing of any column"),
        ({"any_of": [{"field": "a", "in": [1]}, {"field": "b"}]}, "exactly one of"),
        (
            {"any_of": [{"field": "a", "in": [1]}, {"field": "b", "in": [1], "missing": "accept"}]},
            "unknown key",
        ),
        ({"field": "age", "in": [1], "missing": "rejct"}, "must be one of refer, reject, accept"),
        ({"field": "age", "in": [1], "outside": "accept"}, "must be one of refer, reject"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, rule: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as told:
        load_product(write_product(tmp_path, None, scope=[rule]))
    assert said in str(told.value) and told.value.next_step
    assert str(told.value.where).startswith("product.yaml:")


def test_a_rule_on_an_absent_column_is_refused_by_name(tmp_path: Path) -> None:
    rule = {"when": {"field": "site", "in": ["north"]}, "then": {"field": "dose", "in": [1]}}
    with pytest.raises(BadInput, match="dose"):
        check(write_product(tmp_path, simulated(50, 1), scope=[rule]))


AUTOMATES = {"id": "alone", "metric": "automation", "at_least": 0.1}
RATES = {"data": {**SCORED, "prevalence": "as_sampled"}}


def test_rejected_cases_count_nowhere_and_referred_ones_are_not_automated(tmp_path: Path) -> None:
    raw = simulated(400, 1)
    south = raw.filter(pl.col("site") == "south").height
    found = {}
    for outside in ("refer", "reject"):
        scope = [{"field": "site", "in": ["north"], "outside": outside}]
        file = write_product(tmp_path / outside, raw, [FINDS, AUTOMATES], scope=scope, **RATES)
        judgement = check(file)
        people = judgement.population
        assert (people.cases, people.inside) == (400, 400 - south)
        assert people.outside == (("OUT_OF_SCOPE:site", south),)
        assert people.rejected == (south if outside == "reject" else 0)
        found[outside] = {one.requirement: one.evidence for one in judgement.verdicts}
    assert found["refer"]["finds"] == found["reject"]["finds"]
    assert found["refer"]["alone"].estimate == pytest.approx(1 - south / 400)  # type: ignore[union-attr]
    assert found["reject"]["alone"].estimate == 1.0  # type: ignore[union-attr]
    assert found["reject"]["alone"].n == 400 - south  # type: ignore[union-attr]


def test_one_pass_and_the_whole_table_agree_on_joint_rules_and_rejections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = simulated(600, 2).with_columns(
        age=pl.when(pl.col("age") % 9 == 0).then(None).otherwise("age")
    )
    scope = [
        {
            "when": {"field": "site", "in": ["south"]},
            "then": {"field": "age", "between": [30, 90]},
            "missing": "reject",
        },
        {"field": "age", "between": [20, 80], "outside": "reject", "missing": "accept"},
    ]
    easy = [{**FINDS, "at_least": 0.5}, {**AUTOMATES, "slices": [{"by": "site"}]}]
    file = write_product(tmp_path, raw, easy, scope=scope, **RATES)
    in_one_pass = check(file)
    assert in_one_pass.population.rejected and not in_one_pass.paths
    monkeypatch.setattr(one_pass, "stream", _not_streamed)
    whole = check(file)
    assert whole.verdicts == in_one_pass.verdicts
    assert whole.population == in_one_pass.population


def _not_streamed(*given: object) -> None:
    raise NotStreamedError("as a whole")
