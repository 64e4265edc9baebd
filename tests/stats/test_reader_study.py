"""Obuchowski-Rockette against printed results, brute force, and readers simulated at the margin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from roadworthy.core.reader_study import Arm
from roadworthy.core.requirement import Limit, Side
from roadworthy.stats.reader_study import (
    Base,
    Components,
    Values,
    areas,
    arm,
    calls,
    components,
    difference,
    evidence,
    least_area_error,
    least_error,
    most_df,
    planned,
    power,
)

# Van Dyke et al. 1993: 5 readers, 45 positives, 69 negatives, two kinds of MRI. Wins and half ties
# per reader, out of 2 * 45 * 69; the figures are those that OR-DBM MRMC 2.51 and RJafroc print
# (Chakraborty, RJafrocBook, "Obuchowski Rockette Applications"). All of them were also computed
# here from the 1,140 ratings and agreed in every printed digit.
VAN_DYKE = np.array([[5711, 5333, 5613, 6043, 5153], [5886, 5622, 5724, 6206, 5775]]) / (90 * 69)
VAR, COV1, COV2, COV3 = 0.00080228827, 0.00034661371, 0.00034407483, 0.00023902837


def exchangeable(theta: NDArray[np.float64], var: float, *cov: float) -> Values:
    """Values whose errors have one variance and three covariances."""
    readers = theta.shape[1]
    same_reader, same_condition = np.eye(readers, dtype=bool), np.eye(2, dtype=bool)
    found = np.empty((2, readers, 2, readers))
    for i in range(2):
        for k in range(2):
            own, other = (var, cov[1]) if same_condition[i, k] else (cov[0], cov[2])
            found[i, :, k, :] = np.where(same_reader, own, other)
    return Values(theta, found.reshape(2 * readers, 2 * readers))


def test_the_van_dyke_study_gives_the_printed_figures() -> None:
    values = exchangeable(VAN_DYKE, VAR, COV1, COV2, COV3)
    found = components(values)
    assert found.ms_tr == pytest.approx(5.5103062e-4, rel=1e-7)
    assert found.var_tr == pytest.approx(0.0002004, abs=5e-8)
    gain = difference(values)
    assert gain.estimate == pytest.approx(0.043800322, abs=1e-9)
    assert (gain.estimate / gain.se) ** 2 == pytest.approx(4.456, abs=5e-4)
    assert gain.df == pytest.approx(15.26, abs=5e-3)
    assert 2 * stats.t.sf(gain.estimate / gain.se, gain.df) == pytest.approx(0.05167, abs=5e-6)
    half = stats.t.ppf(0.975, gain.df) * gain.se
    assert gain.estimate - half == pytest.approx(-0.0003589, abs=5e-7)
    assert gain.estimate + half == pytest.approx(0.0879595, abs=5e-7)


@pytest.mark.parametrize(
    ("condition", "cov2", "printed"),
    [(0, 0.0004840, (0.8970, 0.03317, 12.74)), (1, 0.0002042, (0.9408, 0.02157, 12.71))],
)
def test_each_arm_of_the_van_dyke_study_gives_the_printed_figures(
    condition: int, cov2: float, printed: tuple[float, float, float]
) -> None:
    found = arm(exchangeable(VAN_DYKE, 0.001, 0.0, cov2, 0.0), condition)
    assert found.estimate == pytest.approx(printed[0], abs=5e-5)
    assert found.se == pytest.approx(printed[1], abs=1e-5)
    assert found.df == pytest.approx(printed[2], abs=1e-2)


def test_the_size_of_the_next_study_gives_the_printed_noncentrality() -> None:
    """RJafrocRocBook, sample size by the OR method: 10 readers, 163 cases, 8.1269825."""
    pilot = Components(VAR, COV1, COV2, COV3, 0.00020040252, 5.5103062e-4)
    expected = planned(pilot, 10, 163 / 114)
    assert (0.043800322 / expected.se) ** 2 == pytest.approx(8.1269825, rel=1e-6)


def jackknifed(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The covariance of AUCs by leaving out case after case."""

    def area(kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        up, down = scores[..., kept & positive], scores[..., kept & ~positive]
        wins = (up[..., :, None] > down[..., None, :]) + 0.5 * (
            up[..., :, None] == down[..., None, :]
        )
        return np.asarray(wins.mean(axis=(-1, -2)))

    n = len(positive)
    left = np.array([area(np.arange(n) != case).ravel() for case in range(n)])
    return np.asarray((n - 1) / n * (left - left.mean(0)).T @ (left - left.mean(0)))


@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 6), st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_areas_and_their_covariance_are_those_of_the_jackknife(
    seed: int, readers: int, m: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 6, (2, readers, m + n)).astype(float)
    positive = np.arange(m + n) < m
    found = areas(scores, positive)
    assert found.covariance == pytest.approx(jackknifed(scores, positive), abs=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(3, 12))
