"""Which cleared cases a person sees all the same: drawn by a keyed hash of their ids."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.policy import Audit
from roadworthy.io.mixing import hashed, mixed, seeds


def drawn(ids: pl.Series, audit: Audit | None) -> NDArray[np.bool_]:
    """Which of the cases with these ids (text) are drawn, shape (cases,).

    A case is drawn when a hash of its id, keyed by the seed, lies in the lowest ``share`` of all
    hashes. So neither its score nor its place in the table matters, and it is drawn every time.
    """
    if audit is None:
        return np.zeros(len(ids), dtype=np.bool_)
    if audit.share >= 1.0:
        return np.ones(len(ids), dtype=np.bool_)
    # a key of its own: splits hash ids too, and the audit must not follow them
    key = seeds(f"audit\0{audit.seed}", 1)[0]
    return mixed(hashed(ids) ^ key) < np.uint64(int(audit.share * 2.0**64))
