"""An AUC's bound may only err the rare way, for scores of any shape and the smallest classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, special, stats

from roadworthy.stats import auc, binomial
from roadworthy.stats.auc import ScoreHistogram

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, float, int, int, int], tuple[Floats, Floats]]

scores = st.one_of(
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 1e-300, 1e-12, 0.25, 0.5, np.nextafter(0.5, 1.0), 1.0 - 1e-12, 1.0]),
)
sides = st.lists(scores, min_size=1, max_size=30)
estimates = st.floats(0.0, 1.0)
sizes = st.floats(1.0, 3000.0)


# --- Scores of known AUC, many studies at once: shapes (studies, n_pos) and (studies, n_neg) ---


def normal(spread: float) -> Draw:
    """Normal scores; those of the positives are `spread` times as wide."""

    def draw(
        rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
    ) -> tuple[Floats, Floats]:
        shift = float(special.ndtri(truth)) * np.hypot(1.0, spread)
        positives = shift + spread * rng.standard_normal((studies, n_pos))
        return positives, rng.standard_normal((studies, n_neg))

    return draw


def exponential(
    rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
) -> tuple[Floats, Floats]:
    scale = truth / (1.0 - truth)
    return scale * rng.standard_exponential((studies, n_pos)), rng.standard_exponential(
        (studies, n_neg)
    )


def exponential_reversed(
    rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
) -> tuple[Floats, Floats]:
    negatives, positives = exponential(rng, truth, n_neg, n_pos, studies)
    return -positives, -negatives


def five_categories(
    rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
) -> tuple[Floats, Floats]:
    """Ratings such as BI-RADS: the positives' chances are tilted until the AUC is right."""
    steps, common = np.arange(5), np.array([0.78, 0.15, 0.04, 0.02, 0.01])

    def tilted(by: float) -> Floats:
        chances: Floats = common * np.exp(by * steps)
        return np.asarray(chances / chances.sum())

    def excess(by: float) -> float:
        return float(tilted(by) @ (np.cumsum(common) - common / 2.0)) - truth

    chances = tilted(float(optimize.brentq(excess, -1.0, 40.0)))
    return (
        rng.choice(5, (studies, n_pos), p=chances).astype(np.float64),
        rng.choice(5, (studies, n_neg), p=common).astype(np.float64),
    )


def unseen_share(
    rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
) -> tuple[Floats, Floats]:
    """Most positives rank above every negative; a share of them looks like any negative."""
    seen = rng.random((studies, n_pos)) < 2.0 * truth - 1.0
    return rng.random((studies, n_pos)) + seen, rng.random((studies, n_neg))


def false_alarm_share(
    rng: np.random.Generator, truth: float, n_pos: int, n_neg: int, studies: int
) -> tuple[Floats, Floats]:
    """Most negatives rank below every positive; a share of them looks like any positive."""
    negatives, positives = unseen_share(rng, truth, n_neg, n_pos, studies)
    return -positives, -negatives


SHAPES: dict[str, Draw] = {
    "normal": normal(1.0),
    "narrow positives": normal(0.5),
    "wide positives": normal(2.0),
    "exponential": exponential,
    "exponential reversed": exponential_reversed,
    "five categories": five_categories,
    "unseen share": unseen_share,
    "false-alarm share": false_alarm_share,
}


@dataclass(frozen=True)
class Studies:
    """The AUC of each simulated study, and the variance that DeLong's method estimates for it."""

    auc: Floats
    delong: Floats


def simulate(
    draw: Draw, truth: float, n_pos: int, n_neg: int, studies: int, seed: int = 11
) -> Studies:
    positives, negatives = draw(np.random.default_rng(seed), truth, n_pos, n_neg, studies)
    everyone = np.concatenate([positives, negatives], axis=1)
    rank = stats.rankdata(everyone, axis=1)
    above = (rank[:, :n_pos] - stats.rankdata(positives, axis=1)) / n_neg
    below = 1.0 - (rank[:, n_pos:] - stats.rankdata(negatives, axis=1)) / n_pos
    variance = above.var(axis=1, ddof=1) / n_pos + below.var(axis=1, ddof=1) / n_neg
    return Studies(above.mean(axis=1), variance)


def passes(estimate: Floats, n_pos: int, n_neg: int, limit: float, alpha: float) -> Floats:
    """Which studies show an AUC above the limit; the wrapped bound, for all studies at once."""
    pairs = min(n_pos, n_neg)
    return np.asarray(binomial.p_above(estimate * pairs, pairs, limit) <= alpha, dtype=np.float64)


