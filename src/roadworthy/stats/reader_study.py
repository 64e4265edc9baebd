"""Several readers, the same cases, two conditions: is the average reader worse with the marks?

Readers and cases are both samples: the claim is about other readers on other cases. The method is
that of Obuchowski & Rockette (1995, Commun. Stat. Simul. 24:285) with the degrees of freedom of
Hillis (2007, Stat. Med. 26:596), covariances by the jackknife over cases; sizes follow Hillis,
Obuchowski & Berbaum (2011, Acad. Radiol. 18:129).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from roadworthy.core.evidence import Evidence, Measured, NotMeasured
from roadworthy.core.reader_study import Arm, ReaderStudy
from roadworthy.core.requirement import Limit
from roadworthy.stats.evidence import Bounds, measured

Floats = NDArray[np.float64]
Least = Callable[[float], float]
CONDITIONS = 2

# fewer than these, and the tests below were seen to pass failing readers too often
FEWEST_READERS = 5
FEWEST_CASES = 10

METHOD = (
    "Obuchowski-Rockette, readers and cases random, jackknife; Hillis's degrees of freedom, at "
    "most twice the readers less two; standard error no smaller than at the limit"
)
ASSUMED = (
    "readers and cases are samples of those that the claim is about",
    "every reader read every case in both conditions, far enough apart not to remember it",
)


@dataclass(frozen=True)
class Values:
    """An endpoint of every reader, shape (2, readers), and the covariance of its errors.

    Row 0 is without marks, row 1 with them. ``covariance`` has shape (2 * readers, 2 * readers),
    in the order of ``theta.ravel()``: how the values vary together when other cases are drawn.
    """

    theta: Floats
    covariance: Floats


@dataclass(frozen=True)
class Components:
    """Obuchowski and Rockette's parameters of two conditions.

    ``var`` is the error variance of one value; ``cov1`` the error covariance of one reader in both
    conditions, ``cov2`` of two readers in one, ``cov3`` of two readers in two. ``var_tr`` is the
    variance of what the marks do to one reader more than to another, ``ms_tr`` its mean square.
    """

    var: float
    cov1: float
    cov2: float
    cov3: float
    var_tr: float
    ms_tr: float


def calls(right: NDArray[np.bool_]) -> Values:
    """The share of right calls per condition and reader; ``right`` has shape (2, readers, cases).

    The jackknife over cases is the sample covariance divided by the number of cases.
    """
    conditions, readers, cases = right.shape
    flat = right.reshape(conditions * readers, cases).astype(np.float64)
    return Values(right.mean(axis=2), np.atleast_2d(np.cov(flat)) / cases)


def areas(scores: Floats, positive: NDArray[np.bool_]) -> Values:
    """The empirical AUC per condition and reader; ``scores`` has shape (2, readers, cases).

    >>> two = np.array([[[1.0, 2.0, 3.0, 4.0]], [[2.0, 1.0, 3.0, 4.0]]])
    >>> areas(two, np.array([False, True, False, True])).theta.ravel().tolist()
    [0.75, 0.5]
    """
    conditions, readers, cases = scores.shape
    flat = scores.reshape(conditions * readers, cases)
    of_positives, of_negatives = _placements(flat, positive)
    m, n = of_positives.shape[1], of_negatives.shape[1]
    theta = of_positives.mean(axis=1)
    # leaving out one positive (one negative) leaves the mean of the other placements
    without = np.concatenate(
        [
            (m * theta[:, None] - of_positives) / (m - 1),
            (n * theta[:, None] - of_negatives) / (n - 1),
        ],
        axis=1,
    )
    apart = without - without.mean(axis=1, keepdims=True)
    return Values(theta.reshape(conditions, readers), (cases - 1) / cases * apart @ apart.T)


def _placements(scores: Floats, positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Of each positive the share of negatives below it, of each negative that of positives above.

    Ties count half. Shapes (rows, positives) and (rows, negatives).
    """
    above, below = scores[:, positive], scores[:, ~positive]
    m, n = above.shape[1], below.shape[1]
    everything = stats.rankdata(np.concatenate([above, below], axis=1), axis=1)
    among_positives = stats.rankdata(above, axis=1)
    among_negatives = stats.rankdata(below, axis=1)
    of_positives = (everything[:, :m] - among_positives) / n
    of_negatives = 1.0 - (everything[:, m:] - among_negatives) / m
    return of_positives, of_negatives


