"""The root is that of RFC 6962, whatever the order of the cases."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.io.merkle import merkle_root


def as_array(leaves: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(leaves), dtype=np.uint8).reshape(-1, 32)


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below n."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + by_the_book(leaves[:k]) + by_the_book(leaves[k:])).digest()


LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=40)


@given(LEAVES)
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert merkle_root(as_array(leaves)) == by_the_book(sorted(leaves)).hex()


@given(LEAVES, st.randoms())
def test_order_does_not_matter(leaves: list[bytes], random: object) -> None:
    shuffled = list(leaves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merkle_root(as_array(shuffled)) == merkle_root(as_array(leaves))


@given(LEAVES.filter(len), st.integers(0, 10**6), st.integers(0, 255))
def test_one_flipped_bit_gives_another_root(leaves: list[bytes], which: int, bit: int) -> None:
    changed = [bytearray(leaf) for leaf in leaves]
    changed[which % len(leaves)][bit // 8] ^= 1 << bit % 8
    other = [bytes(leaf) for leaf in changed]
    assert merkle_root(as_array(other)) != merkle_root(as_array(leaves))


def test_a_node_is_no_leaf() -> None:
    """Else two cases could be passed off as one."""
    leaves = [bytes([i]) * 32 for i in (1, 2)]
    node = sha256(b"".join(sha256(b"\0" + leaf).digest() for leaf in leaves)).digest()
    assert merkle_root(as_array(leaves)) != merkle_root(as_array([node]))
