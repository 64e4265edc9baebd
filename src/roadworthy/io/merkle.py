"""One hash for a set of cases, with which anybody can prove later that a case was in it."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

__all__ = ["merkle_root"]

_LEAF, _NODE = b"\x00", b"\x01"


def merkle_root(hashes: NDArray[np.uint8]) -> str:
    """The Merkle tree hash of ``hashes`` (shape (cases, 32)) in the order of their bytes, as hex.

    Leaves and nodes are hashed apart, so that no node can be passed off as a case. Source: RFC
    6962, section 2.1, over the sorted hashes: the order of the cases does not matter.

    >>> merkle_root(np.empty((0, 32), dtype=np.uint8)) == sha256(b"").hexdigest()
    True
    """
    joined = np.ascontiguousarray(hashes).tobytes()
    leaves = sorted(joined[at : at + 32] for at in range(0, len(joined), 32))
    if not leaves:
        return sha256(b"").hexdigest()
    level = [sha256(_LEAF + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        above = [
            sha256(_NODE + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        # the odd one out goes up as it is: the largest power of two stands on the left
        level = above + level[len(above) * 2 :]
    return level[0].hex()
