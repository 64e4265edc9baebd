"""Corrections must hold the family-wise error, or the best of many tries passes by luck."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial, multiplicity

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


class TestHolm:
    """Step-down rejection."""

    def test_adjusted_values_are_the_published_ones(self) -> None:
        found = multiplicity.holm_adjusted([0.01, 0.04, 0.001, 0.03])
        np.testing.assert_allclose(found, [0.03, 0.06, 0.004, 0.06])

    @given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
    def test_rejection_and_adjusted_values_agree(self, p: list[float], alpha: float) -> None:
        adjusted = multiplicity.holm_adjusted(p)
        clear = np.abs(adjusted - alpha) > 1e-12
        rejected = multiplicity.holm(p, alpha)
        assert np.array_equal(rejected[clear], (adjusted <= alpha)[clear])

    @given(P_VALUES, st.integers(0, 10**6))
    def test_the_order_of_the_hypotheses_does_not_matter(self, p: list[float], seed: int) -> None:
        shuffled = np.random.default_rng(seed).permutation(len(p))
        chances = np.array(p)
        np.testing.assert_array_equal(
            multiplicity.holm(chances, 0.05)[shuffled], multiplicity.holm(chances[shuffled], 0.05)
        )

    @given(P_VALUES.filter(bool))
    def test_holm_rejects_what_bonferroni_rejects_and_nothing_unadjusted_does_not(
        self, p: list[float]
    ) -> None:
        rejected = multiplicity.holm(p, 0.05)
        assert np.all(rejected >= (np.array(p) <= 0.05 / len(p) * (1 - 1e-12)))
        assert np.all(rejected <= (np.array(p) <= 0.05))

    @given(P_VALUES.filter(bool))
    def test_another_hypothesis_never_helps(self, p: list[float]) -> None:
        alone = multiplicity.holm(p, 0.05)
        assert np.all(multiplicity.holm([*p, 1.0], 0.05)[:-1] <= alone)

    def test_a_strict_hypothesis_is_ordered_by_its_own_level(self) -> None:
        """.004 at level .01 uses more of its level than .01 at level .05, and comes second."""
        assert multiplicity.holm([0.004, 0.01], [0.01, 0.05]).tolist() == [True, True]
        assert multiplicity.holm([0.006, 0.03], [0.01, 0.05]).tolist() == [False, False]
        assert multiplicity.holm([0.006, 0.02], [0.01, 0.05]).tolist() == [True, True]

    def test_the_family_wise_error_keeps_the_mean_level(self) -> None:
        """Five true hypotheses with unequal levels and equally correlated statistics."""
        rng = np.random.default_rng(5)
        alpha = np.array([0.01, 0.05, 0.05, 0.10, 0.04])
        for correlation in (0.0, 0.5):
            shared, own = rng.normal(size=(20_000, 1)), rng.normal(size=(20_000, 5))
            z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
            p = stats.norm.sf(z)
            wrong = np.mean([multiplicity.holm(row, alpha).any() for row in p])
            assert wrong <= alpha.mean() + 4 * np.sqrt(0.05 * 0.95 / 20_000)

    def test_nothing_to_test_rejects_nothing(self) -> None:
        assert multiplicity.holm([], 0.05).shape == (0,)
        assert multiplicity.holm_adjusted([]).shape == (0,)

    @pytest.mark.parametrize("p", [[0.1, float("nan")], [1.2], [[0.1]], 0.1])
    def test_what_is_no_list_of_p_values_is_an_error(self, p: object) -> None:
        with pytest.raises(ValueError, match="p must be a flat list"):
            multiplicity.holm(p, 0.05)  # type: ignore[arg-type]

    @pytest.mark.parametrize("alpha", [0.0, 1.0, [0.05, 0.05, 0.05]])
    def test_levels_must_fit(self, alpha: float | list[float]) -> None:
        with pytest.raises(ValueError, match="alpha"):
            multiplicity.holm([0.1, 0.2], alpha)


class TestDividedLevels:
    """What looks, bits and candidates cost."""

    @pytest.mark.parametrize(
        ("looks", "first", "safe"),
        [
            (1, 239, 263),
            (2, 292, 316),
            (5, 362, 386),
            (10, 427, 452),
            (20, 480, 505),
            (100, 591, 616),
        ],
    )
    def test_the_price_of_looks_in_positives(self, looks: int, first: int, safe: int) -> None:
        alpha = multiplicity.alpha_per_look(0.05, looks)
        assert binomial.sample_size(0.90, 0.95, alpha, 0.90) == binomial.SampleSize(first, safe)

    def test_twenty_looks_at_failing_products(self) -> None:
        """Uncorrected, a .899 product passes 'at least .90' at some look more often than not."""
        looks, n, limit, truth = 20, 300, 0.90, 0.899

        def ever(alpha: float) -> float:
            mark = binomial.hits_needed(n, limit, alpha)
            return float(1 - (1 - binomial.p_above(mark, n, truth)) ** looks)

        assert ever(0.05) == pytest.approx(0.565, abs=1e-3)
        assert ever(multiplicity.alpha_per_look(0.05, looks)) == pytest.approx(0.021, abs=1e-3)

    def test_every_bit_halves_the_level(self) -> None:
        assert [multiplicity.alpha_after_bits(0.05, bits) for bits in (0, 1, 3)] == [
            0.05,
            0.025,
            0.00625,
        ]

    @pytest.mark.parametrize("rungs", [5, 10])
    def test_the_best_of_several_candidates_keeps_alpha_only_when_it_is_paid_for(
        self, rungs: int
    ) -> None:
        n, limit, alpha = 500, 0.90, 0.05

        def best_passes(level: float) -> float:
            mark = binomial.hits_needed(n, limit, level)
            return float(1 - (1 - binomial.p_above(mark, n, limit)) ** rungs)

        assert best_passes(alpha) > 3 * alpha
        assert best_passes(multiplicity.alpha_for_candidates(alpha, rungs)) <= alpha

    def test_misuse_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="looks must be a whole number from 1"):
            multiplicity.alpha_per_look(0.05, 0)
        with pytest.raises(ValueError, match="candidates must be a whole number from 1"):
            multiplicity.alpha_for_candidates(0.05, 0)
        with pytest.raises(ValueError, match="bits must be a whole number from 0"):
            multiplicity.alpha_after_bits(0.05, -1)
        with pytest.raises(ValueError, match="alpha must lie strictly"):
            multiplicity.alpha_per_look(5.0, 2)
