"""A column of text inside a scikit-learn pipeline: an embedding, and whether there was any text.

Imported only where a pipeline is made or read, because scikit-learn is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.base import BaseEstimator, TransformerMixin

from roadworthy.core.errors import BadInput
from roadworthy.io.registry import embedding

if TYPE_CHECKING:
    from collections.abc import Callable

    from roadworthy.core.embedding import Embedded

MOST_DENSE = 1_000


class TextColumn(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # ships no types
    """Texts of shape (cases, 1) as numbers of shape (cases, d + 1); the last says: no text.

    ``dense``: the next step takes no sparse matrix.
    """

    def __init__(self, embedding: str, seed: int, dense: bool) -> None:
        self.embedding, self.seed, self.dense = embedding, seed, dense

    def fit(self, x: Any, y: object = None) -> TextColumn:
        """Learns from the texts alone.

        Raises:
            BadInput: there is no such embedding, or nothing to learn for it.
        """
        self.__dict__.pop("_embed", None)
        self.kept_ = dict(embedding(self.embedding).fit(_texts(x), self.seed))
        return self

    def transform(self, x: Any) -> Any:
        """The numbers of each text.

        Raises:
            BadInput: they are many and sparse, and few are wanted.
        """
        texts = _texts(x)
        found = self._embed(texts)
        none = np.array([[float(not text.strip())] for text in texts]).reshape(-1, 1)
        if not issparse(found):
            return np.hstack([found, none])
        if self.dense and found.shape[1] > MOST_DENSE:
            raise self._too_wide(found.shape[1])
        both = hstack([found, csr_matrix(none)], format="csr")
        return both.toarray() if self.dense else both

    @cached_property
    def _embed(self) -> Callable[[Sequence[str]], Embedded]:
        return embedding(self.embedding).ready(self.kept_)

    def __getstate__(self) -> dict[str, Any]:
        # what is made ready from what is kept is not kept itself
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_embed"}

    def _too_wide(self, width: int) -> BadInput:
        return BadInput(
            f"the embedding `{self.embedding}` gives {width:,} numbers a text, most of them 0, and "
            "this kind of model takes few.",
            code="too_wide",
            where="data.text",
            value=self.embedding,
            next_step="Name one that gives few, such as `lsa`, or `auto`, which fits each model.",
        )


def _texts(x: Any) -> list[str]:
    return [str(text) for text in np.asarray(x, dtype=object).ravel()]