def components(values: Values) -> Components:
    """The model's parameters, estimated; covariances are averages over readers and conditions."""
    readers = values.theta.shape[1]
    by_place = values.covariance.reshape(CONDITIONS, readers, CONDITIONS, readers)
    same_reader = np.eye(readers, dtype=bool)
    own = [by_place[i, :, i, :] for i in range(CONDITIONS)]
    across = by_place[0, :, 1, :]
    var = float(np.mean([np.diag(block) for block in own]))
    cov1 = float(np.mean(np.diag(across)))
    cov2 = float(np.mean([block[~same_reader] for block in own])) if readers > 1 else 0.0
    cov3 = float(np.mean(across[~same_reader])) if readers > 1 else 0.0
    ms_tr = _interaction(values.theta)
    var_tr = ms_tr - var + cov1 + max(cov2 - cov3, 0.0)
    return Components(var, cov1, cov2, cov3, max(var_tr, 0.0), ms_tr)


def _interaction(theta: Floats) -> float:
    """The mean square of condition by reader: half the variance of the readers' gains."""
    gains = theta[1] - theta[0]
    return float(gains.var(ddof=1)) / 2.0


def difference(values: Values) -> Arm:
    """The average gain of readers with marks, for other readers and other cases.

    >>> rng = np.random.default_rng(1)
    >>> alike = np.repeat(rng.random((1, 5, 60)) < 0.8, 2, axis=0)
    >>> difference(calls(alike)).estimate
    0.0
    """
    found = components(values)
    estimate = float((values.theta[1] - values.theta[0]).mean())
    readers = values.theta.shape[1]
    return _difference(estimate, found.ms_tr, found.cov2 - found.cov3, readers)


def _difference(estimate: float, ms_tr: float, shared: float, readers: int) -> Arm:
    error = ms_tr + readers * max(shared, 0.0)
    df = (readers - 1) * (error / ms_tr) ** 2 if ms_tr > 0.0 else math.inf
    return Arm(estimate, math.sqrt(2.0 * error / readers), df)


def arm(values: Values, condition: int) -> Arm:
    """The average reader in one condition (0 without marks, 1 with), its error, and its df."""
    theta = values.theta[condition]
    readers = len(theta)
    block = values.covariance.reshape(CONDITIONS, readers, CONDITIONS, readers)
    own = block[condition, :, condition, :]
    cov2 = float(np.mean(own[~np.eye(readers, dtype=bool)]))
    ms_r = float(theta.var(ddof=1))
    error = ms_r + readers * max(cov2, 0.0)
    df = (readers - 1) * (error / ms_r) ** 2 if ms_r > 0.0 else math.inf
    return Arm(float(theta.mean()), math.sqrt(error / readers), df)


def power(
    found: Components,
    readers: int,
    scale: float,
    distance: float,
    alpha: float,
    least: float = 0.0,
) -> float:
    """The chance to show that the true gain lies ``distance`` above the limit, one-sided.

    ``scale`` divides the error (co)variances: cases of the study / cases that ``found`` is about.
    ``least`` is the least standard error at the limit (see ``evidence``).
    """
    expected = planned(found, readers, scale)
    se = max(expected.se, least)
    if se == 0.0:
        return 1.0
    df = min(expected.df, most_df(readers))
    critical = stats.t.ppf(1.0 - alpha, df)
    return float(stats.nct.sf(critical, df, distance / se))


def planned(found: Components, readers: int, scale: float) -> Arm:
    """The error and the degrees of freedom to expect of a gain of 0; see ``power``."""
    shared = max(found.cov2 - found.cov3, 0.0) / scale
    own = (found.var - found.cov1) / scale - shared
    return _difference(0.0, found.var_tr + max(own, 0.0), shared, readers)


