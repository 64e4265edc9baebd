"""Another mix of cases is no drop, and re-weighting claims one falsely at most alpha often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import standardised
from roadworthy.stats.standardised import Sample, TooFewUnitsError, crude, drop, mix

ALPHA = 0.05


def drawn(n: int, shares: list[float], rates: np.ndarray, rng: np.random.Generator) -> Sample:
    stratum = rng.choice(len(shares), n, p=shares)
    return Sample((rng.random(n) < rates[stratum]).astype(np.float64), stratum)


def mixed(old: Sample, fresh: Sample, strata: int) -> standardised.Mix:
    return mix(
        np.bincount(old.stratum, minlength=strata), np.bincount(fresh.stratum, minlength=strata)
    )


class TestMix:
    """Old cases stand for fresh ones, and where hardly any do, that is said."""

    def test_the_same_mix_changes_nothing(self) -> None:
        found = mix([30, 70], [60, 140])
        assert found.size == pytest.approx(100)
        assert found.weight == pytest.approx([0.01, 0.01])

    def test_a_stratum_without_old_cases_is_strange(self) -> None:
        found = mix([100, 0], [90, 10])
        assert found.strange.tolist() == [False, True]
        assert found.gap == pytest.approx(0.10)

    def test_one_old_case_does_not_make_the_set_worth_a_handful(self) -> None:
        found = mix([999, 1], [950, 50])
        assert found.strange.tolist() == [False, True]
        assert found.size > 900

    def test_nothing_in_common_leaves_nothing(self) -> None:
        found = mix([10, 0], [0, 10])
        assert (found.gap, found.size) == (1.0, 0.0)

    @given(
        old=st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any),
        fresh=st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any),
    )
    def test_weights_and_the_gap_sum_to_one_and_no_case_weighs_too_much(
        self, old: list[int], fresh: list[int]
    ) -> None:
        found = mix(old, fresh)
        assert found.weight @ np.array(old) + found.gap == pytest.approx(1.0)
        assert found.size <= sum(old)
        assert (found.weight * found.size <= 1.0 + 1e-9).all()


class TestErrorControl:
    """At a drop of exactly what is tolerated neither claim comes more often than alpha."""

    @pytest.mark.parametrize(
        ("before", "after", "rates"),
        [
            ([0.5, 0.5], [0.9, 0.1], [0.95, 0.60]),
            ([0.95, 0.05], [0.7, 0.3], [0.99, 0.50]),
            ([0.97, 0.02, 0.01], [0.9, 0.05, 0.05], [0.95, 0.80, 0.55]),
        ],
    )
    def test_of_independent_cases(
        self, before: list[float], after: list[float], rates: list[float]
    ) -> None:
        rng = np.random.default_rng(5)
        true, runs = np.array(rates), 120
        claims = np.zeros(2)
        for _ in range(runs):
            old, fresh = drawn(250, before, true, rng), drawn(250, after, true - 0.05, rng)
            found = drop(old, fresh, mixed(old, fresh, len(rates)), 0.05, ALPHA)
            claims += [found.p_dropped <= ALPHA, found.p_holds <= ALPHA]
        # three standard errors above .05 in 120 runs
        assert (claims / runs <= 0.11).all()

    def test_of_cases_that_share_units(self) -> None:
        rng = np.random.default_rng(6)
        runs, claims = 120, np.zeros(2)
        unit = np.repeat(np.arange(120), 3)

        def units(rates: np.ndarray) -> Sample:
            kind = rng.integers(0, 2, 120)
            chance = rng.beta(rates[kind] * 0.5, (1 - rates[kind]) * 0.5)
            right = (rng.random((120, 3)) < chance[:, None]).astype(np.float64)
            return Sample(right.ravel(), np.repeat(kind, 3), unit)

        for _ in range(runs):
            old, fresh = units(np.array([0.95, 0.8])), units(np.array([0.90, 0.75]))
            found = drop(old, fresh, mixed(old, fresh, 2), 0.05, ALPHA)
            claims += [found.p_dropped <= ALPHA, found.p_holds <= ALPHA]
        assert (claims / runs <= 0.11).all()


class TestDrop:
    """What was seen, what is claimed, and of which cases."""

    def test_another_mix_alone_is_no_drop(self) -> None:
        rng = np.random.default_rng(7)
        rates = np.array([0.98, 0.60])
        old, fresh = drawn(4000, [0.9, 0.1], rates, rng), drawn(4000, [0.5, 0.5], rates, rng)
        assert crude(old, fresh, ALPHA).estimate > 0.12
        found = drop(old, fresh, mixed(old, fresh, 2), 0.05, ALPHA)
        assert abs(found.estimate) < 0.05
        assert found.p_dropped > 0.5

    def test_a_new_kind_on_which_it_fails_keeps_holds_away_and_is_no_drop(self) -> None:
        old = Sample(np.ones(500), np.zeros(500, dtype=np.int64))
        fresh = Sample(np.repeat([1.0, 0.0], [400, 100]), np.repeat([0, 1], [400, 100]))
        found = drop(old, fresh, mixed(old, fresh, 2), 0.02, ALPHA)
        assert found.estimate == 0.0
        assert found.p_holds > 0.99
        assert found.p_dropped > 0.99

    def test_without_comparable_cases_nothing_is_shown(self) -> None:
        old = Sample(np.ones(90), np.zeros(90, dtype=np.int64))
        fresh = Sample(np.zeros(90), np.ones(90, dtype=np.int64))
        found = drop(old, fresh, mixed(old, fresh, 2), 0.02, ALPHA)
        assert (found.p_dropped, found.p_holds) == (1.0, 1.0)

    def test_few_units_are_refused(self) -> None:
        few = Sample(np.ones(60), np.zeros(60, dtype=np.int64), np.repeat(np.arange(20), 3))
        with pytest.raises(TooFewUnitsError, match="20 units"):
            crude(few, few, ALPHA)
