"""Letter pairs: a text as the shares of its pairs of letters, which survive any typing error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 64


class LetterPairs:
    """Every pair of letters falls into one of 64 buckets, by a hash that never changes."""

    about = "the shares of pairs of letters, in 64 buckets; dense"

    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        """Nothing is learnt: only how many buckets there are is kept."""
        return {"buckets": BUCKETS}

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], NDArray[np.float64]]:
        """The shares, shape (texts, buckets); a text without a pair is all zeros."""
        buckets = int(fitted["buckets"])

        def embed(texts: Sequence[str]) -> NDArray[np.float64]:
            found = np.zeros((len(texts), buckets))
            for row, text in zip(found, texts, strict=True):
                letters = text.lower()
                pairs = Counter(a + b for a, b in pairwise(letters))
                for pair, count in pairs.items():
                    row[crc32(pair.encode()) % buckets] += count
                row /= max(row.sum(), 1.0)
            return found

        return embed
