"""How sure a binary model is of an answer: entropy, what members disagree on, and an interval."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

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
