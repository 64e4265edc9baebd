"""A Laplace posterior is the closed form where there is one, and what others compute elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import integrate, stats
from scipy.special import expit
from sklearn.linear_model import BayesianRidge

from roadworthy.models.nets import posterior
from roadworthy.models.nets.posterior import Curved

Floats = NDArray[np.float64]


def line(n: int = 60, width: int = 4, noise: float = 0.3) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, width))
    return x, x @ rng.normal(size=width) + noise * rng.normal(size=n)


def of_line(x: Floats, noise: float, theta: Floats) -> Curved:
    return Curved(theta, posterior.curvature(x[:, None, :], None, np.full(len(x), 1 / noise)))


def test_the_posterior_of_a_line_is_the_closed_form_of_bayesian_regression() -> None:
    """Bishop 2006, eq. 3.53-3.54 and 3.59."""
    (x, _), noise, precision = line(), 0.09, 2.0
    spread = of_line(x, noise, np.zeros(4)).spread(precision)
    closed = np.linalg.inv(x.T @ x / noise + precision * np.eye(4))
    assert np.allclose(spread @ spread.T, closed)
    fresh = np.random.default_rng(1).normal(size=(7, 4))
    found = posterior.variances(fresh[:, None, :], spread)[:, 0]
    assert np.allclose(found, np.einsum("ni,ij,nj->n", fresh, closed, fresh))


@pytest.mark.parametrize("precision", [0.05, 1.0, 30.0])
def test_the_evidence_of_a_line_is_the_density_of_what_was_seen(precision: float) -> None:
    (x, y), noise = line(), 0.09
    matrix = x.T @ x / noise + precision * np.eye(4)
    theta: Floats = np.asarray(np.linalg.solve(matrix, x.T @ y / noise), dtype=np.float64)
    fit = float(np.sum(stats.norm.logpdf(y, x @ theta, np.sqrt(noise))))
    seen = stats.multivariate_normal(cov=noise * np.eye(len(x)) + x @ x.T / precision).logpdf(y)
    assert fit + of_line(x, noise, theta).log_evidence(precision) == pytest.approx(seen)


def test_prior_and_spread_are_those_of_another_implementation() -> None:
    """scikit-learn's BayesianRidge, iterated to the same maximum of the evidence."""
    x, y = line(400)
    other = BayesianRidge(
        fit_intercept=False, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, tol=1e-12, max_iter=2000
    ).fit(x, y)
    found = of_line(x, 1.0 / other.alpha_, np.asarray(other.coef_, dtype=np.float64))
    assert found.best_precision() == pytest.approx(other.lambda_, rel=0.02)
    spread = found.spread(other.lambda_)
    assert np.allclose(spread @ spread.T, other.sigma_, rtol=1e-6)


@pytest.mark.parametrize("classes", [1, 3])
def test_the_curvature_is_the_hessian_that_automatic_differentiation_gives(classes: int) -> None:
    rng = np.random.default_rng(2)
    x, theta = rng.normal(size=(30, 4)), rng.normal(size=(classes, 4))
    truth = torch.from_numpy(rng.integers(0, max(2, classes), 30))
    counts = rng.uniform(0.2, 2.0, 30)

    def loss(flat: torch.Tensor) -> torch.Tensor:
        out = torch.from_numpy(x) @ flat.reshape(classes, 4).T
        pair = torch.cat([torch.zeros_like(out), out], dim=1) if classes == 1 else out
        each = torch.nn.functional.cross_entropy(pair, truth, reduction="none")
        return (each * torch.from_numpy(counts)).sum()

    wanted = torch.autograd.functional.hessian(loss, torch.from_numpy(theta.ravel())).numpy()
    out = x @ theta.T
    chances = expit(out) if classes == 1 else np.exp(out) / np.exp(out).sum(axis=1, keepdims=True)
    jacobian = np.repeat(x[:, None, :], classes, axis=1)
    assert np.allclose(posterior.curvature(jacobian, chances, counts), wanted)


@pytest.mark.parametrize(("mean", "variance"), [(0.5, 0.3), (2.0, 4.0), (-3.0, 1.0), (1.0, 25.0)])
def test_the_probit_approximation_is_near_the_integral(mean: float, variance: float) -> None:
    """Within .02, as MacKay (1992, fig. 4) found."""
    deviation = np.sqrt(variance)

    def weighed(z: float) -> float:
        return float(expit(mean + deviation * z) * stats.norm.pdf(z))

    exact = integrate.quad(weighed, -12, 12)[0]
    found = expit(posterior.softened(np.array([mean]), np.array([variance])))[0]
    assert found == pytest.approx(exact, abs=0.02)
