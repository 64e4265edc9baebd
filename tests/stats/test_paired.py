"""A gain over the same cases passes falsely at most alpha often, whatever the rate of losses is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, special, stats

from roadworthy.stats import paired
from roadworthy.stats.paired import PairedCounts

Floats = NDArray[np.float64]
ALPHA = 0.05
DELTAS = (-0.10, -0.05, -0.02, 0.0, 0.10)


def fewest_significant(n: int, delta: float, alpha: float, most_lost: int) -> Floats:
    """Per number of losses, the fewest gains with p_above <= alpha (n + 1: none)."""
    fewest = []
    for lost in range(most_lost + 1):
        low, high = -1, n - lost + 1
        while high - low > 1:
            middle = (low + high) // 2
            shown = paired.p_above(PairedCounts(middle, lost, n), delta) <= alpha
            low, high = (low, middle) if shown else (middle, high)
        fewest.append(high if high <= n - lost else n + 1)
    return np.array(fewest, dtype=np.float64)


def passes(n: int, fewest: Floats, losses: Floats, gains: Floats) -> Floats:
    """Exact chance of at least ``fewest`` gains, per pair of true rates."""
    lost = np.arange(fewest.size)
    beside = stats.binom.pmf(lost, n, losses[:, None])
    rate = np.clip(gains / (1.0 - losses), 0.0, 1.0)[:, None]
    tail = stats.binom.sf(fewest - 1.0, n - lost, rate)
    return np.asarray(np.sum(beside * tail, axis=1), dtype=np.float64)


def rates_of_losses(delta: float, most: float) -> Floats:
    smallest = max(0.0, -delta)
    largest = min(most, 0.5 * (1.0 - delta) - 1e-9)
    return np.asarray(smallest + (largest - smallest) * np.linspace(0.0, 1.0, 241) ** 2)


class TestErrorControl:
    """Exact enumeration: no simulation noise hides an excess."""

    @pytest.mark.parametrize("delta", DELTAS)
    @pytest.mark.parametrize("n", [10, 25, 60])
    @pytest.mark.parametrize("alpha", [0.01, ALPHA])
    def test_false_pass_keeps_alpha_for_every_rate_of_losses(
        self, n: int, delta: float, alpha: float
    ) -> None:
        fewest = fewest_significant(n, delta, alpha, n)
        losses = rates_of_losses(delta, 0.5)
        assert passes(n, fewest, losses, losses + delta).max() <= alpha
        # Inside the null, not only on its edge.
        worse = np.maximum(losses + delta - 0.03, 0.0)
        assert passes(n, fewest, losses, worse).max() <= alpha

    @pytest.mark.slow
    @pytest.mark.parametrize("delta", [-0.05, 0.0])
    def test_false_pass_keeps_alpha_with_400_pairs_and_power_is_not_given_away(
        self, delta: float
    ) -> None:
        fewest = fewest_significant(400, delta, ALPHA, 140)
        losses = rates_of_losses(delta, 0.22)
        sizes = passes(400, fewest, losses, losses + delta)
        assert 0.04 < sizes.max() <= ALPHA

    def test_the_asymptotic_score_test_does_not_keep_alpha(self) -> None:
        n, delta = 30, 0.10
        lost = np.arange(n + 1)[:, None]
        shown = paired.tango_z(np.arange(n + 1), lost, n, delta) >= stats.norm.isf(ALPHA)
        shown &= np.arange(n + 1) <= n - lost
        fewest = np.where(shown.any(axis=1), shown.argmax(axis=1), n + 1).astype(np.float64)
        losses = rates_of_losses(delta, 0.5)
        assert passes(n, fewest, losses, losses + delta).max() > 1.6 * ALPHA

    def test_a_wald_interval_does_not_keep_alpha(self) -> None:
        n, delta = 60, -0.05
        b, c = np.arange(n + 1.0), np.arange(n + 1.0)[:, None]
        error = np.sqrt(b + c - (b - c) ** 2 / n) / n
        shown = ((b - c) / n - stats.norm.isf(ALPHA) * error >= delta) & (b + c <= n)
        fewest = np.where(shown.any(axis=1), shown.argmax(axis=1), n + 1).astype(np.float64)
        losses = rates_of_losses(delta, 0.5)
        assert passes(n, fewest, losses, losses + delta).max() > 2 * ALPHA

    def test_mcnemar_without_significance_is_no_proof_of_not_worse(self) -> None:
        n, delta = 100, -0.05
        c = np.arange(n + 1.0)[:, None]
        shown = (paired.mcnemar_p(c, np.arange(n + 1.0)) > ALPHA) & (np.arange(n + 1) <= n - c)
        fewest = np.where(shown.any(axis=1), shown.argmax(axis=1), n + 1).astype(np.float64)
        losses = rates_of_losses(delta, 0.3)
        assert passes(n, fewest, losses, losses + delta).max() > 0.5


class TestScore:
    """Tango's statistic, against an independent maximisation, and its order."""

    @settings(deadline=None, max_examples=60)
    @given(st.integers(2, 80), st.data(), st.floats(-0.6, 0.6))
    def test_the_restricted_estimate_maximises_the_likelihood(
        self, n: int, data: st.DataObject, delta: float
    ) -> None:
        b = data.draw(st.integers(0, n))
        c = data.draw(st.integers(0, n - b))
        low, high = max(0.0, -delta), 0.5 * (1.0 - delta)

        def loss(q: float) -> float:
            parts = special.xlogy([b, c, n - b - c], [q + delta, q, 1.0 - 2.0 * q - delta])
            return -float(np.sum(parts))

        inner = (low + 1e-12, high - 1e-12)
        best = optimize.minimize_scalar(
            loss, bounds=inner, method="bounded", options={"xatol": 1e-12}
        )
        q = float(best.x)
        variance = n * (2.0 * q + delta * (1.0 - delta))
        if variance < 1e-3:
            return
        score = (b - c - n * delta) / np.sqrt(variance)
        assert float(paired.tango_z(b, c, n, delta)) == pytest.approx(score, rel=1e-3, abs=1e-4)

    @pytest.mark.parametrize("delta", [*DELTAS, -0.4, 0.3])
    @pytest.mark.parametrize("n", [1, 2, 7, 40, 300])
    def test_more_gains_or_fewer_losses_never_lower_the_score(self, n: int, delta: float) -> None:
        b, c = np.arange(n + 1), np.arange(n + 1)[:, None]
        score = np.where(b + c <= n, paired.tango_z(b, c, n, delta), np.nan)
        by_gain, by_loss = np.diff(score, axis=1), np.diff(score, axis=0)
        assert not np.any(by_gain < -1e-9)
        assert not np.any(by_loss > 1e-9)

    def test_at_no_difference_it_is_mcnemars_statistic(self) -> None:
        assert float(paired.tango_z(12, 5, 100, 0.0)) == pytest.approx(7 / np.sqrt(17))


