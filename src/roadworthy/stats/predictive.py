"""What results mean at a declared prevalence: predictive values and weighted means of rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import binomial, inversion

__all__ = [
    "npv",
    "npv_lower",
    "npv_p_above",
    "npv_p_below",
    "npv_upper",
    "ppv",
    "ppv_lower",
    "ppv_p_above",
    "ppv_p_below",
    "ppv_upper",
    "weighted",
    "weighted_lower",
    "weighted_p_above",
    "weighted_p_below",
    "weighted_upper",
]

Floats = NDArray[np.float64]


def ppv(sens: float, spec: float, prevalence: float) -> float:
    """Share of true positives among the cases called positive, at the declared prevalence.

    Raises ValueError unless 0 < prevalence < 1, or where no case is called positive at all.

    >>> round(ppv(0.90, 0.90, 0.006), 4)
    0.0515
    """
    if not 0.0 < prevalence < 1.0:
        raise ValueError(
            f"prevalence must lie strictly between 0 and 1, not {prevalence!r}: write 1 % as 0.01."
        )
    right, wrong = prevalence * sens, (1.0 - prevalence) * (1.0 - spec)
    if not right + wrong > 0.0:
        raise ValueError(
            f"with sensitivity {sens} and specificity {spec} no case is called: the predictive "
            "value has no meaning; report it as not measured."
        )
    return right / (right + wrong)


def npv(sens: float, spec: float, prevalence: float) -> float:
    """Share of true negatives among the cases called negative, at the declared prevalence.

    >>> round(npv(0.90, 0.90, 0.006), 5)
    0.99933
    """
    return ppv(spec, sens, 1.0 - prevalence)


def ppv_lower(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, alpha: float
) -> float:
    """Lower bound for the ppv: too high at most alpha often; cases independent.

    Clopper-Pearson lower bounds of sensitivity (``k_sens`` of ``n_pos`` positives called) and
    specificity (``k_spec`` of ``n_neg`` negatives cleared), each at alpha / 2; counts may be
    real-valued (effective sizes). The ppv rises in both.

    >>> round(ppv_lower(90, 100, 90, 100, 0.1, 0.05), 3)
    0.342
    """
    level = _half(alpha)
    return ppv(_low(k_sens, n_pos, level), _low(k_spec, n_neg, level), prevalence)


def ppv_upper(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, alpha: float
) -> float:
    """Upper bound for the ppv: too low at most alpha often; as ``ppv_lower``.

    >>> ppv_upper(90, 100, 100, 100, 0.1, 0.05)
    1.0
    """
    level = _half(alpha)
    return ppv(_high(k_sens, n_pos, level), _high(k_spec, n_neg, level), prevalence)


def ppv_p_above(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, limit: float
) -> float:
    """P-value against "the ppv is at most ``limit``", by inverting ``ppv_lower``.

    >>> ppv_p_above(90, 100, 90, 100, 0.1, 0.338) <= 0.05
    True
    """
    return inversion.p_value(
        lambda alpha: ppv_lower(k_sens, n_pos, k_spec, n_neg, prevalence, alpha) >= limit
    )


def ppv_p_below(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, limit: float
) -> float:
    """P-value against "the ppv is at least ``limit``", by inverting ``ppv_upper``."""
    return inversion.p_value(
        lambda alpha: ppv_upper(k_sens, n_pos, k_spec, n_neg, prevalence, alpha) <= limit
    )


def npv_lower(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, alpha: float
) -> float:
    """Lower bound for the npv: too high at most alpha often; as ``ppv_lower``.

    >>> npv_lower(100, 100, 80, 100, 0.1, 0.05) > 0.99
    True
    """
    return ppv_lower(k_spec, n_neg, k_sens, n_pos, 1.0 - prevalence, alpha)


def npv_upper(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, alpha: float
) -> float:
    """Upper bound for the npv: too low at most alpha often; as ``ppv_lower``."""
    return ppv_upper(k_spec, n_neg, k_sens, n_pos, 1.0 - prevalence, alpha)


def npv_p_above(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, limit: float
) -> float:
    """P-value against "the npv is at most ``limit``", by inverting ``npv_lower``."""
    return ppv_p_above(k_spec, n_neg, k_sens, n_pos, 1.0 - prevalence, limit)


def npv_p_below(
    k_sens: float, n_pos: float, k_spec: float, n_neg: float, prevalence: float, limit: float
) -> float:
    """P-value against "the npv is at least ``limit``", by inverting ``npv_upper``."""
    return ppv_p_below(k_spec, n_neg, k_sens, n_pos, 1.0 - prevalence, limit)


def weighted(k: ArrayLike, n: ArrayLike, weights: ArrayLike) -> float:
    """Weighted sum of rates seen: sum of weights * k / n, arrays of shape (rates,).

    Accuracy at a declared prevalence has weights (prevalence, 1 - prevalence), macro recall 1 / C.

    Raises ValueError where a rate with weight has no cases.

    >>> round(weighted([90, 80], [100, 100], [0.1, 0.9]), 3)
    0.81
    """
    hits, cases, weight = _weighted_rates(k, n, weights)
    if not np.all(cases > 0.0):
        raise ValueError("a rate with weight has no cases, so no estimate: gather cases of it.")
    return float((weight * hits / cases).sum())


def weighted_lower(k: ArrayLike, n: ArrayLike, weights: ArrayLike, alpha: float) -> float:
    """Lower bound for a weighted sum of independent rates: too high at most alpha often.

    Clopper-Pearson bounds of the C rates that carry weight, each at alpha / C. ``k`` hits among
    ``n`` cases, ``weights`` not negative, all of shape (rates,); k and n may be real-valued.

    >>> round(weighted_lower([90, 0], [100, 100], [1.0, 0.0], 0.05), 6)
    0.836282
    """
    hits, cases, weight = _weighted_rates(k, n, weights)
    return float((weight * binomial.lower(hits, cases, alpha / max(hits.size, 1))).sum())


def weighted_upper(k: ArrayLike, n: ArrayLike, weights: ArrayLike, alpha: float) -> float:
    """Upper bound for a weighted sum of independent rates: too low at most alpha often.

    >>> round(weighted_upper([0], [30], [1.0], 0.05), 6)
    0.095034
    """
    hits, cases, weight = _weighted_rates(k, n, weights)
    return float((weight * binomial.upper(hits, cases, alpha / max(hits.size, 1))).sum())


def weighted_p_above(k: ArrayLike, n: ArrayLike, weights: ArrayLike, limit: float) -> float:
    """P-value against "the weighted sum is at most ``limit``", by inverting ``weighted_lower``.

    >>> round(weighted_p_above([59], [59], [1.0], 0.95), 4)
    0.0485
    """
    return inversion.p_value(lambda alpha: weighted_lower(k, n, weights, alpha) >= limit)


def weighted_p_below(k: ArrayLike, n: ArrayLike, weights: ArrayLike, limit: float) -> float:
    """P-value against "the weighted sum is at least ``limit``", by inverting ``weighted_upper``."""
    return inversion.p_value(lambda alpha: weighted_upper(k, n, weights, alpha) <= limit)


def _weighted_rates(
    k: ArrayLike, n: ArrayLike, weights: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    hits, cases, weight = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (k, n, weights))
    )
    if not np.all((weight >= 0.0) & np.isfinite(weight)):
        raise ValueError(f"weights must be finite and not negative, got {weight}.")
    some = weight > 0.0
    return hits[some], cases[some], weight[some]


def _half(alpha: float) -> float:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha!r}.")
    return 0.5 * alpha


def _low(k: float, n: float, alpha: float) -> float:
    return float(binomial.lower(k, n, alpha))


def _high(k: float, n: float, alpha: float) -> float:
    return float(binomial.upper(k, n, alpha))