def most_df(readers: int) -> float:
    """The most degrees of freedom that so few readers are believed to give.

    Hillis's estimate is itself noisy: with five readers it passed failing ones in .06 of studies.
    """
    return 2.0 * (readers - 1)


def least_error(cases: int) -> Least:
    """The smallest standard error to believe of a share of calls, or of a difference of shares.

    Were the truth at the limit, that share of single cases would have to go wrong: readers may all
    go wrong on the same ones, and a study that happens to hold none of them sees no spread at all.
    Without it, five readers on 15 cases pass a drop of .05 in 19 % of studies (near .99).

    >>> round(least_error(100)(-0.05), 4)
    0.0218
    """

    def at(limit: float) -> float:
        share = min(max(abs(limit), 1.0 / cases), 1.0 - 1.0 / cases)
        return math.sqrt(share * (1.0 - share) / cases)

    return at


def least_area_error(positives: int, negatives: int) -> Least:
    """As ``least_error`` for an AUC: Newcombe's (2006) fifth variance at an area of 1 - |limit|.

    >>> round(least_area_error(50, 50)(-0.05), 4)
    0.0227
    """
    half = (positives + negatives) / 2.0 - 1.0
    fewest = min(positives, negatives)

    def at(limit: float) -> float:
        area = 1.0 - min(max(abs(limit), 1.0 / fewest), 0.5)
        spread = 1.0 + half * ((1.0 - area) / (2.0 - area) + area / (1.0 + area))
        return math.sqrt(area * (1.0 - area) * spread / (positives * negatives))

    return at


@dataclass(frozen=True)
class Base:
    """What a figure rests on: how many readers, cases of what kind, and the least error."""

    readers: int
    cases: int
    of: str
    least: Least


def evidence(found: Arm, limit: Limit, alpha: float, base: Base) -> Measured:
    """One-sided evidence of an average reader, or of an average gain, against a limit.

    The statistic is (estimate - limit) / error, a t with Hillis's degrees of freedom; two
    departures keep alpha where the plain test does not. The error is never smaller than
    ``base.least(limit)``, and there are at most ``most_df`` degrees of freedom. Bounds invert it.
    """
    df = min(found.df, most_df(base.readers))

    def statistic(at: float) -> float:
        return (found.estimate - at) / max(found.se, base.least(at))

    critical = float(stats.t.ppf(1.0 - alpha, df))
    score = statistic(limit.threshold)
    bounds = Bounds(
        low=_crossing(statistic, critical, -1.0 if limit.compares else 0.0, found.estimate),
        high=_crossing(statistic, -critical, found.estimate, 1.0),
        above=float(stats.t.sf(score, df)),
        below=float(stats.t.cdf(score, df)),
    )
    return measured(
        limit,
        bounds,
        estimate=found.estimate,
        n=base.cases,
        of=base.of,
        method=METHOD,
        assumptions=ASSUMED,
    )


def _crossing(statistic: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where the statistic, which falls from ``low`` to ``high``, is ``target``; else the end."""
    if low >= high or statistic(low) <= target:
        return low
    if statistic(high) >= target:
        return high
    return float(optimize.brentq(lambda at: statistic(at) - target, low, high, xtol=1e-12))


def study_evidence(study: ReaderStudy, metric: str, limit: Limit, alpha: float) -> Evidence | None:
    """What an analysed study says of a requirement on the team; None: it did not measure it.

    An absolute limit is about the readers with marks, a comparison about their gain.
    """
    found = study.of(metric)
    if found is None or metric not in ("sensitivity", "specificity"):
        return None
    told = found.difference if limit.against else found.with_marks
    if told is None:
        assert isinstance(found.evidence, NotMeasured)
        return found.evidence
    of = f"{found.of} of the reader study"
    return evidence(told, limit, alpha, Base(study.readers, found.n, of, least_error(found.n)))