def fails(estimate: Floats, n_pos: int, n_neg: int, limit: float, alpha: float) -> Floats:
    pairs = min(n_pos, n_neg)
    return np.asarray(binomial.p_below(estimate * pairs, pairs, limit) <= alpha, dtype=np.float64)


# --- Promises ---


class TestExact:
    @given(sides, sides)
    def test_it_is_the_share_of_pairs_won_with_ties_as_half(
        self, positives: list[float], negatives: list[float]
    ) -> None:
        won = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
        assert auc.exact(positives, negatives) == won / (len(positives) * len(negatives))

    def test_it_agrees_with_the_mann_whitney_statistic(self) -> None:
        rng = np.random.default_rng(2)
        positives, negatives = rng.normal(1.0, 1.0, 300).round(1), rng.normal(size=700).round(1)
        u = stats.mannwhitneyu(positives, negatives).statistic
        assert auc.exact(positives, negatives) == pytest.approx(u / (300 * 700), rel=1e-14)

    @given(sides, sides)
    def test_swapping_the_classes_mirrors_it(
        self, positives: list[float], negatives: list[float]
    ) -> None:
        swapped = auc.exact(negatives, positives)
        assert auc.exact(positives, negatives) == pytest.approx(1.0 - swapped, abs=1e-15)

    def test_infinite_scores_have_a_rank(self) -> None:
        assert auc.exact([np.inf, 0.0], [-np.inf, 0.0]) == 0.875

    @pytest.mark.parametrize(
        ("positives", "negatives", "message"),
        [
            ([], [0.1], "positive scores need shape"),
            ([0.1], [], "negative scores need shape"),
            ([0.1, np.nan], [0.2], "1 of 2 positive scores are NaN"),
        ],
    )
    def test_it_says_what_is_wrong(
        self, positives: list[float], negatives: list[float], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            auc.exact(positives, negatives)


def histogram(positives: list[float], negatives: list[float]) -> ScoreHistogram:
    truth = [True] * len(positives) + [False] * len(negatives)
    return ScoreHistogram.of([*positives, *negatives], truth)


class TestScoreHistogram:
    @given(sides, sides)
    def test_its_auc_is_within_the_stated_error_of_the_exact_one(
        self, positives: list[float], negatives: list[float]
    ) -> None:
        counted = histogram(positives, negatives)
        error = abs(counted.auc() - auc.exact(positives, negatives))
        assert error <= counted.auc_error() + 1e-12

    @given(sides, sides)
    def test_crowded_scores_keep_the_promise_too(
        self, positives: list[float], negatives: list[float]
    ) -> None:
        """All scores within a few bins, so that unknown pairs are the rule."""
        near_p, near_n = ([0.3 + s * 1e-3 for s in side] for side in (positives, negatives))
        counted = histogram(near_p, near_n)
        assert abs(counted.auc() - auc.exact(near_p, near_n)) <= counted.auc_error() + 1e-12

    def test_the_error_is_reached_by_the_worst_order_within_a_bin(self) -> None:
        counted = histogram([0.30001], [0.3])
        assert counted.auc_error() == auc.exact([0.30001], [0.3]) - counted.auc() == 0.5

    @given(st.lists(st.tuples(scores, st.booleans()), max_size=60), st.integers(0, 60))
    def test_parts_add_up_to_the_whole(self, cases: list[tuple[float, bool]], cut: int) -> None:
        def count(some: list[tuple[float, bool]]) -> ScoreHistogram:
            return ScoreHistogram.of([s for s, _ in some], [p for _, p in some])

        whole, parts = count(cases), count(cases[:cut]) + count(cases[cut:])
        np.testing.assert_array_equal(parts.positives, whole.positives)
        np.testing.assert_array_equal(parts.negatives, whole.negatives)
        np.testing.assert_array_equal(parts.only, whole.only)

    def test_cases_beyond_one_batch_are_counted_the_same(self) -> None:
        rng = np.random.default_rng(4)
        score, truth = rng.random(150_000), rng.random(150_000) < 0.2
        whole = ScoreHistogram.of(score, truth)
        parts = [ScoreHistogram.of(score[i::7], truth[i::7]) for i in range(7)]
        np.testing.assert_array_equal(sum(parts[1:], parts[0]).only, whole.only)
        assert whole.positives.sum() == truth.sum()

    @given(scores, scores)
    def test_a_higher_score_is_never_in_a_lower_bin(self, one: float, other: float) -> None:
        low, high = sorted((one, other))
        assert histogram([high], [low]).auc() >= 0.5

    def test_true_ties_are_not_an_error(self) -> None:
        """Rounded or saturated scores repeat; ties that are real must not widen the evidence."""
        rng = np.random.default_rng(3)
        positives, negatives = rng.beta(4, 2, 5000).round(2), rng.beta(2, 4, 9000).round(2)
        counted = histogram(positives.tolist(), negatives.tolist())
        assert counted.auc_error() == 0.0
        assert counted.auc() == pytest.approx(auc.exact(positives, negatives), abs=1e-12)

    @pytest.mark.parametrize(
        ("sharpness", "stated"), [(0.3, 2e-4), (1.0, 1e-4), (6.0, 1e-4), (30.0, 5e-4)]
    )
    def test_saturated_scores_keep_five_digits(self, sharpness: float, stated: float) -> None:
        """Up to scores of 1e-130, as naive Bayes gives them."""
        rng = np.random.default_rng(6)
        truth = rng.random(300_000) < 0.1
        score = special.expit(sharpness * (rng.normal(-2.0, 2.0, truth.size) + 4.0 * truth))
        counted = ScoreHistogram.of(score, truth)
        assert abs(counted.auc() - auc.exact(score[truth], score[~truth])) < 5e-6
        assert counted.auc_error() < stated

    def test_it_takes_less_than_a_megabyte(self) -> None:
        counted = histogram([0.5], [0.4])
        arrays = (counted.positives, counted.negatives, counted.only)
        assert sum(array.nbytes for array in arrays) < 1_000_000

    def test_an_empty_part_changes_nothing_and_has_no_auc(self) -> None:
        empty, some = ScoreHistogram.of([], []), histogram([0.9], [0.2])
        assert (empty + some).auc() == (some + empty).auc() == 1.0
        assert (empty + some).auc_error() == 0.0
        with pytest.raises(ValueError, match="needs both classes, not 0 positives"):
            empty.auc()
        with pytest.raises(ValueError, match="1 positives and 0 negatives"):
            ScoreHistogram.of([0.3], [True]).auc_error()

    @pytest.mark.parametrize(
        ("score", "truth", "message"),
        [
            ([0.2, 1.5], [True, False], r"0\.\.1 without NaN"),
            ([-0.1, 0.5], [True, False], r"0\.\.1 without NaN"),
            ([np.nan, 0.5], [True, False], r"0\.\.1 without NaN"),
            ([0.2], [True, False], "same shape"),
        ],
    )
    def test_it_says_what_is_wrong(
        self, score: list[float], truth: list[bool], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            ScoreHistogram.of(score, truth)


class TestErrorControl:
    """A model exactly at the limit passes, or fails, at most alpha often."""

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("truth", [0.6, 0.8, 0.9, 0.95, 0.99])
    def test_no_shape_of_scores_passes_or_fails_too_often(self, shape: str, truth: float) -> None:
        for n_pos, n_neg in ((5, 10), (10, 200), (50, 10), (40, 40), (20, 400), (300, 100)):
            seen = simulate(SHAPES[shape], truth, n_pos, n_neg, studies=1500).auc
            for alpha in (0.05, 0.01):
                # Long runs stay at or below .021 and .003 here: room for the noise of this one.
                assert passes(seen, n_pos, n_neg, truth, alpha).mean() <= alpha
                assert fails(seen, n_pos, n_neg, truth, alpha).mean() <= alpha

    @pytest.mark.parametrize("truth", [0.55, 0.7, 0.9, 0.99])
    @pytest.mark.parametrize("pairs", [3, 10, 40, 150])
    def test_not_even_the_worst_shape_exceeds_alpha_by_enumeration(
        self, truth: float, pairs: int
    ) -> None:
        """Positives of two kinds, one winning `low`, the other `high` of its pairs: exact chances.

        low = 0 and high = 1 is the widest spread an AUC can have; with a `high` below 1, studies
        that lack the bad kind show no spread at all, which fools every method that estimates it.
        """
        bad = np.arange(pairs + 1)
        for low in truth * np.linspace(0.0, 0.99, 34):
            for high in truth + (1.0 - truth) * np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]):
                chance = stats.binom.pmf(bad, pairs, (high - truth) / (high - low))
                seen = np.minimum((bad * low + (pairs - bad) * high) / pairs, 1.0)
                for alpha in (0.05, 0.01, 0.001):
                    rounding = alpha * 1e-9
                    wrong_pass = chance @ passes(seen, pairs, 10 * pairs, truth, alpha)
                    wrong_fail = chance @ fails(seen, pairs, 10 * pairs, truth, alpha)
                    assert wrong_pass <= alpha + rounding
                    assert wrong_fail <= alpha + rounding

    def test_the_simulations_judge_by_the_public_bounds(self) -> None:
        seen = simulate(normal(1.0), 0.9, 20, 50, studies=200).auc
        expected = [auc.p_above(float(a), 20, 50, 0.8) <= 0.05 for a in seen]
        np.testing.assert_array_equal(passes(seen, 20, 50, 0.8, 0.05), expected)
        expected = [auc.p_below(float(a), 20, 50, 0.95) <= 0.05 for a in seen]
        np.testing.assert_array_equal(fails(seen, 20, 50, 0.95, 0.05), expected)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_simulated_scores_have_the_auc_they_claim(self, shape: str) -> None:
        for truth in (0.6, 0.99):
            seen = simulate(SHAPES[shape], truth, 30, 60, studies=4000).auc
            error = seen.std() / np.sqrt(seen.size)
            assert abs(seen.mean() - truth) < 4.0 * error


