"""A p-value found by inverting a bound must never be smaller than the bound allows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import binomial, inversion


class TestPValue:
    """The smallest alpha at which a monotone predicate holds, from the careful side."""

    @given(st.floats(1e-11, 0.999))
    def test_it_finds_the_switch_and_ends_on_the_side_that_holds(self, switch: float) -> None:
        p = inversion.p_value(lambda alpha: alpha >= switch)
        assert switch <= p <= switch * (1 + 1e-7)

    @given(st.integers(0, 60), st.floats(0.02, 0.98))
    def test_it_agrees_with_the_exact_tail_of_the_binomial(self, hits: int, rate: float) -> None:
        def meets(alpha: float) -> bool:
            return float(binomial.lower(hits, 60, alpha)) >= rate

        p, exact = inversion.p_value(meets), float(binomial.p_above(hits, 60, rate))
        assert p == pytest.approx(max(exact, 1e-12), rel=1e-6, abs=2e-9)
        assert p == 1.0 or meets(p)

    def test_what_always_holds_is_reported_at_the_floor_and_what_never_does_at_one(self) -> None:
        assert inversion.p_value(lambda alpha: True) == 1e-12
        assert inversion.p_value(lambda alpha: True, floor=1e-6) == 1e-6
        assert inversion.p_value(lambda alpha: False) == 1.0

    def test_a_floor_outside_0_to_1_is_refused(self) -> None:
        with pytest.raises(ValueError, match="floor"):
            inversion.p_value(lambda alpha: True, floor=0.0)


class TestBoundary:
    """The last point that holds between one that does and one that does not."""

    @given(st.floats(-5, 5), st.booleans())
    def test_the_point_returned_holds_in_either_direction(self, switch: float, up: bool) -> None:
        def holds(x: float) -> bool:
            return x <= switch if up else x >= switch

        inside, outside = (-6.0, 6.0) if up else (6.0, -6.0)
        found = inversion.boundary(holds, inside, outside, 1e-9)
        assert holds(found) and abs(found - switch) <= 1e-9

    def test_it_stays_where_nothing_holds(self) -> None:
        assert inversion.boundary(lambda x: False, -1.0, 1.0, 1e-9) == -1.0

    def test_a_distance_below_the_resolution_of_floats_still_ends(self) -> None:
        found = inversion.boundary(lambda x: x <= math.pi, 3.0, 4.0, 1e-300)
        assert found == math.pi

    def test_a_distance_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="within"):
            inversion.boundary(lambda x: True, 0.0, 1.0, 0.0)
