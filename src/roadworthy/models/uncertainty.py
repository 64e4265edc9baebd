"""How sure a model is of an answer: entropy, what members disagree on, and an interval."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]


def entropy(p: ArrayLike) -> Floats:
    """Entropy of a yes-or-no answer with probability ``p`` (any shape), in nats; 0 when sure.

    >>> entropy([0.0, 0.5, 1.0]).round(4).tolist()
    [0.0, 0.6931, 0.0]
    """
    given = np.asarray(p, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = -(given * np.log(given) + (1.0 - given) * np.log1p(-given))
    settled = (given <= 0.0) | (given >= 1.0)
    return np.asarray(np.where(settled, 0.0, found), dtype=np.float64)


def mutual_information(members: ArrayLike) -> Floats:
    """What members (members, cases) disagree on, shape (cases,), in nats.

    The entropy of their mean less the mean of their entropies (BALD; Houlsby et al. 2011, Depeweg
    et al. 2018): 0 when all say the same, however unsure they are.

    >>> mutual_information([[0.5, 0.0], [0.5, 1.0]]).round(4).tolist()
    [0.0, 0.6931]
    """
    given = np.asarray(members, dtype=np.float64)
    found = entropy(given.mean(axis=0)) - entropy(given).mean(axis=0)
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def class_entropy(p: ArrayLike) -> Floats:
    """Entropy over classes, the last axis of ``p`` (..., classes), in nats; 0 when sure.

    >>> class_entropy([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]).round(4).tolist()
    [0.6931, 0.0]
    """
    given = np.asarray(p, dtype=np.float64)
    return np.asarray(-xlogy(given, given).sum(axis=-1) + 0.0, dtype=np.float64)


def class_mutual_information(members: ArrayLike) -> Floats:
    """What members (members, cases, classes) disagree on, shape (cases,), in nats.

    As ``mutual_information``, for any number of classes.

    >>> class_mutual_information([[[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]]]).round(4).tolist()
    [0.6931]
    """
    given = np.asarray(members, dtype=np.float64)
    found = class_entropy(given.mean(axis=0)) - class_entropy(given).mean(axis=0)
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def of_members(members: ArrayLike, share: float = 0.9) -> pl.DataFrame:
    """The distribution of an ensemble, one row a case.

    ``members`` (members, cases) are probabilities; ``low`` and ``high`` enclose the middle
    ``share`` of them. That is how far members differ, no confidence interval of the truth.
    """
    given = np.asarray(members, dtype=np.float64)
    low, high = np.quantile(given, [(1.0 - share) / 2, (1.0 + share) / 2], axis=0)
    mean = given.mean(axis=0)
    # few members may all lie on one side of their mean's quantiles
    found = of_scores(mean, np.minimum(low, mean), np.maximum(high, mean))
    return found.with_columns(mutual_information=pl.Series(mutual_information(given)))


def of_classes(mean: ArrayLike, members: ArrayLike, at: int | None, share: float) -> pl.DataFrame:
    """The distribution of a model of several classes, without what its members disagree on.

    ``mean`` (cases, classes) is what it says, ``members`` (members, cases, classes) what lies
    behind; ``score`` is the probability of class ``at``, None: of the most probable one.
    """
    said, given = (np.asarray(one, dtype=np.float64) for one in (mean, members))
    place = said.argmax(axis=1) if at is None else np.full(len(said), at)
    rows = np.arange(len(said))
    score, each = said[rows, place], given[:, rows, place]
    return around(score, each, share).with_columns(entropy=pl.Series(class_entropy(said)))


def around(score: Floats, members: Floats, share: float) -> pl.DataFrame:
    """Numbers ``score`` (cases,), within the middle ``share`` of ``members`` (members, cases).

    They need be no probabilities, so there is no entropy.
    """
    low, high = np.quantile(members, [(1.0 - share) / 2, (1.0 + share) / 2], axis=0)
    empty = pl.Series([None] * len(score), dtype=pl.Float64)
    return pl.DataFrame(
        {
            "score": score,
            # few members may all lie on one side of their mean's quantiles
            "low": np.minimum(low, score),
            "high": np.maximum(high, score),
            "entropy": empty,
            "mutual_information": empty,
        }
    )


def of_scores(
    scores: ArrayLike, low: ArrayLike | None = None, high: ArrayLike | None = None
) -> pl.DataFrame:
    """The distribution of a model that says one probability a case, shape (cases,)."""
    score = np.asarray(scores, dtype=np.float64)
    empty = pl.Series([None] * len(score), dtype=pl.Float64)
    return pl.DataFrame(
        {
            "score": score,
            "low": empty if low is None else np.asarray(low, dtype=np.float64),
            "high": empty if high is None else np.asarray(high, dtype=np.float64),
            "entropy": entropy(score),
            "mutual_information": empty,
        }
    )
