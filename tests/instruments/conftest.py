"""Real cases with answers of simple models, for estimates that scikit-learn knows as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.instruments.measuring import answered, binary


@dataclass(frozen=True)
class Real:
    """Held-out cases: what is true, what was said, and both as a prepared table."""

    truth: NDArray[Any]
    said: NDArray[Any]
    cases: pl.DataFrame


def _halves(data: Any) -> tuple[NDArray[Any], ...]:
    order = np.random.default_rng(0).permutation(len(data.target))
    fit, held = order[: len(order) // 2], order[len(order) // 2 :]
    return data.data[fit], data.target[fit], data.data[held], data.target[held]


@pytest.fixture(scope="session")
def tumours() -> Real:
    """Breast cancer (Wisconsin): malignant or not, and its probability."""
    x, y, held, truth = _halves(datasets.load_breast_cancer())
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[:, :5], y == 0)
    score = model.predict_proba(held[:, :5])[:, 1]
    return Real(truth == 0, score, binary(truth == 0, score))


@pytest.fixture(scope="session")
def digits() -> Real:
    """Handwritten digits as text, and what a naive Bayes model calls them."""
    x, y, held, truth = _halves(datasets.load_digits())
    said = GaussianNB(var_smoothing=1e-3).fit(x, y).predict(held)
    named, called = truth.astype(str), said.astype(str)
    return Real(named, called, answered(named, called))


@pytest.fixture(scope="session")
def progress() -> Real:
    """Progression of diabetes, and what a ridge regression expects."""
    x, y, held, truth = _halves(datasets.load_diabetes())
    said = Ridge(alpha=0.1).fit(x, y).predict(held)
    return Real(truth, said, answered(truth, said))
