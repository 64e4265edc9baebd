"""Numbers and limits in words: rounding is for reading, and never changes the answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.dossier.samples import FINDS, seen

from roadworthy.core.need import Need
from roadworthy.core.requirement import (
    Limit,
    Side,
    SliceKey,
)
from roadworthy.io import telling


class TestNumbers:
    """Rounding is for reading, and never changes the answer."""

    @given(
        st.floats(-1e12, 1e12),
        st.floats(-1e12, 1e12),
        st.sampled_from([telling.NEAREST, telling.DOWN, telling.UP]),
    )
    def test_a_rounded_number_stays_on_its_side_of_the_limit(
        self, value: float, limit: float, rounding: str
    ) -> None:
        shown = read_back(telling.number(value, apart=(limit,), rounding=rounding))
        assert (shown > limit) == (value > limit)
        assert (shown < limit) == (value < limit)

    def test_a_value_at_its_limit_reads_as_the_limit(self) -> None:
        assert telling.number(0.9004, apart=(0.9004,)) == telling.exact(0.9004) == "0.9004"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_bound_is_rounded_away_from_the_claim(self, value: float) -> None:
        assert read_back(telling.number(value, rounding=telling.DOWN)) <= value
        assert read_back(telling.number(value, rounding=telling.UP)) >= value

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_limit_is_shown_exactly(self, value: float) -> None:
        assert read_back(telling.exact(value)) == value

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0.9, "0.900"),
            (0.99962, "0.9996"),
            (1.0, "1"),
            (0.0, "0"),
            (0.0042, "0.0042"),
            (-0.0231, f"{telling.MINUS}0.023"),
            (3.17e-5, "3.2e-5"),
            (12047.3, "12,047"),
            (2.748e11, "2.7e11"),
            (math.inf, "∞"),
        ],
    )
    def test_numbers_read_well(self, value: float, shown: str) -> None:
        assert telling.number(value) == shown

    def test_a_comparison_is_told_as_better_or_worse(self) -> None:
        drop = Limit(Side.MAX_DROP, 0.02, against="reader")
        measured = seen(0.0, -0.0231, 0.0102, 200)
        assert telling.estimate(measured, drop) == "no difference"
        assert telling.bounds(measured, drop) == "worse by 0.024 to better by 0.011"

    @pytest.mark.parametrize(
        ("limit", "shown"),
        [
            (Limit(Side.AT_LEAST, 0.9), "Recall at least 0.90"),
            (Limit(Side.AT_MOST, 50, "ms"), "Recall at most 50\xa0ms"),
            (Limit(Side.AT_MOST, 1e-9), "Recall at most 1e-9"),
            (Limit(Side.MAX_DROP, 0.02, against="B"), "Recall at most 0.02 worse than B"),
            (Limit(Side.MAX_DROP, 0, against="B"), "Recall not worse than B"),
            (Limit(Side.MIN_GAIN, 0.1, against="B"), "Recall at least 0.10 better than B"),
        ],
    )
    def test_a_limit_is_told_in_words(self, limit: Limit, shown: str) -> None:
        assert telling.promise("Recall", limit) == shown

    def test_open_ends_are_told(self) -> None:
        assert telling.pinned(SliceKey("age", range=(-math.inf, 40))) == "age below 40"
        assert telling.pinned(SliceKey("age", range=(70, math.inf))) == "age 70 and above"
        assert telling.bounds(seen(0.5, None, None, 3), FINDS) == "no bound on either side"
        assert telling.bounds(seen(0.5, None, 0.6, 3), FINDS) == "no lower bound; up to 0.600"

    def test_a_need_that_can_never_be_met_says_why(self) -> None:
        assert telling.needs(Need("cases", 10, never="the limit is 1"), 0.8) == (
            "This can never be shown: the limit is 1.",
        )


def read_back(text: str) -> float:
    return float(text.replace(telling.MINUS, "-").replace(",", ""))
