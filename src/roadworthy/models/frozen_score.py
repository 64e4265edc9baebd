"""A score that is already there, in the form in which scikit-learn's calibrators take one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class FrozenScore(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with its one column of log-odds, whatever it was fitted to."""

    def fit(self, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Self:
        """Learns the two classes and nothing else."""
        self.classes_ = np.unique(y)
        self.n_features_in_ = 1
        return self

    def decision_function(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The column itself, shape (cases,)."""
        return np.asarray(x)[:, 0]

    def predict(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Positive where the odds are even or better, shape (cases,)."""
        found: np.ndarray[Any, Any] = self.classes_[(self.decision_function(x) >= 0.0).astype(int)]
        return found
