"""Slices: every level that exists somewhere is answered for, and small ones only when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, SCORED, counted, outcomes, simulated, verdicts_on, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.parameters import NoParameters
from roadworthy.core.product import Scope, ScopeRule
from roadworthy.core.requirement import Limit, Requirement, Side, SliceRule, Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.workflow.check import check
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.slicing import MOST_LEVELS, Cell, cells


def requirement(*rules: SliceRule) -> Requirement[Any]:
    limit = Limit(Side.AT_LEAST, 0.9)
    return Requirement("r", "sensitivity", limit, NoParameters(), slices=rules, target=0.95)


def cut(
    rule: SliceRule, judged: pl.DataFrame, known: pl.DataFrame | None = None, *scope: ScopeRule
) -> list[Cell]:
    """The cells of one rule, without the whole set."""
    whole, *parts = cells(requirement(rule), judged, known, Scope(scope))
    assert not whole.slice.keys
    return parts


def names(found: Sequence[Cell]) -> list[str]:
    return [str(cell.slice) for cell in found]


def sites(*values: str | None) -> pl.DataFrame:
    return pl.DataFrame({"site": list(values)}, schema={"site": pl.String})


BY_SITE = SliceRule(("site",))


def test_the_whole_set_is_always_judged_and_comes_first() -> None:
    found = cells(requirement(BY_SITE), sites("b", "a"), None, Scope())
    assert names(found) == ["all", "site = a", "site = b"]


def test_levels_come_from_scope_other_open_data_and_judged_data() -> None:
    found = cut(BY_SITE, sites("a"), sites("a", "b"), ScopeRule("site", levels=("a", "b", "c")))
    assert names(found) == ["site = a", "site = b", "site = c"]


def test_a_level_that_is_lacking_is_kept_as_absent_and_says_where_it_is_known_from() -> None:
    found = cut(BY_SITE, sites("a"), sites("a", "b"), ScopeRule("site", levels=("a", "b", "c")))
    assert [bool(cell.absent) for cell in found] == [False, True, True]
    assert "1" in found[1].absent and "open data" in found[1].absent
    assert "declared" in found[2].absent
    assert all(cell.tier is Tier.CRITICAL for cell in found)


def test_missing_values_are_a_slice_of_their_own_and_come_last() -> None:
    assert names(cut(BY_SITE, sites("z", None, "a"))) == ["site = a", "site = z", "site missing"]


def test_nan_and_null_are_both_missing() -> None:
    frame = pl.DataFrame({"dose": [1.0, float("nan"), None, 2.5]})
    assert names(cut(SliceRule(("dose",)), frame)) == ["dose = 1", "dose = 2.5", "dose missing"]


def test_missing_values_that_only_other_open_data_has_are_absent() -> None:
    found = cut(BY_SITE, sites("a"), sites("a", None))
    assert [bool(cell.absent) for cell in found] == [False, True]


def test_small_levels_are_shown_and_do_not_gate() -> None:
    found = cut(BY_SITE, sites(*["a"] * 99, "b"))
    assert [cell.tier for cell in found] == [Tier.CRITICAL, Tier.ADVISORY]
    assert "1.0%" in found[1].small


def test_a_level_that_is_small_here_and_common_in_other_open_data_gates() -> None:
    found = cut(BY_SITE, sites(*["a"] * 99, "b"), sites("a", "b"))
    assert [cell.tier for cell in found] == [Tier.CRITICAL, Tier.CRITICAL]


def test_a_small_level_that_the_rule_or_the_scope_names_gates() -> None:
    frame = sites(*["a"] * 99, "b")
    by_rule = cut(SliceRule(("site",), levels=("b",)), frame)
    by_scope = cut(BY_SITE, frame, None, ScopeRule("site", levels=("a", "b")))
    assert [(str(c.slice), c.tier) for c in by_rule] == [("site = b", Tier.CRITICAL)]
    assert [c.tier for c in by_scope] == [Tier.CRITICAL, Tier.CRITICAL]


def test_a_level_at_exactly_min_share_gates() -> None:
    found = cut(SliceRule(("site",), min_share=0.01), sites(*["a"] * 99, "b"))
    assert [cell.tier for cell in found] == [Tier.CRITICAL, Tier.CRITICAL]


def test_named_levels_leave_the_others_out() -> None:
    found = cut(SliceRule(("site",), levels=("b", "x")), sites("a", "b", None))
    assert [(str(c.slice), bool(c.absent)) for c in found] == [
        ("site = b", False),
        ("site = x", True),
    ]


def test_ranges_hold_their_first_number_and_not_their_second() -> None:
    frame = pl.DataFrame({"age": [40, 49, 50, 59, 60]})
    rule = SliceRule(("age",), ranges=((40.0, 50.0), (50.0, 60.0), (60.0, 70.0), (70.0, 80.0)))
    found = cut(rule, frame)
    assert names(found) == ["age 40 to 50", "age 50 to 60", "age 60 to 70", "age 70 to 80"]
    assert [bool(cell.absent) for cell in found] == [False, False, False, True]


def test_ranges_bring_a_slice_of_missing_values_when_there_are_any() -> None:
    rule = SliceRule(("age",), ranges=((40.0, 50.0),))
    assert names(cut(rule, pl.DataFrame({"age": [45.0, None]}))) == ["age 40 to 50", "age missing"]
    assert names(cut(rule, pl.DataFrame({"age": [45.0, 46.0]}))) == ["age 40 to 50"]


def test_ranges_of_words_are_an_error() -> None:
    with pytest.raises(BadInput) as told:
        cut(SliceRule(("site",), ranges=((0.0, 1.0),)), sites("a"))
    assert told.value.code == "not_a_number"


def test_several_columns_are_crossed_as_far_as_the_data_goes() -> None:
    frame = pl.DataFrame({"site": ["a", "a", "b"], "sex": ["f", "m", "f"]})
    found = cut(SliceRule(("site", "sex")), frame)
    assert names(found) == ["site = a, sex = f", "site = a, sex = m", "site = b, sex = f"]


def test_declared_levels_of_two_columns_are_crossed_completely() -> None:
    frame = pl.DataFrame({"site": ["a"], "sex": ["f"]})
    scope = ScopeRule("site", levels=("a", "b")), ScopeRule("sex", levels=("f", "m"))
    found = cut(SliceRule(("site", "sex")), frame, None, *scope)
    assert len(found) == 4
    assert sum(bool(cell.absent) for cell in found) == 3


def test_a_declared_level_of_one_of_two_columns_is_never_skipped() -> None:
    frame = pl.DataFrame({"site": ["a", "a"], "sex": ["f", "m"]})
    found = cut(SliceRule(("site", "sex")), frame, None, ScopeRule("site", levels=("a", "b")))
    lacking = [cell for cell in found if cell.absent]
    assert lacking and all("site = b" in str(cell.slice) for cell in lacking)
    assert len(found) - len(lacking) == 2


def test_a_slice_brings_its_own_limit_target_and_tier() -> None:
    rule = SliceRule(("site",), limit=0.8, target=0.9, tier=Tier.ADVISORY)
    found = cells(requirement(rule), sites("a"), None, Scope())
    whole, part = found[0], found[1]
    assert (whole.requirement.limit.value, whole.requirement.target, whole.tier) == (
        0.9,
        0.95,
        Tier.CRITICAL,
    )
    assert (part.requirement.limit.value, part.requirement.target, part.tier) == (
        0.8,
        0.9,
        Tier.ADVISORY,
    )


def test_too_many_levels_are_an_error_that_names_the_column() -> None:
    frame = sites(*(f"s{i}" for i in range(MOST_LEVELS + 1)))
    with pytest.raises(BadInput) as told:
        cut(BY_SITE, frame)
    assert (told.value.code, told.value.value) == ("too_many_levels", MOST_LEVELS + 1)
    assert "site" in str(told.value)


def test_naming_levels_is_the_way_out_of_too_many() -> None:
    frame = sites(*(f"s{i}" for i in range(MOST_LEVELS + 40)))
    found = cut(SliceRule(("site",), levels=("s3", "s5")), frame)
    assert names(found) == ["site = s3", "site = s5"]


@pytest.mark.parametrize(
    ("values", "written", "told"),
    [
        ([1, 2], (1, 2), ["x = 1", "x = 2"]),
        ([1.0, 2.0], (1, 2), ["x = 1", "x = 2"]),
        ([True, False], (True, False), ["x = True", "x = False"]),
        ([True, False], (1, 0), ["x = 1", "x = 0"]),
    ],
)
def test_a_declared_level_finds_its_value_whatever_type_the_file_gave_it(
    values: list[Any], written: tuple[Any, ...], told: list[str]
) -> None:
    found = cut(
        SliceRule(("x",)), pl.DataFrame({"x": values}), None, ScopeRule("x", levels=written)
    )
    assert sorted(names(found)) == sorted(told)
    assert not any(cell.absent for cell in found)


def test_text_is_not_guessed_to_be_a_number_so_the_declared_number_is_absent() -> None:
    found = cut(
        SliceRule(("x",)), sites("1").rename({"site": "x"}), None, ScopeRule("x", levels=(1,))
    )
    assert sorted(bool(cell.absent) for cell in found) == [False, True]


@pytest.mark.parametrize(
    "values",
    [
        [date(2024, 1, 1), date(2024, 1, 2)],
        [datetime(2024, 1, 1, 10), datetime(2024, 1, 2, 11, 30)],
        [0.1, 0.30000000000000004],
        pl.Series([0.1, 0.2], dtype=pl.Float32),
        [2**53, 2**53 + 1],
        pl.Series(["a", "b"], dtype=pl.Categorical),
        [-1, 10],
    ],
    ids=["dates", "times", "floats", "float32", "large", "categories", "negative"],
)
def test_every_observed_value_is_found_again_in_its_own_slice(values: Any) -> None:
    frame = pl.DataFrame({"x": values})
    found = cut(SliceRule(("x",)), frame)
    held = [frame.filter(on_slice(cell.slice, frame.schema)).height for cell in found]
    assert held == [1, 1]
    assert not any(cell.absent or cell.small for cell in found)


def test_numbers_stand_in_the_order_of_their_size() -> None:
    frame = pl.DataFrame({"x": [10, 9, 100, 1]})
    assert names(cut(SliceRule(("x",)), frame)) == ["x = 1", "x = 9", "x = 10", "x = 100"]


LEVELS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12)


@given(LEVELS, LEVELS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(judged: list[Any], known: list[Any], mix: Any) -> None:
    before = cut(BY_SITE, sites(*judged), sites(*known))
    mix.shuffle(judged)
    mix.shuffle(known)
    after = cut(BY_SITE, sites(*judged), sites(*known))
    assert before == after


@given(LEVELS, LEVELS)
def test_slices_of_one_column_part_the_set_and_no_known_level_is_lost(
    judged: list[Any], known: list[Any]
) -> None:
    found = cut(BY_SITE, sites(*judged), sites(*known))
    assert {cell.slice.keys[0].value for cell in found} == {*judged, *known}
    assert {cell.slice.keys[0].value for cell in found if cell.absent} == {*known} - {*judged}


# ---- through check


def told_by(file: Path) -> tuple[Verdict, ...]:
    return check(file).verdicts


def with_site(raw: pl.DataFrame, site: Sequence[Any]) -> pl.DataFrame:
    return raw.with_columns(site=pl.Series(site, dtype=pl.String))


def test_a_slice_whose_cases_all_went_to_the_other_split_is_inconclusive(tmp_path: Path) -> None:
    raw = with_site(counted(400, 0), ["a"] * 200 + ["b"] * 200)
    raw = raw.with_columns(split=pl.Series(["validation"] * 200 + ["calibration"] * 200))
    file = write_product(
        tmp_path,
        raw.vstack(
            with_site(counted(0, 0, 1), ["a"]).with_columns(
                case=pl.lit("n"), split=pl.lit("validation")
            )
        ),
        [{**FINDS, "slices": [{"by": "site"}]}],
        data={**SCORED, "split": "split"},
    )
    judgement = check(file)
    found = outcomes(judgement.verdicts)
    assert found[("finds", "site = a")] is Outcome.PASS
    assert found[("finds", "site = b")] is Outcome.INCONCLUSIVE
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_level_that_scope_declares_and_nobody_has_keeps_the_product_from_passing(
    tmp_path: Path,
) -> None:
    raw = with_site(counted(400, 0, 10), ["a"] * 410)
    slices = [{**FINDS, "slices": [{"by": "site"}]}]
    scope = [{"field": "site", "in": ["a", "b"]}]
    judgement = check(write_product(tmp_path, raw, slices, scope=scope))
    lacking = judgement.verdicts[-1]
    assert str(lacking.slice) == "site = b"
    assert isinstance(lacking.evidence, NotMeasured)
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_failing_small_slice_is_shown_and_a_failing_named_one_gates(tmp_path: Path) -> None:
    raw = counted(990, 10)
    raw = with_site(raw, ["a"] * 990 + ["rare"] * 10)
    small = write_product(tmp_path / "small", raw, [{**FINDS, "slices": [{"by": "site"}]}])
    named = write_product(
        tmp_path / "named", raw, [{**FINDS, "slices": [{"by": "site", "levels": ["a", "rare"]}]}]
    )
    shown, gates = check(small), check(named)
    assert [v.outcome for v in shown.verdicts] == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]
    assert shown.outcome is Outcome.PASS
    assert gates.outcome is Outcome.FAIL


def test_a_slices_own_limit_is_what_it_is_judged_by(tmp_path: Path) -> None:
    raw = with_site(counted(270, 30), ["a"] * 300)
    slices = [{"by": "site", "at_least": 0.80, "target": 0.9}]
    found = told_by(write_product(tmp_path, raw, [{**FINDS, "slices": slices}]))
    assert [v.limit.value for v in found] == [0.90, 0.80]
    assert [v.outcome for v in found] == [Outcome.INCONCLUSIVE, Outcome.PASS]


def test_out_of_scope_cases_belong_to_no_slice(tmp_path: Path) -> None:
    raw = with_site(counted(100, 0), ["a"] * 60 + ["b"] * 40)
    rules = [{**FINDS, "slices": [{"by": "site"}]}]
    file = write_product(tmp_path, raw, rules, scope=[{"field": "site", "in": ["a"]}])
    found = told_by(file)
    assert names_of(found) == ["all", "site = a"]
    assert all(isinstance(v.evidence, Measured) and v.evidence.n == 60 for v in found)


def names_of(found: Sequence[Verdict]) -> list[str]:
    return [str(verdict.slice) for verdict in found]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_shuffling_the_file_changes_no_verdict(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    raw = simulated(120, 5).with_columns(unit=pl.Series([f"u{i % 60}" for i in range(120)]))
    rules: list[Mapping[str, Any]] = [
        {**FINDS, "slices": [{"by": "site"}, {"by": "age", "ranges": [[20, 50], [50, 90]]}]},
        {"metric": "auc", "at_least": 0.8},
        {"metric": "brier", "at_most": 0.3},
    ]
    folder = tmp_path_factory.getbasetemp() / "shuffled"
    data = {**SCORED, "unit": "unit", "prevalence": "as_sampled"}
    file = write_product(folder, None, rules, data=data)
    order = np.random.default_rng(seed).permutation(120).tolist()
    assert verdicts_on(file, raw[order]) == verdicts_on(file, raw)
