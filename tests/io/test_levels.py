"""A level written in product.yaml finds its cases in whatever type the file gave the column."""

from __future__ import annotations

import polars as pl
import pytest

from roadworthy.core.requirement import Level
from roadworthy.io.levels import counts, is_level


@pytest.mark.parametrize(
    ("values", "level", "found"),
    [
        ([1, 0, None], 1, [True, False, False]),
        ([1.0, 0.0, None], 1, [True, False, False]),
        ([True, False, None], True, [True, False, False]),
        ([True, False, None], 1, [True, False, False]),
        ([True, False, None], 0, [False, True, False]),
        ([1, 0], True, [True, False]),
        (["A", "B", None], "A", [True, False, False]),
        (["1", "0"], 1, [False, False]),
        ([1, 0], "1", [False, False]),
        ([2, 1], 1.5, [False, False]),
    ],
)
def test_a_level_finds_its_cases(values: list[object], level: Level, found: list[bool]) -> None:
    assert is_level(pl.Series(values), level).to_list() == found


def test_categories_are_text_and_dates_are_no_levels() -> None:
    assert is_level(pl.Series(["A", "B"], dtype=pl.Categorical), "B").to_list() == [False, True]
    assert is_level(pl.Series([1, 2]).cast(pl.Date), 1).to_list() == [False, False]


def test_counts_tell_the_most_frequent_first_and_how_many_more() -> None:
    assert counts(pl.Series([2, 1, 2, None])) == "2 (2), 1 (1), missing (1)"
    assert counts(pl.Series(list("abcd")), most=2) == "'a' (1), 'b' (1) and 2 more"
