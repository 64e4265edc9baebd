"""Texts as few numbers: the directions in which the weights of their words differ most.

Latent semantic analysis (Deerwester et al. 1990): a truncated singular value decomposition of
TF-IDF weights, by Halko, Martinsson & Tropp (2011). Dense, for trees and distances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.models.tfidf import terms, weights

if TYPE_CHECKING:
    from roadworthy.core.embedding import Embedded

DIRECTIONS, MOST_TERMS = 64, 4_000


class Lsa:
    """At most 64 directions on the unit sphere, and how much of the text they explain.

    A text in another language or about other things lies near 0: by its direction alone a guard
    would take it for an ordinary one.
    """

    about = "64 directions in which texts differ most, and what they explain (TF-IDF, SVD); dense"

    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        from sklearn.utils.extmath import randomized_svd

        found = terms(texts, MOST_TERMS)
        weighed = weights(found)(texts)
        _, _, directions = randomized_svd(
            weighed, min(DIRECTIONS, *weighed.shape), random_state=seed
        )
        # half the size, and no answer hangs on the digits beyond
        return {**found, "directions": directions.astype(np.float32)}

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Embedded]:
        weigh, directions = weights(fitted), fitted["directions"].T.astype(np.float64)

        def embed(texts: Sequence[str]) -> Embedded:
            found = np.asarray(weigh(texts) @ directions, dtype=np.float64)
            length = np.linalg.norm(found, axis=1, keepdims=True)
            return np.hstack([found / np.where(length > 1e-12, length, 1.0), length])

        return embed
