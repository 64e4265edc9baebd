"""Room: one scale on which to compare how near a limit different metrics are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from roadworthy.core.evidence import Measured
from roadworthy.core.requirement import Limit, Side
from roadworthy.stats.room import room

LIMIT = Limit(Side.AT_LEAST, 0.9)


def rate(hits: int, n: int, limit: float = 0.9) -> Measured:
    p_pass, p_fail = float(binom.sf(hits - 1, n, limit)), float(binom.cdf(hits, n, limit))
    return Measured(hits / n, None, None, p_pass, p_fail, n, "cases", "exact")


@given(st.integers(1, 3000), st.data())
def test_one_more_hit_never_leaves_less_room(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n - 1))
    assert room(rate(hits, n), LIMIT) <= room(rate(hits + 1, n), LIMIT)


def test_p_values_that_no_float_can_hold_are_still_told_apart() -> None:
    found = [rate(hits, 1_000_000) for hits in (0, 500_000, 800_000)]
    assert {one.p_fail for one in found} == {0.0}
    assert room(found[0], LIMIT) < room(found[1], LIMIT) < room(found[2], LIMIT)


@pytest.mark.parametrize(("p", "z"), [(0.05, 1.645), (0.025, 1.960), (0.001, 3.090)])
def test_it_is_the_normal_quantile_on_either_side(p: float, z: float) -> None:
    met = Measured(0.95, None, None, p, 1.0, 9, "cases", "exact")
    missed = Measured(0.85, None, None, 1.0, p, 9, "cases", "exact")
    assert room(met, LIMIT) == pytest.approx(z, abs=5e-4)
    assert room(missed, LIMIT) == pytest.approx(-z, abs=5e-4)