class TestWhyNotTheUsualMethods:
    """What these bounds cost in width is what the usual ones lack in honesty."""

    @pytest.mark.parametrize(
        ("truth", "n_pos", "n_neg", "expected"), [(0.95, 10, 10, 0.285), (0.99, 20, 200, 0.287)]
    )
    def test_delong_passes_models_at_the_limit(
        self, truth: float, n_pos: int, n_neg: int, expected: float
    ) -> None:
        seen = simulate(normal(1.0), truth, n_pos, n_neg, studies=8000)
        delong = (seen.auc - 1.6449 * np.sqrt(seen.delong) >= truth).mean()
        assert delong == pytest.approx(expected, abs=0.03)
        assert passes(seen.auc, n_pos, n_neg, truth, 0.05).mean() <= 0.05

    @pytest.mark.parametrize(
        ("shape", "truth", "n_pos", "n_neg"),
        [("unseen share", 0.95, 40, 1000), ("false-alarm share", 0.95, 400, 40)],
    )
    def test_hanley_and_mcneils_variance_at_the_limit_passes_them_too(
        self, shape: str, truth: float, n_pos: int, n_neg: int
    ) -> None:
        """Newcombe's method 5 is near .05 for normal scores, twice that for a mixture."""
        q1, q2 = truth / (2.0 - truth), 2.0 * truth**2 / (1.0 + truth)
        variance = (
            truth * (1.0 - truth) + ((n_pos + n_neg) / 2 - 1) * (q1 + q2 - 2.0 * truth**2)
        ) / (n_pos * n_neg)
        seen = simulate(SHAPES[shape], truth, n_pos, n_neg, studies=2000).auc
        assert (seen - 1.6449 * np.sqrt(variance) >= truth).mean() > 0.10
        assert passes(seen, n_pos, n_neg, truth, 0.05).mean() <= 0.05


