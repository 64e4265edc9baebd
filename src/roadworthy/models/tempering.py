"""One number that makes averaged probabilities as sure as they should be: a temperature.

Averaging after the softmax makes an answer less sure, the more so the more members differ; where
they were right all along that is too little. So the mean is recalibrated, and not its members.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# so few cases tell no temperature
LEAST = 20
_FARTHEST = 3.0
_SMALLEST = 1e-30


def tempered(probabilities: ArrayLike, temperature: float) -> Floats:
    """Probabilities (..., classes), sharper below a temperature of 1 and flatter above.

    Their logarithms are divided by it (Guo et al. 2017); their order stays.

    >>> tempered([[0.2, 0.8]], 0.5).round(3).tolist()
    [[0.059, 0.941]]
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST)) / temperature
    found = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(found / found.sum(axis=-1, keepdims=True), dtype=np.float64)


def best(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """The temperature of the least log loss for ``truth`` (cases,), numbers of classes.

    ``probabilities`` (cases, classes) were given to cases from which nothing was learnt. Of n cases
    each truth counts (n + 1/2) / (n + 1) (Krichevsky & Trofimov 1981): n right answers do not
    justify certainty. Fewer than 20 cases tell nothing, and the temperature is 1.
    """
    from scipy.optimize import minimize_scalar

    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    n, classes = p.shape
    if n < LEAST:
        return 1.0
    wanted = np.full(p.shape, 0.5 / (n + 1) / (classes - 1))
    wanted[np.arange(n), y] = (n + 0.5) / (n + 1)

    def loss(log_temperature: float) -> float:
        said = np.maximum(tempered(p, float(np.exp(log_temperature))), _SMALLEST)
        return float(-(wanted * np.log(said)).sum())

    found = minimize_scalar(loss, bounds=(-_FARTHEST, _FARTHEST), method="bounded")
    return float(np.exp(found.x))
