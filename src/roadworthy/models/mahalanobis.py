"""The guard's method for columns that move together: how far from their common centre."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.core.errors import BadInput
from roadworthy.models.pipelines import one_thread

if TYPE_CHECKING:
    from roadworthy.core.guard import Floats


class Mahalanobis:
    """The Mahalanobis distance from the mean, by a covariance shrunk as Ledoit and Wolf did.

    Source: Mahalanobis 1936; Ledoit & Wolf 2004, J. Multivariate Anal. 88:365.
    """

    about = "Mahalanobis distance from the mean, covariance shrunk (Ledoit-Wolf)"

    def fit(self, reference: Floats, seed: int) -> Mapping[str, Any]:
        """The mean, and a matrix that makes all directions alike."""
        from sklearn.covariance import LedoitWolf

        if len(reference) < 2:
            raise BadInput(
                f"the guard knows {len(reference)} reference cases, and a covariance needs two.",
                code="too_few_cases",
                where="guard",
                value=len(reference),
                next_step="Add training cases in scope.",
            )
        with one_thread():
            found = LedoitWolf().fit(reference)
            values, vectors = np.linalg.eigh(found.covariance_)
        least = max(float(values[-1]), 1.0) * 1e-12
        return {"mean": found.location_, "whiten": vectors / np.sqrt(np.maximum(values, least))}

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Floats], Floats]:
        """The distance as a length after whitening."""
        mean, whiten = fitted["mean"], fitted["whiten"]

        def distances(cases: Floats) -> Floats:
            with one_thread():
                found: Floats = np.sqrt((((cases - mean) @ whiten) ** 2).sum(axis=1))
            return found

        return distances