class TestBounds:
    @given(estimates, sizes, sizes, st.floats(0.01, 0.99), st.sampled_from([0.001, 0.01, 0.05]))
    def test_bounds_and_p_values_agree(
        self, seen: float, n_pos: float, n_neg: float, limit: float, alpha: float
    ) -> None:
        low, high = (bound(seen, n_pos, n_neg, alpha) for bound in (auc.lower, auc.upper))
        if abs(low - limit) > 1e-9:
            assert (low > limit) == (auc.p_above(seen, n_pos, n_neg, limit) <= alpha)
        if abs(high - limit) > 1e-9:
            assert (high < limit) == (auc.p_below(seen, n_pos, n_neg, limit) <= alpha)
        assert low <= seen + 1e-9
        assert high >= seen - 1e-9

    @given(estimates, sizes, sizes, st.floats(0.01, 0.99))
    def test_calling_positives_negatives_mirrors_them(
        self, seen: float, n_pos: float, n_neg: float, limit: float
    ) -> None:
        above = auc.p_above(seen, n_pos, n_neg, limit)
        mirrored = auc.p_below(1.0 - seen, n_neg, n_pos, 1.0 - limit)
        assert above == pytest.approx(mirrored, rel=1e-6, abs=1e-12)

    @given(estimates, estimates, sizes, sizes, st.floats(0.01, 0.99))
    def test_a_better_ranking_is_never_harder_to_pass(
        self, one: float, other: float, n_pos: float, n_neg: float, limit: float
    ) -> None:
        worse, better = sorted((one, other))
        assert auc.p_above(better, n_pos, n_neg, limit) <= auc.p_above(worse, n_pos, n_neg, limit)

    @given(st.floats(0.7, 1.0), sizes, st.floats(1.0, 3.0))
    def test_more_cases_of_the_smaller_class_never_widen_the_bounds(
        self, seen: float, pairs: float, times: float
    ) -> None:
        few, more = (auc.lower(seen, n, 9000, 0.05) for n in (pairs, pairs * times))
        assert more >= few - 1e-9

    def test_a_hundred_of_each_at_090_can_show_082(self) -> None:
        """Not uselessly wide: the estimate .90 shows .83, and a true .90 shows .82 mostly."""
        assert auc.lower(0.90, 100, 100, 0.05) > 0.83
        seen = simulate(normal(1.0), 0.90, 100, 100, studies=3000).auc
        assert passes(seen, 100, 100, 0.82, 0.05).mean() > 0.70

    def test_few_cases_pass_nothing_rather_than_everything(self) -> None:
        """A perfect ranking of 5 positives shows .549, not a strict limit."""
        assert auc.lower(1.0, 5, 2000, 0.05) == pytest.approx(0.05 ** (1 / 5))

    @pytest.mark.parametrize(
        ("seen", "n_pos", "n_neg", "message"),
        [
            (0.9, 0, 10, "not 0 positives and 10 negatives"),
            (0.9, 10, 0.5, "at least one case of each class"),
            (1.1, 10, 10, r"auc must lie in 0\.\.1, not 1\.1"),
            (float("nan"), 10, 10, r"auc must lie in 0\.\.1"),
            (0.9, float("nan"), 10, "at least one case of each class"),
        ],
    )
    def test_they_say_what_is_wrong(
        self, seen: float, n_pos: float, n_neg: float, message: str
    ) -> None:
        for call in (auc.lower, auc.upper, auc.p_above, auc.p_below):
            with pytest.raises(ValueError, match=message):
                call(seen, n_pos, n_neg, 0.05)


