"""What was sealed comes back whole with the key, and not at all when a byte of it differs."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.store.cipher import CHUNK, VaultKey, decrypted, encrypted

KEY = VaultKey(bytes(range(32)), "here")
SIZE = CHUNK + 16
HEAD = 8 + 8 + 12 + 48


def fails(envelope: bytes, key: VaultKey = KEY, set_id: str = "s") -> str:
    with pytest.raises(BadInput) as told:
        decrypted(envelope, key, set_id, "the file")
    assert told.value.next_step
    return told.value.code


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_what_was_sealed_comes_back(size: int) -> None:
    plain = os.urandom(size)
    envelope = encrypted(plain, KEY, "s")
    assert decrypted(envelope, KEY, "s", "f") == plain
    assert encrypted(plain, KEY, "s") != envelope, "never the same bytes twice"


@given(st.binary(min_size=40, max_size=200))
def test_nothing_of_it_can_be_read(plain: bytes) -> None:
    assert plain[:16] not in encrypted(plain, KEY, "s")


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_one_flipped_byte_anywhere_is_found(where: int, flip: int) -> None:
    envelope = bytearray(encrypted(b"a positive case" * 9, KEY, "s"))
    envelope[where % len(envelope)] ^= flip
    assert fails(bytes(envelope)) in ("broken_seal", "wrong_key")


def test_another_key_is_told_as_that_and_never_printed() -> None:
    other = VaultKey(os.urandom(32), "there")
    assert fails(encrypted(b"x", KEY, "s"), other) == "wrong_key"
    assert KEY.secret.hex() not in repr(KEY) and str(KEY.secret) not in repr(KEY)


def test_the_content_of_one_set_is_not_that_of_another() -> None:
    assert fails(encrypted(b"x", KEY, "s"), set_id="t") == "broken_seal"


def test_cut_off_swapped_left_out_or_added_chunks_are_found() -> None:
    envelope = encrypted(bytes(3 * CHUNK), KEY, "s")
    head, body = envelope[:HEAD], envelope[HEAD:]
    one, two, three = (body[i * SIZE : (i + 1) * SIZE] for i in range(3))
    assert head + one + two + three == envelope
    for wrong in (one + two, two + one + three, one + three, body + three, b"", one[:-1]):
        assert fails(head + wrong) == "broken_seal"
    for cut in (0, 4, HEAD - 1, HEAD, HEAD + 3):
        assert fails(envelope[:cut]) == "broken_seal"


def test_each_set_has_a_data_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting nonces are safe for that reason alone."""
    drawn: list[int] = []
    real = os.urandom

    def counted(size: int) -> bytes:
        drawn.append(size)
        return real(size)

    monkeypatch.setattr(os, "urandom", counted)
    encrypted(b"x", KEY, "s")
    encrypted(b"x", KEY, "s")
    assert drawn == [32, 12, 32, 12]