class TestPValue:
    """The exact unconditional p-value."""

    @settings(deadline=None, max_examples=40)
    @given(st.integers(1, 45), st.data(), st.sampled_from([-0.3, -0.1, -0.02, 0.0, 0.05, 0.2]))
    def test_the_largest_probability_is_never_understated(
        self, n: int, data: st.DataObject, delta: float
    ) -> None:
        """Against every outcome added up, at every rate of losses, without any shortcut."""
        b = data.draw(st.integers(0, n))
        c = data.draw(st.integers(0, n - b))
        p = paired.p_above(PairedCounts(b, c, n), delta)
        gains, losses = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
        at_least = (gains + losses <= n) & (
            paired.tango_z(gains, losses, n, delta) >= paired.tango_z(b, c, n, delta) - 1e-9
        )
        g, x = gains[at_least], losses[at_least]
        low = float(stats.beta.ppf(5e-7, c, n - c + 1)) if c else 0.0
        high = float(stats.beta.isf(5e-7, c + 1, n - c)) if c < n else 1.0
        low, high = np.clip([low, high], max(0.0, -delta), 0.5 * (1.0 - delta)).tolist()
        rates = np.linspace(low, high, 300)[:, None]
        log_count = special.gammaln(n + 1) - special.gammaln([g + 1, x + 1, n - g - x + 1]).sum(0)
        logs = special.xlogy(g, rates + delta) + special.xlogy(x, rates)
        logs += special.xlogy(n - g - x, np.maximum(1.0 - 2.0 * rates - delta, 0.0))
        largest = float(np.exp(log_count + logs).sum(axis=1).max())
        assert largest - 1e-12 <= p <= largest + 0.003

    def test_without_discordant_pairs_it_is_the_chance_of_no_loss_at_the_margin(self) -> None:
        """Then only the losses at the margin could have shown: (1 - .05)^n, the rule of three."""
        p = paired.p_above(PairedCounts(0, 0, 59), -0.05)
        assert p == pytest.approx(0.95**59, abs=1e-4)

    @given(st.integers(0, 30), st.integers(0, 30), st.floats(-0.9, 0.9))
    @settings(deadline=None, max_examples=50)
    def test_sides_exchanged_give_the_other_tail(self, b: int, c: int, delta: float) -> None:
        mirrored = paired.p_below(PairedCounts(c, b, 80), -delta)
        assert paired.p_above(PairedCounts(b, c, 80), delta) == mirrored

    @given(st.integers(0, 30), st.integers(0, 29), st.sampled_from(DELTAS))
    @settings(deadline=None, max_examples=50)
    def test_one_more_gain_never_raises_it(self, b: int, c: int, delta: float) -> None:
        before = paired.p_above(PairedCounts(b, c, 60), delta)
        assert paired.p_above(PairedCounts(b + 1, c, 60), delta) <= before * 1.002 + 1e-9

    def test_without_pairs_or_at_the_end_of_the_scale_nothing_is_shown(self) -> None:
        assert paired.p_above(PairedCounts(0, 0, 0), -0.1) == 1.0
        assert paired.p_above(PairedCounts(9, 0, 9), 1.0) == 1.0
        assert paired.p_above(PairedCounts(0, 9, 9), -1.0) == 1.0

    def test_large_sets_agree_with_the_normal_approximation(self) -> None:
        counts = PairedCounts(5100, 5000, 100_000)
        z = float(paired.tango_z(5100, 5000, 100_000, -0.001))
        assert paired.p_above(counts, -0.001) == pytest.approx(stats.norm.sf(z), rel=0.03)

    def test_impossible_counts_and_margins_are_refused(self) -> None:
        with pytest.raises(ValueError, match="do not fit"):
            PairedCounts(6, 5, 10)
        with pytest.raises(ValueError, match="2 points"):
            paired.p_above(PairedCounts(1, 1, 10), -2.0)


