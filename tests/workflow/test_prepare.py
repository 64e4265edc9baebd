"""From the user's table to prepared cases: nothing is guessed, and one case goes one way."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.parameters import NoParameters
from roadworthy.core.policy import Policy, Referred, Route
from roadworthy.core.product import Calls, Data, Product, Scope, ScopeRule, Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.io.fingerprint import fingerprint
from roadworthy.stats import means
from roadworthy.workflow.prepare import (
    add_calls,
    check_scores,
    decide,
    declare_truth,
    identify,
    in_fixed_order,
    in_scope,
    without_decision,
)


def product(task: Task = Task.BINARY, *, against: str | None = None, **data: Any) -> Product:
    limit = Limit(Side.MAX_DROP, 0.1, against=against)
    requirement: Requirement[Any] = Requirement("r", "sensitivity", limit, None)
    return Product("p", Data(("x.csv",), **data), (requirement,), task=task)


def code(told: pytest.ExceptionInfo[BadInput]) -> str:
    assert told.value.next_step, "every error says what to do next"
    return told.value.code


# ---- ids and units


def test_every_case_has_an_id_and_is_its_own_unit_when_none_is_declared() -> None:
    found = identify(pl.DataFrame({"x": [5, 6]}), product())
    assert found[columns.ID].to_list() == found[columns.UNIT].to_list()
    assert found[columns.ID].n_unique() == 2


def test_ids_that_stand_twice_are_refused_by_name() -> None:
    with pytest.raises(BadInput) as told:
        identify(pl.DataFrame({"case": ["a", "b", "a"]}), product(id="case"))
    assert code(told) == "duplicate_id"
    assert told.value.value == "a"
    assert "unit" in told.value.next_step


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_a_missing_id_and_a_missing_unit_are_refused_with_their_row(gap: float | None) -> None:
    frame = pl.DataFrame({"case": [1.0, gap], "patient": [gap, 2.0]}, strict=False)
    for one in (product(id="case"), product(unit="patient")):
        with pytest.raises(BadInput) as told:
            identify(frame, one)
        assert code(told) == "missing_value"
        assert "row" in str(told.value)


def test_an_id_is_the_same_whatever_number_type_a_file_gave_it() -> None:
    """A sealed case would otherwise be a stranger in a table that stores ids as floats."""
    kinds = [pl.Series([7, 10**15]), pl.Series([7.0, 1e15]), pl.Series(["7", str(10**15)])]
    ids = [
        identify(pl.DataFrame({"case": k}), product(id="case"))[columns.ID].to_list() for k in kinds
    ]
    assert ids[0] == ids[1] == ids[2] == ["7", "1000000000000000"]


def test_half_a_number_stays_an_id_of_its_own() -> None:
    found = identify(pl.DataFrame({"case": [7.0, 7.5]}), product(id="case"))
    assert found[columns.ID].to_list() == ["7", "7.5"]


# ---- the truth


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([True, False], True),
        ([True, False], 1),
        ([1, 0], 1),
        ([1, 0], True),
        ([1.0, 0.0], 1),
        (["M", "B"], "M"),
        ([2, 7], 2),
    ],
)
def test_the_positive_value_is_found_in_every_type_of_column(
    values: list[Any], positive: Any
) -> None:
    found = declare_truth(pl.DataFrame({"t": values}), product(truth="t", positive=positive))
    assert found[columns.POSITIVE].to_list() == [True, False]


def test_a_third_value_of_the_truth_is_never_taken_for_negative() -> None:
    frame = pl.DataFrame({"t": ["M", "B", "B", "unclear"]})
    with pytest.raises(BadInput) as told:
        declare_truth(frame, product(truth="t", positive="M"))
    assert code(told) == "undeclared_truth"
    assert "'unclear' (1)" in str(told.value) and "'B' (2)" in str(told.value)


def test_a_positive_value_that_nobody_has_is_told() -> None:
    with pytest.raises(BadInput) as told:
        declare_truth(pl.DataFrame({"t": ["M", "B"]}), product(truth="t", positive="malignant"))
    assert code(told) == "undeclared_truth"


def test_with_both_values_declared_any_other_is_refused_with_its_count() -> None:
    frame = pl.DataFrame({"t": ["M", "B", "?", "?"]})
    with pytest.raises(BadInput) as told:
        declare_truth(frame, product(truth="t", positive="M", negative="B"))
    assert code(told) == "undeclared_value"
    assert "'?' (2)" in str(told.value)


def test_an_unlabelled_case_is_refused() -> None:
    with pytest.raises(BadInput) as told:
        declare_truth(pl.DataFrame({"t": [1, None, 0]}), product(truth="t", positive=1))
    assert code(told) == "missing_value"


@pytest.mark.parametrize("values", [[1.0, float("nan")], [1.0, float("inf")], ["1", "many"]])
def test_a_regression_truth_must_be_a_finite_number(values: list[Any]) -> None:
    frame = pl.DataFrame({columns.ID: ["a", "b"], "t": values})
    with pytest.raises(BadInput) as told:
        declare_truth(frame, product(Task.REGRESSION, truth="t"))
    assert told.value.next_step


def test_classes_are_text_and_values_are_numbers() -> None:
    frame = pl.DataFrame({"t": [3, 4]})
    classes = declare_truth(frame, product(Task.MULTICLASS, truth="t"))
    values = declare_truth(frame, product(Task.REGRESSION, truth="t"))
    assert classes[columns.TRUTH].to_list() == ["3", "4"]
    assert values[columns.TRUTH].to_list() == [3.0, 4.0]


def test_without_a_truth_column_no_truth_is_made_up() -> None:
    assert declare_truth(pl.DataFrame({"x": [1]}), product()).columns == ["x"]


# ---- scores


def scored(*scores: float | None, inside: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        {columns.ID: [f"c{i}" for i in range(len(scores))], columns.SCORE: list(scores)},
        schema={columns.ID: pl.String, columns.SCORE: pl.Float64},
    ).with_columns(pl.lit(inside).alias(columns.INSIDE))


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), -0.01, 1.01])
def test_a_score_that_is_no_number_from_0_to_1_is_refused_with_its_case(bad: float | None) -> None:
    with pytest.raises(BadInput) as told:
        check_scores(scored(0.5, bad, 0.5), "column s")
    assert code(told) == "bad_score"
    assert "c1" in str(told.value) and "1 of 3" in str(told.value)


def test_scores_of_exactly_0_and_1_are_scores() -> None:
    assert check_scores(scored(0.0, 1.0), "column s").height == 2


def test_only_a_case_out_of_scope_may_lack_its_score() -> None:
    assert check_scores(scored(None, 0.5, inside=False), "column s").height == 2
    with pytest.raises(BadInput):
        check_scores(scored(7.0, inside=False), "column s")


# ---- scope


NUMBERS = st.one_of(st.none(), st.integers(-3, 3).map(float), st.just(float("nan")))
WORDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
SPAN = st.tuples(st.integers(-3, 3), st.integers(0, 3)).map(
    lambda t: (float(t[0]), float(t[0] + t[1]))
)
MISSING = st.sampled_from(["refer", "accept"])


@given(
    st.lists(
        st.tuples(NUMBERS, WORDS, st.one_of(st.none(), st.booleans())), min_size=1, max_size=8
    ),
    SPAN,
    st.sets(st.sampled_from(["a", "b", "c"]), min_size=1).map(lambda s: tuple(sorted(s))),
    st.sampled_from([(True,), (False,), (True, False)]),
    st.tuples(MISSING, MISSING, MISSING),
    st.permutations([0, 1, 2]),
)
def test_one_case_and_the_whole_table_get_the_same_reasons(
    rows: list[tuple[Any, ...]],
    span: tuple[float, float],
    words: tuple[str, ...],
    flags: tuple[bool, ...],
    gaps: tuple[Any, Any, Any],
    order: list[int],
) -> None:
    rules = [
        ScopeRule("x", between=span, missing=gaps[0]),
        ScopeRule("w", levels=words, missing=gaps[1]),
        ScopeRule("f", levels=flags, missing=gaps[2]),
    ]
    scope = Scope(tuple(rules[i] for i in order))
    frame = pl.DataFrame(
        rows, schema={"x": pl.Float64, "w": pl.String, "f": pl.Boolean}, orient="row"
    )
    found = in_scope(frame, scope)
    for row, outside, inside in zip(
        frame.iter_rows(named=True), found[columns.OUTSIDE], found[columns.INSIDE], strict=True
    ):
        reasons = scope.reasons(row)
        assert inside == (not reasons)
        assert outside == (reasons[0] if reasons else None)


def test_both_ends_of_a_range_are_inside() -> None:
    frame = pl.DataFrame({"age": [39, 40, 80, 81]})
    found = in_scope(frame, Scope((ScopeRule("age", between=(40, 80)),)))
    assert found[columns.INSIDE].to_list() == [False, True, True, False]


def test_a_missing_value_is_referred_unless_it_is_accepted() -> None:
    frame = pl.DataFrame({"age": [None, 50]}, schema={"age": pl.Int64})
    refer, accept = (
        in_scope(frame, Scope((ScopeRule("age", between=(40, 80), missing=m),)))
        for m in ("refer", "accept")
    )
    assert refer[columns.OUTSIDE].to_list() == ["MISSING:age", None]
    assert accept[columns.INSIDE].to_list() == [True, True]


def test_the_first_rule_that_is_broken_gives_the_reason() -> None:
    frame = pl.DataFrame({"a": [9], "b": [9]})
    rules = ScopeRule("a", between=(0, 1)), ScopeRule("b", between=(0, 1))
    assert in_scope(frame, Scope(rules))[columns.OUTSIDE].to_list() == ["OUT_OF_SCOPE:a"]
    assert in_scope(frame, Scope(rules[::-1]))[columns.OUTSIDE].to_list() == ["OUT_OF_SCOPE:b"]


def test_without_rules_everything_is_inside() -> None:
    assert in_scope(pl.DataFrame({"a": [1, None]}), Scope())[columns.INSIDE].to_list() == [True] * 2


def test_a_range_over_a_column_without_a_single_value_refers_everything() -> None:
    frame = pl.DataFrame({"age": [None, None]}, schema={"age": pl.String})
    found = in_scope(frame, Scope((ScopeRule("age", between=(40, 80)),)))
    assert found[columns.OUTSIDE].to_list() == ["MISSING:age"] * 2


def test_a_range_over_words_is_bad_input_and_no_fault_of_ours() -> None:
    frame = pl.DataFrame({"age": ["forty", "50"]})
    with pytest.raises(BadInput) as told:
        in_scope(frame, Scope((ScopeRule("age", between=(40, 80)),)))
    assert code(told) == "not_a_number"


# ---- decisions


def prepared(score: float, positive: bool, inside: bool) -> pl.DataFrame:
    return pl.DataFrame(
        {
            columns.SCORE: [score],
            columns.POSITIVE: [positive],
            columns.INSIDE: [inside],
            columns.OUTSIDE: [None if inside else "OUT_OF_SCOPE:x"],
        },
        schema_overrides={columns.OUTSIDE: pl.String},
    )


BANDS = st.one_of(st.none(), st.sampled_from([(0.2, 0.5), (0.5, 0.7), (0.0, 1.0), (0.5, 0.5)]))
SCORES = st.sampled_from([0.0, 0.2, 0.4999, 0.5, 0.6, 0.7, 1.0])


@given(
    SCORES,
    st.booleans(),
    st.booleans(),
    BANDS,
    st.sampled_from([0.2, 0.5, 0.7]),
    st.sampled_from([None, *Referred]),
)
def test_one_case_and_the_whole_table_take_the_same_route(
    score: float,
    positive: bool,
    inside: bool,
    band: tuple[float, float] | None,
    threshold: float,
    referred: Referred | None,
) -> None:
    policy = Policy(threshold, band)
    row = decide(prepared(score, positive, inside), policy, referred).row(0, named=True)
    route = policy.route(score, () if inside else ("OUT_OF_SCOPE:x",)).route
    assert row[columns.REFERRED] == (route is Route.REFER)
    if route is not Route.REFER:
        assert row[columns.FLAGGED] == (route is Route.FLAG)
        assert row[columns.RATED]
    elif inside:
        assert row[columns.RATED] == (referred in (Referred.RIGHT, Referred.WRONG))
        if referred is Referred.RIGHT:
            assert row[columns.FLAGGED] == positive
        if referred is Referred.WRONG:
            assert row[columns.FLAGGED] != positive
    else:
        assert not row[columns.RATED]


def test_where_nothing_is_decided_scope_alone_refers() -> None:
    found = without_decision(prepared(0.5, True, False))
    assert found[columns.REFERRED].item() is True
    assert found[columns.RATED].item() is False


# ---- calls of others


def called(frame: pl.DataFrame, named: Product, name: str) -> list[Any]:
    return add_calls(frame, named)[columns.call(name)].to_list()


def test_declared_calls_count_as_declared() -> None:
    reader = Calls("reader", "birads", (4, 5), (1, 2))
    one = product(against="reader", truth="t", positive=1, calls=(reader,))
    frame = pl.DataFrame({"t": [1, 0, 1], "birads": [5, 1, 4]})
    assert called(frame, one, "reader") == [True, False, True]


@pytest.mark.parametrize("stray", [3, None])
def test_a_call_that_was_never_declared_is_refused(stray: int | None) -> None:
    reader = Calls("reader", "birads", (4, 5), (1, 2))
    one = product(against="reader", truth="t", positive=1, calls=(reader,))
    frame = pl.DataFrame({"t": [1, 0], "birads": [5, stray]})
    with pytest.raises(BadInput) as told:
        add_calls(frame, one)
    assert code(told) == "undeclared_value"


@pytest.mark.parametrize("values", [[1, 0], [True, False], [1.0, 0.0], ["M", "B"]])
def test_a_column_with_calls_speaks_as_the_truth_or_as_0_and_1(values: list[Any]) -> None:
    one = product(against="reader", truth="t", positive="M")
    frame = pl.DataFrame({"t": ["M", "B"], "reader": values})
    assert called(frame, one, "reader") == [True, False]


def test_calls_in_words_that_the_truth_does_not_know_are_refused() -> None:
    one = product(against="reader", truth="t", positive="M")
    with pytest.raises(BadInput):
        add_calls(pl.DataFrame({"t": ["M", "B"], "reader": ["sick", "well"]}), one)


def test_calls_of_classes_are_text_and_calls_of_values_finite_numbers() -> None:
    frame = pl.DataFrame({"reader": [3, 4]})
    assert called(frame, product(Task.MULTICLASS, against="reader"), "reader") == ["3", "4"]
    assert called(frame, product(Task.REGRESSION, against="reader"), "reader") == [3.0, 4.0]
    with pytest.raises(BadInput):
        add_calls(
            pl.DataFrame({columns.ID: ["a", "b"], "reader": [1.0, None]}),
            product(Task.REGRESSION, against="reader"),
        )


@given(st.permutations(list(range(20))))
def test_the_order_of_the_file_is_forgotten(order: list[int]) -> None:
    frame = pl.DataFrame(
        {columns.ID: [f"c{i}" for i in order], columns.UNIT: [f"u{i // 3}" for i in order]}
    )
    found = in_fixed_order(frame, "key")
    expected = in_fixed_order(frame.sort(columns.ID), "key")
    assert found.equals(expected)
    assert found[columns.UNIT].rle().len() == 7, "units stay together"


def test_calls_in_the_truths_own_words_are_never_turned_around() -> None:
    """With 0 as the positive level, a reader's 0 calls a case positive as the truth's does."""
    data = Data(cases=("c.csv",), truth="defect", positive=0, id="case")
    against = Limit(Side.MAX_DROP, 0.02, against="reader")
    requirement = Requirement("r", "sensitivity", against, NoParameters())
    product = Product("p", data, (requirement,))
    frame = pl.DataFrame({"case": ["a", "b", "c"], "defect": [0, 1, 0], "reader": [0, 1, 1]})
    found = add_calls(declare_truth(identify(frame, product), product), product)
    assert found[columns.POSITIVE].to_list() == [True, False, True]
    assert found[columns.call("reader")].to_list() == [True, False, False]


def test_zero_and_one_say_no_and_yes_where_the_truth_is_told_in_words() -> None:
    data = Data(cases=("c.csv",), truth="state", positive="ill", id="case")
    against = Limit(Side.MAX_DROP, 0.02, against="reader")
    requirement = Requirement("r", "sensitivity", against, NoParameters())
    product = Product("p", data, (requirement,))
    frame = pl.DataFrame({"case": ["a", "b"], "state": ["ill", "well"], "reader": [1, 0]})
    found = add_calls(declare_truth(identify(frame, product), product), product)
    assert found[columns.call("reader")].to_list() == [True, False]


@pytest.mark.slow
def test_a_table_that_was_numbered_after_sorting_by_outcome_passes_no_more_often() -> None:
    """An order by ids alone is the same for every table: it gave .58 at 225 cases, 5 % wrong."""
    rng = np.random.default_rng(5)
    n, runs, rate = 225, 400, 0.05
    product = Product("p", Data(cases=("c.csv",), truth="y", id="case"), (), task=Task.REGRESSION)
    passed = 0
    for _ in range(runs):
        losses = np.sort((rng.random(n) < rate).astype(float))[::-1]
        frame = pl.DataFrame({"case": np.arange(n), "y": losses})
        named = identify(frame, product)
        ordered = in_fixed_order(named, fingerprint(frame, "case"))["y"].to_numpy()
        passed += means.p_below(ordered, np.ones(n), rate, 0.0, 1.0) <= 0.05
    assert passed / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
