"""The guard's method for any shape of data: how far the k-th nearest reference case is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.core.errors import BadInput
from roadworthy.models.pipelines import one_thread

if TYPE_CHECKING:
    from roadworthy.core.guard import Floats

NEIGHBOURS = 5
# a search among more takes seconds for some thousand cases, and tells hardly more
MOST_REFERENCE = 10_000
_CHUNK = 4096


class NearestNeighbours:
    """The Euclidean distance to the fifth nearest of at most 10,000 reference cases.

    Source: Ramaswamy, Rastogi & Shim 2000, SIGMOD; Sun et al. 2022, ICML (deep features).
    """

    about = f"distance to the {NEIGHBOURS}th nearest of at most {MOST_REFERENCE:,} reference cases"

    def fit(self, reference: Floats, seed: int) -> Mapping[str, Any]:
        """The reference cases themselves, or as many as may be, drawn by ``seed``."""
        if len(reference) < NEIGHBOURS:
            raise BadInput(
                f"the guard knows {len(reference)} reference cases, and knn asks for the "
                f"{NEIGHBOURS}th nearest.",
                code="too_few_cases",
                where="guard",
                value=len(reference),
                next_step="Add training cases in scope, or name other methods: "
                "`guard: {methods: [...]}`.",
            )
        if len(reference) > MOST_REFERENCE:
            drawn = np.random.default_rng(seed).permutation(len(reference))[:MOST_REFERENCE]
            reference = reference[np.sort(drawn)]
        return {"reference": np.ascontiguousarray(reference)}

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Floats], Floats]:
        """The search, built once."""
        from sklearn.neighbors import NearestNeighbors

        reference: Floats = fitted["reference"]
        search = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(reference)

        def distances(cases: Floats) -> Floats:
            with one_thread():
                found = [
                    _farthest(part, reference[search.kneighbors(part, return_distance=False)])
                    for part in np.array_split(cases, max(1, -(-len(cases) // _CHUNK)))
                    if len(part)
                ]
            return np.concatenate(found) if found else np.empty(0)

        return distances


def _farthest(cases: Floats, neighbours: Floats) -> Floats:
    """The largest distance of each case to its own neighbours, shape (cases, k, features).

    The search's own distances, told by matrix products, differ in their last digits with the cases
    beside; differences do not.
    """
    apart = np.sqrt(((neighbours - cases[:, None, :]) ** 2).sum(axis=2))
    farthest: Floats = apart.max(axis=1)
    return farthest