class TestBounds:
    """Bound and test say the same."""

    @settings(deadline=None, max_examples=40)
    @given(st.integers(1, 150), st.data(), st.sampled_from([0.01, 0.05, 0.2]))
    def test_what_the_lower_bound_excludes_the_test_rejects(
        self, n: int, data: st.DataObject, alpha: float
    ) -> None:
        b = data.draw(st.integers(0, n))
        c = data.draw(st.integers(0, n - b))
        counts = PairedCounts(b, c, n)
        bound = paired.lower(counts, alpha)
        assert bound <= paired.estimate(counts) <= paired.upper(counts, alpha)
        assert paired.p_above(counts, bound) <= alpha or bound == -1.0
        above = bound + 0.01 * (1.0 + 1.0 / n**0.5)
        assert above >= 1.0 or paired.p_above(counts, above) > alpha * 0.6
        for below in np.linspace(-0.99, bound, 8)[:-1]:
            assert bound == -1.0 or paired.p_above(counts, float(below)) <= alpha * 1.02

    def test_no_loss_in_n_bounds_the_drop_like_an_exact_rate(self) -> None:
        assert paired.lower(PairedCounts(0, 0, 100), 0.05) == pytest.approx(-0.029513, abs=1e-4)

    def test_without_information_the_bound_is_the_end_of_the_scale(self) -> None:
        assert paired.lower(PairedCounts(0, 0, 0), 0.05) == -1.0
        assert paired.lower(PairedCounts(0, 5, 5), 0.05) == -1.0
        assert paired.upper(PairedCounts(5, 0, 5), 0.05) == 1.0

    def test_an_estimate_needs_pairs(self) -> None:
        assert paired.estimate(PairedCounts(3, 5, 10)) == pytest.approx(-0.2)
        with pytest.raises(ValueError, match="no pairs"):
            paired.estimate(PairedCounts(0, 0, 0))


class TestMcNemar:
    """A change between two versions."""

    def test_it_gives_the_known_values(self) -> None:
        np.testing.assert_allclose(
            paired.mcnemar_p([8, 5, 0], [1, 0, 3]), [0.01953, 0.03125, 1], 1e-3
        )


class TestSampleSize:
    """Pairs to plan for."""

    @pytest.mark.parametrize(
        ("limit", "gain", "discordant"), [(-0.10, 0.0, 0.10), (-0.15, 0.0, 0.25), (0.0, 0.15, 0.25)]
    )
    def test_the_exact_power_is_reached_but_not_overshot(
        self, limit: float, gain: float, discordant: float
    ) -> None:
        n = paired.sample_size(limit, gain, discordant, ALPHA, 0.80)
        losses = np.array([0.5 * (discordant - gain)])
        fewest = fewest_significant(n, limit, ALPHA, int(n * losses[0] + 35))
        power = float(passes(n, fewest, losses, losses + gain)[0])
        assert 0.79 <= power <= 0.88

    def test_showing_a_drop_needs_as_many_as_showing_the_mirrored_gain(self) -> None:
        drop = paired.sample_size(-0.05, -0.15, 0.25, ALPHA, 0.80)
        assert drop == paired.sample_size(0.05, 0.15, 0.25, ALPHA, 0.80)

    def test_what_can_never_be_shown_is_refused(self) -> None:
        with pytest.raises(ValueError, match="equals the limit"):
            paired.sample_size(-0.05, -0.05, 0.1, ALPHA, 0.8)
        with pytest.raises(ValueError, match="discordant rate"):
            paired.sample_size(-0.05, 0.2, 0.1, ALPHA, 0.8)
        with pytest.raises(ValueError, match="too near"):
            paired.sample_size(-0.05, -0.04999, 0.2, ALPHA, 0.8)
