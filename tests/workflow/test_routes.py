"""The policy on a whole table says of every case what it says of the case alone."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import columns
from roadworthy.core.policy import Audit, Policy, Route, Triage
from roadworthy.core.requirement import Slice, SliceKey
from roadworthy.stats.cost_thresholds import by_ratio, cheapest_band
from roadworthy.workflow.routes import Rules, routed, thresholds

SHARES = st.floats(0, 1)
SCORES = st.one_of(
    st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0, math.nan, math.inf])
)


@st.composite
def policies(draw: st.DrawFn) -> Policy | Triage:
    low, high = sorted((draw(SHARES), draw(SHARES)))
    if draw(st.booleans()):
        clear, flag = draw(st.sampled_from([low, None])), draw(st.sampled_from([high, None]))
        return Triage(clear, flag, draw(st.one_of(st.none(), st.floats(0.5, 1))))
    band = (low, high) if low < high and draw(st.booleans()) else None
    return Policy(draw(SHARES), band)


def cases(rows: list[tuple[float | None, str | None, bool]]) -> pl.DataFrame:
    schema = {columns.SCORE: pl.Float64, columns.OUTSIDE: pl.String, columns.REJECTED: pl.Boolean}
    found = pl.DataFrame(rows, schema=schema, orient="row")
    return found.with_columns(
        pl.col(columns.OUTSIDE).is_null().alias(columns.INSIDE),
        pl.format("c{}", pl.int_range(pl.len())).alias(columns.ID),
    )


ROWS = st.lists(
    st.tuples(
        SCORES, st.sampled_from([None, None, "OUT_OF_SCOPE:age", "MISSING:age"]), st.booleans()
    ),
    min_size=1,
    max_size=20,
).map(lambda rows: [(score, why, bool(why) and gone) for score, why, gone in rows])


@given(policies(), ROWS)
def test_every_case_is_routed_as_the_policy_routes_it_alone(
    policy: Policy | Triage, rows: list[tuple[float | None, str | None, bool]]
) -> None:
    found = routed(cases(rows), Rules(policy))
    for (score, why, gone), row in zip(rows, found.to_dicts(), strict=True):
        alone = policy.route(score, () if why is None else (why,), gone)
        assert (row["@route"], row["@policy_route"]) == (alone.route, alone.route)
        assert row["@reason"] == alone.reason
        assert row["@audit_probability"] == (0.0 if alone.route is Route.CLEAR else None)


@given(policies(), ROWS, st.floats(0.01, 1))
def test_an_audit_takes_cleared_cases_only_and_the_record_says_so(
    policy: Policy | Triage, rows: list[tuple[float | None, str | None, bool]], share: float
) -> None:
    table = cases(rows)
    plain, audited = routed(table, Rules(policy)), routed(table, Rules(policy, audit=Audit(share)))
    assert audited["@policy_route"].equals(plain["@policy_route"])
    for before, after in zip(plain.to_dicts(), audited.to_dicts(), strict=True):
        cleared = before["@route"] == Route.CLEAR
        assert after["@audit_probability"] == (share if cleared else None)
        if after["@route"] != before["@route"]:
            assert cleared
            assert (after["@route"], after["@reason"]) == (Route.REFER, "AUDIT_SAMPLE")


def test_a_part_that_nothing_was_certified_for_goes_to_a_person() -> None:
    table = cases([(0.1, None, False), (0.1, None, False), (0.9, "OUT_OF_SCOPE:age", False)])
    table = table.with_columns(density=pl.Series(["A", "D", "D"]))
    silent = (Slice((SliceKey("density", "D"),)),)
    found = routed(table, Rules(Triage(0.2, 0.8), silent=silent))
    assert found["@route"].to_list() == ["clear", "refer", "refer"]
    assert found["@reason"].to_list() == [
        "BELOW_CLEAR",
        "NOT_CERTIFIED:density",
        "OUT_OF_SCOPE:age",
    ]


def test_an_expired_certificate_decides_nothing_and_rejects_what_the_scope_rejects() -> None:
    table = cases([(0.1, None, False), (0.9, "MISSING:age", False), (0.5, "OUT_OF_SCOPE:p", True)])
    found = routed(table, Rules(Triage(None, None), expired=True, audit=Audit(1.0)))
    assert found["@route"].to_list() == ["refer", "refer", "reject"]
    assert found["@reason"].to_list() == [
        "CERTIFICATE_EXPIRED",
        "CERTIFICATE_EXPIRED",
        "OUT_OF_SCOPE:p",
    ]
    assert found["@audit_probability"].null_count() == 3


@pytest.mark.parametrize(
    ("policy", "ends"),
    [
        (Triage(0.2, None), (0.2, None)),
        (Policy(0.5), (0.5, 0.5)),
        (Policy(0.5, (0.3, 0.7)), (0.3, 0.7)),
        (Policy(0.2, (0.3, 0.7)), (0.2, 0.2)),
    ],
)
def test_the_thresholds_in_use_are_told(
    policy: Policy | Triage, ends: tuple[float | None, float | None]
) -> None:
    assert thresholds(policy) == ends


PRICES = st.floats(0.1, 100)


def not_cleared(policy: Policy, scores: list[float]) -> int:
    found = routed(cases([(score, None, False) for score in scores]), Rules(policy))
    return int((found["@route"] != Route.CLEAR.value).sum())


@given(PRICES, PRICES, PRICES, st.floats(1, 20), st.lists(SHARES, min_size=1, max_size=30))
def test_dearer_misses_never_lower_the_number_referred_or_flagged(
    miss: float, alarm: float, refer: float, more: float, scores: list[float]
) -> None:
    cheap, dear = (Policy(*by_ratio(m, alarm, refer=refer)) for m in (miss, miss * more))
    assert not_cleared(dear, scores) >= not_cleared(cheap, scores)


@given(st.integers(0, 10_000), st.floats(1, 20))
def test_nor_do_they_where_the_cheapest_band_is_found_by_trying(seed: int, more: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(25).round(2)
    ill = rng.random(25) < scores

    def policy(miss: float) -> Policy:
        cut = cheapest_band(scores, np.where(ill, miss, 0.0), np.where(ill, 0.0, 1.0), 0.3)
        return Policy(cut.threshold, cut.refer_between)

    assert not_cleared(policy(2.0 * more), list(scores)) >= not_cleared(policy(2.0), list(scores))
