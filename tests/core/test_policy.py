"""A triage policy clears below, flags above, and hands everything else to a person."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.policy import REFERS_ALL, Policy, Route, Triage

THRESHOLDS = st.none() | st.floats(0, 1)


@pytest.mark.parametrize(
    ("score", "outside", "route", "reason"),
    [
        (0.1, (), Route.CLEAR, "BELOW_CLEAR"),
        (0.2, (), Route.REFER, "UNCERTAIN"),
        (0.5, (), Route.REFER, "UNCERTAIN"),
        (0.8, (), Route.REFER, "UNCERTAIN"),
        (0.9, (), Route.FLAG, "ABOVE_FLAG"),
        (0.1, ("OUT_OF_SCOPE:age",), Route.REFER, "OUT_OF_SCOPE:age"),
        (None, (), Route.REFER, "MISSING:score"),
        (math.nan, (), Route.REFER, "MISSING:score"),
        (-math.inf, (), Route.REFER, "MISSING:score"),
    ],
)
def test_every_case_has_a_route_and_a_reason(
    score: float | None, outside: tuple[str, ...], route: Route, reason: str
) -> None:
    found = Triage(0.2, 0.8).route(score, outside)
    assert (found.route, found.reason) == (route, reason)


@pytest.mark.parametrize(
    ("score", "outside", "route", "reason"),
    [
        (0.1, (), Route.CLEAR, "BELOW_CLEAR"),
        (0.95, (), Route.FLAG, "ABOVE_FLAG"),
        (0.25, (), Route.ASSIST, "SUGGESTS:clear"),
        (0.7, (), Route.ASSIST, "SUGGESTS:flag"),
        (0.69, (), Route.REFER, "UNCERTAIN"),
        (0.25, ("SCOPE:age",), Route.REFER, "SCOPE:age"),
        (None, (), Route.REFER, "MISSING:score"),
    ],
)
def test_a_person_gets_a_likely_answer_as_a_suggestion(
    score: float | None, outside: tuple[str, ...], route: Route, reason: str
) -> None:
    found = Triage(0.2, 0.9, assist_from=0.7).route(score, outside)
    assert (found.route, found.reason) == (route, reason)


@given(st.floats(0, 1), st.floats(0.5, 1, exclude_max=True))
def test_suggestions_never_change_what_is_decided_alone(score: float, assist_from: float) -> None:
    alone = {Route.CLEAR, Route.FLAG}
    without, helped = Triage(0.2, 0.8).route(score), Triage(0.2, 0.8, assist_from).route(score)
    assert helped == without or without.route not in alone


@given(THRESHOLDS, THRESHOLDS)
def test_a_missing_score_is_never_decided_alone(low: float | None, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        with pytest.raises(ValueError, match="cleared and flagged"):
            Triage(low, high)
        return
    for score in (None, math.nan, math.inf, -math.inf):
        assert Triage(low, high).route(score).route is Route.REFER


def test_without_a_certificate_everything_is_referred() -> None:
    assert REFERS_ALL.route(0.0).route is REFERS_ALL.route(1.0).route is Route.REFER


@pytest.mark.parametrize("policy", [Policy(0.5), Triage(0.2, 0.8)])
def test_what_the_scope_rejects_is_no_work_for_a_person(policy: Policy | Triage) -> None:
    found = policy.route(0.1, ("OUT_OF_SCOPE:page",), rejected=True)
    assert (found.route, found.reason) == (Route.REJECT, "OUT_OF_SCOPE:page")
    assert not found.route.to_person
    assert Route.REFER.to_person and Route.ASSIST.to_person and not Route.CLEAR.to_person
