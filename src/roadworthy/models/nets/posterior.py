"""How far the weights of a last layer may lie from where training left them: Laplace's Gaussian.

Its precision is the generalised Gauss-Newton matrix of the log loss plus that of a Gaussian prior
around 0 (MacKay 1992; Daxberger et al. 2021, NeurIPS); for a layer that is linear in its weights
that matrix is the Hessian itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST, _MOST = -10.0, 16.0


def curvature(jacobian: Floats, chances: Floats | None, weights: Floats) -> Floats:
    """The Gauss-Newton matrix of a sum of losses over cases, shape (p, p).

    ``jacobian`` (cases, outputs, weights of an output): the derivative of each output by its own
    weights; p is outputs times weights. ``chances`` (cases, outputs) are the probabilities of all
    classes (one output: of the positive one, the log loss of a logit); None: values, half the
    squared error. ``weights`` (cases,) say how much each case counts.
    """
    cases, outputs, width = jacobian.shape
    if chances is None:
        root = np.broadcast_to(np.eye(outputs), (cases, outputs, outputs))
    elif outputs == 1:
        root = np.sqrt(chances * (1.0 - chances))[:, :, None]
    else:
        # (D - pp')(with D = diag p) is its product with its own transpose
        half = np.sqrt(chances)
        root = half[:, :, None] * np.eye(outputs) - chances[:, :, None] * half[:, None, :]
    each = root.transpose(0, 2, 1)[:, :, :, None] * jacobian[:, None, :, :]
    flat = (each * np.sqrt(weights)[:, None, None, None]).reshape(-1, outputs * width)
    found: Floats = flat.T @ flat
    return found


@dataclass(frozen=True)
class Curved:
    """The loss around ``weights`` (p,): its ``curvature`` (p, p), and what a prior adds."""

    weights: Floats
    curvature: Floats

    @cached_property
    def _parts(self) -> tuple[Floats, Floats]:
        values, vectors = np.linalg.eigh(self.curvature)
        return np.maximum(values, 0.0), vectors

    def log_evidence(self, precision: float) -> float:
        """The logarithm of the marginal likelihood, less that of the likelihood at ``weights``.

        ``precision`` is that of the prior, one for all weights (MacKay 1992, eq. 3.3).
        """
        values, _ = self._parts
        fit = precision * float(self.weights @ self.weights)
        occam = float(np.log1p(values / precision).sum())
        return -0.5 * (fit + occam)

    def best_precision(self) -> float:
        """The prior precision of the largest marginal likelihood."""
        from scipy.optimize import minimize_scalar

        def loss(log: float) -> float:
            return -self.log_evidence(float(np.exp(log)))

        found = minimize_scalar(loss, bounds=(_LEAST, _MOST), method="bounded")
        return float(np.exp(found.x))

    def spread(self, precision: float) -> Floats:
        """A root of the posterior covariance, shape (p, p): its product with its transpose."""
        values, vectors = self._parts
        found: Floats = vectors / np.sqrt(values + precision)
        return found


def variances(jacobian: Floats, spread: Floats) -> Floats:
    """The variance of each output, shape (cases, outputs), to first order in the weights."""
    _, outputs, width = jacobian.shape
    found: Floats = np.empty(jacobian.shape[:2])
    for at in range(outputs):
        own = spread[at * width : (at + 1) * width]
        found[:, at] = ((jacobian[:, at] @ own) ** 2).sum(axis=1)
    return found


def softened(out: Floats, variance: Floats) -> Floats:
    """Logits whose softmax or logistic is about the mean over a Gaussian of this ``variance``.

    The logistic is taken for a probit of slope pi/8 (MacKay 1992; of several classes: Gibbs 1998).

    >>> softened(np.array([[2.0]]), np.array([[0.0]])).tolist()
    [[2.0]]
    """
    found: Floats = out / np.sqrt(1.0 + np.pi / 8.0 * variance)
    return found
