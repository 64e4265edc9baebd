"""An embedding: it turns texts into numbers, so that a model and a guard can read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Embedded: TypeAlias = NDArray[np.float64] | csr_matrix[np.float64]


class Embedding(Protocol):
    """One way to read a text. Announced by an entry point in ``roadworthy.embeddings``.

    What ``fit`` gives is written into the model's own file and so is part of its size and its
    fingerprint: plain values, arrays, and estimators of scikit-learn. Weights that come from
    elsewhere belong in it too, as an array of bytes, since a file beside it could change.
    """

    about: str

    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        """What must be kept of the training ``texts``; one that is missing is an empty one.

        Raises:
            BadInput: nothing can be learnt from them.
        """

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Embedded]:
        """The numbers of texts, shape (texts, d), dense or as a sparse row matrix.

        The width ``d`` never changes. A text's numbers hang on that text alone, not on those beside
        it; words that nobody saw in training, or none at all, have finite numbers too.
        """
