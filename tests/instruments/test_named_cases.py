"""Of the named cases not one may be missed, whatever the average says."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.instruments.measuring import at_most, binary, measured, need, not_measured, outcome

from roadworthy.core.policy import Referred
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.named_cases import Parameters

NONE = at_most(0.0)
TWO = Parameters(("c0", "c1"))


def cases(*scores: float, positive: bool = True, **more: Any) -> pl.DataFrame:
    """One case a score, named c0, c1 and so on."""
    return binary([positive] * len(scores), list(scores), **more)


def test_all_found_is_a_pass() -> None:
    assert outcome("named_cases", cases(0.9, 0.5, 0.1), NONE, TWO) is Outcome.PASS


def test_a_single_miss_is_a_fail_whatever_the_average() -> None:
    found = measured("named_cases", cases(0.1, *[0.9] * 999), NONE, TWO)
    assert (found.estimate, found.p_fail) == (1.0, 0.0)
    assert "missed c0" in found.method
    assert outcome("named_cases", cases(0.1, *[0.9] * 999), NONE, TWO) is Outcome.FAIL


def test_a_case_that_is_not_there_leaves_it_open() -> None:
    told = not_measured("named_cases", cases(0.9, 0.9), NONE, Parameters(("c0", "lost")))
    assert "1 of 2 named cases" in told and "lost" in told


def test_a_case_that_is_not_there_does_not_hide_a_miss() -> None:
    named = Parameters(("c0", "lost"))
    assert outcome("named_cases", cases(0.1, 0.9), NONE, named) is Outcome.FAIL


def test_a_case_out_of_scope_was_not_judged() -> None:
    found = cases(0.9, 0.9, inside=[True, False])
    assert "c1" in not_measured("named_cases", found, NONE, TWO)


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Referred.RIGHT, Outcome.PASS),
        (Referred.WRONG, Outcome.FAIL),
        (Referred.EXCLUDED, Outcome.INCONCLUSIVE),
    ],
)
def test_a_referred_case_is_found_missed_or_open_as_declared(
    rule: Referred, expected: Outcome, positive: bool
) -> None:
    """Whatever its truth is: a negative that was referred wrongly is not found either."""
    found = cases(0.9, 0.45, positive=positive, doubt=(0.4, 0.5), referred=rule)
    assert outcome("named_cases", found, NONE, TWO) is expected


def test_naming_nobody_shows_nothing() -> None:
    assert "no case" in not_measured("named_cases", cases(0.9), NONE, Parameters(()))


def test_it_needs_all_of_them_and_only_them() -> None:
    found = need("named_cases", NONE, TWO)
    assert (found.of, found.without_error) == ("named cases", 2)


def test_many_misses_are_told_by_a_few() -> None:
    named = Parameters(tuple(f"c{i}" for i in range(9)))
    assert "and 4 more" in measured("named_cases", cases(*[0.1] * 9), NONE, named).method
