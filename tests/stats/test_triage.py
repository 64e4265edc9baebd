"""What is decided alone: exact counts, one joint confidence, nothing outside what is certified."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from roadworthy.stats.triage import (
    STARTS,
    Sample,
    certified_threshold,
    cheapest,
    errors_needed,
    fixed_sequence,
    grid,
    one_a_unit,
    predictive_shown,
    starts,
)

Floats = NDArray[np.float64]
DELTA = 0.05
RUNS = 500
# the share of runs that a risk of exactly DELTA exceeds once in a thousand times
MOST = scipy_stats.binom.ppf(0.999, RUNS, DELTA) / RUNS


def sample(errors: list[float], others: list[float]) -> Sample:
    return Sample(
        np.array([*errors, *others], dtype=float),
        np.array([True] * len(errors) + [False] * len(others)),
    )


class TestCertifiedThreshold:
    """The (k + 1)-th smallest score of the errors, with k from the exact binomial."""

    @pytest.mark.parametrize(
        ("at_most", "counts"), [(0.01, (299, 473, 628)), (0.05, (59, 93, 124))]
    )
    def test_it_takes_the_counts_of_the_literature(
        self, at_most: float, counts: tuple[int, ...]
    ) -> None:
        for misses, n in enumerate(counts):
            errors = np.arange(n) + 10.0
            assert errors_needed(at_most, DELTA, misses) == n
            found = certified_threshold(sample(errors.tolist(), [0.0]), at_most, DELTA)
            assert (found.threshold, found.k, found.allowed) == (10.0 + misses, misses, misses)
            fewer = certified_threshold(sample(errors[1:].tolist(), [0.0]), at_most, DELTA)
            assert fewer.allowed == misses - 1

    @given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from([0.01, 0.05]))
    def test_the_exact_binomial_tail_is_never_above_delta(
        self, n: int, at_most: float, delta: float
    ) -> None:
        found = certified_threshold(sample(list(np.arange(n) + 1.0), [0.0]), at_most, delta)
        if found.threshold is None:
            assert scipy_stats.binom.cdf(0, n, at_most) > delta
            assert found.attainable == pytest.approx(1 - delta ** (1 / n))
        else:
            assert scipy_stats.binom.cdf(found.k, n, at_most) <= delta
            assert scipy_stats.binom.cdf(found.k + 1, n, at_most) > delta
            assert found.bound <= at_most

    @given(
        st.lists(st.integers(0, 20), min_size=30, max_size=80),
        st.lists(st.integers(0, 20), min_size=1, max_size=20),
        st.data(),
    )
    def test_adding_an_error_below_it_never_raises_it(
        self, errors: list[int], others: list[int], data: st.DataObject
    ) -> None:
        before = certified_threshold(sample([*map(float, errors)], [*map(float, others)]), 0.1, 0.1)
        if before.threshold is None:
            return
        low = data.draw(st.integers(0, int(before.threshold)))
        more = sample([*map(float, errors), float(low)], [*map(float, others)])
        after = certified_threshold(more, 0.1, 0.1)
        assert after.threshold is None or after.threshold <= before.threshold

    def test_a_threshold_below_which_nothing_lies_is_none(self) -> None:
        found = certified_threshold(sample([0.0] * 5 + [1.0] * 200, [0.0, 0.5]), 0.03, DELTA)
        assert found.threshold is None and found.tied
        assert found.attainable > 0.03

    def test_ties_with_the_threshold_are_not_decided_alone(self) -> None:
        found = certified_threshold(sample([0.5] * 300, [0.1, 0.5]), 0.01, DELTA)
        assert (found.threshold, found.k) == (0.5, 0)


class TestOneAUnit:
    """A unit is missed when all of its positive cases are cleared."""

    def test_of_a_positive_unit_the_highest_positive_of_a_negative_one_the_highest(self) -> None:
        score = np.array([0.2, 0.3, 0.9, 0.4, 0.1])
        positive = np.array([True, True, False, False, False])
        found = one_a_unit(score, positive, np.array([0, 0, 0, 1, 1]))
        assert found.score.tolist() == [0.3, 0.4] and found.error.tolist() == [True, False]

    def test_lone_cases_stay_as_they_are(self) -> None:
        score, positive = np.array([0.2, 0.1]), np.array([True, False])
        unit = np.array([1, 0])
        assert sorted(one_a_unit(score, positive, unit).score) == [0.1, 0.2]


class TestFixedSequence:
    """From each start up to the first that is not shown."""

    @given(st.lists(st.booleans(), max_size=30), st.sets(st.integers(0, 29)))
    def test_everything_rejected_is_shown_and_reached_from_a_start(
        self, shown: list[bool], begin: set[int]
    ) -> None:
        at = sorted(one for one in begin if one < len(shown))
        found = fixed_sequence(np.array(shown, dtype=bool), at)
        for i, rejected in enumerate(found):
            reached = any(all(shown[s : i + 1]) for s in at if s <= i)
            assert rejected == reached

    def test_starts_lie_inside_and_apart(self) -> None:
        for size in (1, 3, 10, 50):
            assert all(0 <= one < size for one in starts(size))
        assert starts(0) == ()


class TestCheapest:
    """Costs choose, and never outside of what is certified."""

    @staticmethod
    def chosen(
        score: Floats, ill: NDArray[np.bool_], miss: int, below: Floats, above: Floats
    ) -> tuple[float, float]:
        cleared = np.where(ill, miss, 0.0) - 2.0
        flagged = np.where(ill, 0.0, 7.0) - 2.0
        found = cheapest(score, cleared, flagged, below, above)
        low = -np.inf if found.clear_below is None else found.clear_below
        high = np.inf if found.flag_above is None else found.flag_above
        return low, high

    @given(
        st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40),
        st.sets(st.integers(0, 12)),
        st.sets(st.integers(0, 12)),
        st.integers(0, 50),
        st.integers(0, 50),
    )
    def test_more_cost_of_a_miss_never_lowers_what_is_referred_or_flagged(
        self, cases: list[tuple[int, bool]], low: set[int], high: set[int], miss: int, more: int
    ) -> None:
        score = np.array([case[0] for case in cases], dtype=float)
        ill = np.array([case[1] for case in cases])
        below, above = np.array(sorted(low), dtype=float), np.array(sorted(high), dtype=float)
        first = self.chosen(score, ill, miss, below, above)
        second = self.chosen(score, ill, miss + more, below, above)
        assert (score < second[0]).sum() <= (score < first[0]).sum()
        for clear, flag in (first, second):
            assert clear == -np.inf or clear in low
            assert flag == np.inf or flag in high
            assert clear <= flag

    @given(
        st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=15),
        st.integers(0, 9),
    )
    def test_no_other_certified_pair_is_cheaper(
        self, cases: list[tuple[int, bool]], miss: int
    ) -> None:
        score = np.array([case[0] for case in cases], dtype=float)
        ill = np.array([case[1] for case in cases])
        below, above = np.arange(4.0), np.arange(2.0, 7.0)

        def cost(clear: float, flag: float) -> float:
            return float(
                np.where(
                    score < clear,
                    np.where(ill, miss, 0.0),
                    np.where(score > flag, np.where(ill, 0.0, 7.0), 2.0),
                ).sum()
            )

        found = cost(*self.chosen(score, ill, miss, below, above))
        every = [(a, b) for a in [-np.inf, *below] for b in [*above, np.inf] if a <= b]
        assert found == pytest.approx(min(cost(a, b) for a, b in every))


def violated(run: Callable[[np.random.Generator], bool], runs: int = RUNS) -> float:
    rng = np.random.default_rng(7)
    return float(np.mean([run(rng) for _ in range(runs)]))


def scores(rng: np.random.Generator, n: int, shift: float, digits: int | None) -> Floats:
    found = np.round(rng.normal(shift, 1.0, n), digits) if digits is not None else None
    return rng.normal(shift, 1.0, n) if found is None else found


def below(shift: float, threshold: float, digits: int | None) -> float:
    """The true chance of a score strictly below the threshold."""
    half = 0.0 if digits is None else 0.5 * 10.0**-digits
    return float(scipy_stats.norm.cdf(threshold - half, shift))


@pytest.mark.parametrize("digits", [None, 1, 0])
def test_both_sides_and_protected_parts_are_wrong_together_at_most_delta_often(
    digits: int | None,
) -> None:
    """The parts share the delta of their side: all must hold, so no split is needed (Berger)."""

    def run(rng: np.random.Generator) -> bool:
        wrong = False
        for sign in (1.0, -1.0):
            parts, limits = (0.0, 0.0, 0.3), []
            for shift in parts:
                drawn = sample(scores(rng, 160, shift, digits).tolist(), [-9.0])
                limits.append(certified_threshold(drawn, 0.05, DELTA / 2).threshold)
            assert sign and all(limit is not None for limit in limits)
            t = min(limit for limit in limits if limit is not None)
            wrong |= any(below(shift, t, digits) > 0.05 for shift in parts)
        return wrong

    assert violated(run) <= MOST


def test_counting_dependent_cases_one_by_one_would_err_more_often_than_delta() -> None:
    def run(rng: np.random.Generator, by_unit: bool) -> bool:
        n, cases = 100, 4
        score = (rng.normal(size=(n, 1)) * 0.9 + rng.normal(size=(n, cases)) * 0.436).ravel()
        unit = np.repeat(np.arange(n), cases)
        ill = np.ones(n * cases, dtype=bool)
        found = one_a_unit(score, ill, unit if by_unit else None)
        whole = Sample(np.append(found.score, -9.0), np.append(found.error, False))
        t = certified_threshold(whole, 0.05, DELTA).threshold
        assert t is not None
        if by_unit:
            return risk_of_unit(t) > 0.05
        return float(scipy_stats.norm.cdf(t)) > 0.05

    def risk_of_unit(t: float) -> float:
        x = np.linspace(-5, 5, 401)
        all_below = scipy_stats.norm.cdf((t - 0.9 * x) / 0.436) ** 4
        return float(np.sum(all_below * scipy_stats.norm.pdf(x)) * (x[1] - x[0]))

    assert violated(lambda rng: run(rng, True)) <= MOST
    assert violated(lambda rng: run(rng, False)) > 0.08


@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_a_predictive_value_and_whatever_cost_picks_are_wrong_at_most_delta_often(
    prevalence: float | None,
) -> None:
    """The worst choice inside the rejected set is taken, and it is still right."""
    shift, share, at_most = 1.2, 0.05, 0.02
    tried = grid(np.random.default_rng(1).normal(0.0, 1.0, 500))

    def truth(t: NDArray[np.float64]) -> NDArray[np.float64]:
        wrong = share * scipy_stats.norm.cdf(t, shift)
        return np.asarray(wrong / (wrong + (1 - share) * scipy_stats.norm.cdf(t)))

    def run(rng: np.random.Generator) -> bool:
        ill = rng.random(1500) < (share if prevalence is None else 0.3)
        drawn = Sample(rng.normal(np.where(ill, shift, 0.0), 1.0), ill)
        shown = predictive_shown(drawn, tried, at_most, DELTA / STARTS, prevalence)
        chosen = tried[fixed_sequence(shown, starts(len(tried)))]
        return bool(len(chosen) and (truth(chosen) > at_most).any())

    assert violated(run, 1000) <= scipy_stats.binom.ppf(0.999, 1000, DELTA) / 1000


def test_a_predictive_value_can_be_shown_where_it_holds() -> None:
    rng = np.random.default_rng(2)
    ill = rng.random(20_000) < 0.05
    drawn = Sample(rng.normal(np.where(ill, 3.0, 0.0), 1.0), ill)
    tried = grid(rng.normal(size=500))
    for prevalence in (None, 0.05):
        shown = predictive_shown(drawn, tried, 0.01, DELTA / STARTS, prevalence)
        assert shown.sum() > 10


def test_thresholds_without_other_scores_cover_all_scores() -> None:
    assert grid(np.empty(0))[[0, -1]].tolist() == [0.02, 1.0]


def test_on_200_splits_of_wdbc_it_errs_as_often_as_it_must_and_clears_most_normals() -> None:
    """The violation rate seen on the rest lies in the band of the beta-binomial."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    found = load_breast_cancer()
    ill = found.target == 0
    scaled = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    rng = np.random.default_rng(11)
    seen, cleared, expected = [], [], []
    for _ in range(200):
        order = rng.permutation(len(ill))
        train, calibration, rest = np.split(order, [170, 440])
        model = LogisticRegression(solver="liblinear").fit(scaled[train], ill[train])
        score = model.decision_function(scaled)
        one = certified_threshold(Sample(score[calibration], ill[calibration]), 0.05, DELTA)
        assert one.threshold is not None
        assert scipy_stats.binom.cdf(one.k, one.n, 0.05) <= DELTA
        missed = score[rest][ill[rest]] < one.threshold
        seen.append(missed.mean() > 0.05)
        cleared.append((score[rest][~ill[rest]] < one.threshold).mean())
        most = int(np.floor(0.05 * len(missed)))
        expected.append(scipy_stats.betabinom.sf(most, len(missed), one.k + 1, one.n - one.k))
    low, high = np.asarray(scipy_stats.binom.ppf([0.005, 0.995], 200, np.mean(expected)))
    assert low <= np.sum(seen) <= high
    assert np.mean(cleared) >= 0.70