@settings(max_examples=25, deadline=None)
def test_shares_of_calls_have_the_covariance_of_the_jackknife(
    seed: int, readers: int, n: int
) -> None:
    right = np.random.default_rng(seed).random((2, readers, n)) < 0.7
    flat = right.reshape(2 * readers, n).astype(float)
    left = np.array([np.delete(flat, case, axis=1).mean(axis=1) for case in range(n)])
    expected = (n - 1) / n * (left - left.mean(0)).T @ (left - left.mean(0))
    assert calls(right).covariance == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_readers_and_cases_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.random((2, 5, 30)) < 0.8
    other = right[:, rng.permutation(5), :][:, :, rng.permutation(30)]
    one, two = difference(calls(right)), difference(calls(other))
    assert (one.estimate, one.se) == pytest.approx((two.estimate, two.se))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_exchanged_conditions_turn_the_gain_around(seed: int) -> None:
    right = np.random.default_rng(seed).random((2, 5, 30)) < 0.8
    one, two = difference(calls(right)), difference(calls(right[::-1]))
    assert (one.estimate, one.se, one.df) == pytest.approx((-two.estimate, two.se, two.df))


def test_of_two_readers_the_interaction_is_a_quarter_of_the_squared_difference_of_gains() -> None:
    theta = np.array([[0.80, 0.70], [0.85, 0.71]])
    assert components(exchangeable(theta, 0, 0, 0, 0)).ms_tr == pytest.approx(0.04**2 / 4)
    # without errors of cases it is the paired t of two gains
    found = difference(exchangeable(theta, 0, 0, 0, 0))
    assert found.se == pytest.approx(np.std([0.05, 0.01], ddof=1) / math.sqrt(2))
    assert found.df == pytest.approx(1)


NO_WORSE = Limit(Side.MAX_DROP, 0.05, against="r")


def base(readers: int, cases: int) -> Base:
    return Base(readers, cases, "positives", least_error(cases))


def test_readers_who_never_differ_are_no_proof_on_a_handful_of_cases() -> None:
    """No spread at all was seen, and fifteen cases cannot show that one in twenty is not lost."""
    never = Arm(0.0, 0.0, math.inf)
    assert evidence(never, NO_WORSE, 0.05, base(5, 15)).p_pass > 0.15
    assert evidence(never, NO_WORSE, 0.05, base(5, 300)).p_pass < 0.05


@given(st.floats(-0.1, 0.1), st.floats(0.0, 0.08), st.integers(10, 400), st.integers(5, 20))
@settings(max_examples=60, deadline=None)
def test_bounds_and_p_values_tell_the_same(
    gain: float, se: float, cases: int, readers: int
) -> None:
    found = evidence(Arm(gain, se, 30.0), NO_WORSE, 0.05, base(readers, cases))
    assert found.low is not None and found.high is not None
    assert found.low <= found.estimate <= found.high
    if found.low > -0.05 + 1e-9:
        assert found.p_pass <= 0.05
    if found.high < -0.05 - 1e-9:
        assert found.p_fail <= 0.05
    assert not (found.p_pass <= 0.05 and found.p_fail <= 0.05)


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
@settings(max_examples=40, deadline=None)
def test_a_larger_gain_is_never_weaker_evidence(one: float, two: float) -> None:
    low, high = sorted((one, two))
    p = [evidence(Arm(g, 0.02, 9.0), NO_WORSE, 0.05, base(5, 80)).p_pass for g in (low, high)]
    assert p[1] <= p[0]