class TestSampleSize:
    @pytest.mark.parametrize("shape", ["normal", "wide positives", "unseen share"])
    @pytest.mark.parametrize(
        ("limit", "truth", "ratio"), [(0.90, 0.95, 1.0), (0.80, 0.90, 5.0), (0.85, 0.92, 0.5)]
    )
    def test_the_planned_cases_reach_the_power(
        self, shape: str, limit: float, truth: float, ratio: float
    ) -> None:
        n_pos = auc.sample_size(limit, truth, ratio, alpha=0.05, power=0.80)
        n_neg = int(np.ceil(ratio * n_pos))
        seen = simulate(SHAPES[shape], truth, n_pos, n_neg, studies=800).auc
        assert passes(seen, n_pos, n_neg, limit, 0.05).mean() >= 0.80

    def test_a_failing_model_is_planned_for_on_its_own_side(self) -> None:
        n_pos = auc.sample_size(0.90, 0.80, 2.0, alpha=0.05, power=0.80)
        seen = simulate(normal(1.0), 0.80, n_pos, 2 * n_pos, studies=800).auc
        assert fails(seen, n_pos, 2 * n_pos, 0.90, 0.05).mean() >= 0.80

    def test_scarce_negatives_need_more_positives(self) -> None:
        plenty, scarce = (
            auc.sample_size(0.90, 0.95, ratio, alpha=0.05, power=0.80) for ratio in (1.0, 0.25)
        )
        assert (plenty, scarce) == (203, 4 * 203)

    @pytest.mark.parametrize("ratio", [0.0, -1.0, float("inf"), float("nan")])
    def test_it_needs_negatives(self, ratio: float) -> None:
        with pytest.raises(ValueError, match="ratio_neg_per_pos must be above 0"):
            auc.sample_size(0.90, 0.95, ratio, alpha=0.05, power=0.80)

    def test_it_needs_a_plan_that_can_succeed(self) -> None:
        with pytest.raises(ValueError, match=r"power must be at least 0\.5"):
            auc.sample_size(0.90, 0.95, 1.0, alpha=0.05, power=0.4)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.1 + 2**-54, 0.5, 1.0]), st.booleans()), min_size=2
    )
)
def test_packed_cases_give_the_very_same_exact_auc(cases: list[tuple[float, bool]]) -> None:
    score, positive = (np.array(side) for side in zip(*cases, strict=True))
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="both classes"):
            auc.exact_packed(auc.packed(score, positive))
        return
    expected = auc.exact(score[positive], score[~positive])
    assert auc.exact_packed(auc.packed(score, positive)) == expected