def test_more_readers_and_more_cases_have_more_power() -> None:
    found = Components(0.0008, 0.00035, 0.00034, 0.00024, 0.0002, 0.0)
    by_readers = [power(found, j, 1.0, 0.05, 0.05) for j in (5, 8, 12, 20)]
    by_cases = [power(found, 8, scale, 0.05, 0.05) for scale in (0.5, 1.0, 2.0, 4.0)]
    assert by_readers == sorted(by_readers)
    assert by_cases == sorted(by_cases)
    assert power(found, 8, 1.0, 0.0, 0.05) == pytest.approx(0.05, abs=1e-6)


# Roe & Metz 1997: variances of case, condition by case, reader by case, and error; they sum to 1
CASES = {"low": (0.1, 0.1, 0.2, 0.6), "high": (0.3, 0.3, 0.2, 0.2)}


def roe_metz(
    rng: np.random.Generator, readers: int, n: int, means: tuple[float, float], how: str, var: float
) -> NDArray[np.float64]:
    """Scores of ``n`` cases of one class, shape (2, readers, n)."""
    case, by_condition, by_reader, error = (math.sqrt(v) for v in CASES[how])
    return np.asarray(
        np.array(means)[:, None, None]
        + math.sqrt(var) * (rng.normal(size=(1, readers, 1)) + rng.normal(size=(2, readers, 1)))
        + case * rng.normal(size=(1, 1, n))
        + by_condition * rng.normal(size=(2, 1, n))
        + by_reader * rng.normal(size=(1, readers, n))
        + error * rng.normal(size=(2, readers, n))
    )


def passes_of_calls(
    readers: int, n: int, before: float, how: str, var: float, runs: int
) -> tuple[float, float]:
    """How often readers who lose exactly the margin pass: as shipped, and by the plain test."""
    rng = np.random.default_rng(7)
    spread = math.sqrt(1 + 2 * var)
    means = (stats.norm.ppf(before) * spread, stats.norm.ppf(before - 0.05) * spread)
    shipped = plain = 0
    for _ in range(runs):
        gain = difference(calls(roe_metz(rng, readers, n, means, how, var) > 0))
        shipped += evidence(gain, NO_WORSE, 0.05, base(readers, n)).p_pass <= 0.05
        score = (gain.estimate + 0.05) / gain.se if gain.se else math.inf
        plain += stats.t.sf(score, gain.df) <= 0.05
    return shipped / runs, plain / runs


@pytest.mark.parametrize("readers", [5, 10])
@pytest.mark.parametrize(
    ("n", "before", "how", "var"),
    [(15, 0.99, "high", 0.03), (30, 0.85, "high", 0.03), (100, 0.70, "low", 0.0055)],
)
def test_readers_who_lose_the_margin_seldom_pass(
    readers: int, n: int, before: float, how: str, var: float
) -> None:
    runs = 500
    shipped, _ = passes_of_calls(readers, n, before, how, var, runs)
    assert shipped <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_the_plain_test_passes_them_far_too_often_near_perfection() -> None:
    """Why the error is never believed to be smaller than at the limit."""
    shipped, plain = passes_of_calls(5, 15, 0.99, "high", 0.0055, 400)
    assert plain > 0.12 > 0.05 > shipped


@pytest.mark.parametrize(("m", "before"), [(10, 0.99), (25, 0.85)])
def test_readers_whose_area_shrinks_by_the_margin_seldom_pass(m: int, before: float) -> None:
    rng, runs, var, readers = np.random.default_rng(5), 300, 0.0055, 5
    spread = math.sqrt(2 * (1 + 2 * var))
    means = (stats.norm.ppf(before) * spread, stats.norm.ppf(before - 0.05) * spread)
    least, positive, hits = least_area_error(m, m), np.arange(2 * m) < m, 0
    for _ in range(runs):
        sides = [roe_metz(rng, readers, m, mean, "high", var) for mean in (means, (0.0, 0.0))]
        gain = difference(areas(np.concatenate(sides, axis=2), positive))
        found = evidence(gain, NO_WORSE, 0.05, Base(readers, 2 * m, "cases", least))
        hits += found.p_pass <= 0.05
    assert hits / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_few_readers_give_few_degrees_of_freedom() -> None:
    assert most_df(5) == 8
