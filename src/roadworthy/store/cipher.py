"""Sealed cases at rest: nobody reads them without the key, and nobody changes them unnoticed.

AES-256-GCM in chunks, as in the STREAM construction (Hoang, Reyhanitabar, Rogaway & Vizár 2015):
each chunk is bound to its set, its place and whether it is the last, so that chunks which are
flipped, left out, moved, or taken from another set are found. Each set has a random data key of its
own, which the vault's key wraps.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from roadworthy.core.errors import BadInput

MAGIC = b"RWSEAL1\n"
CHUNK = 1 << 20
KEY_BYTES = 32
_NONCE, _TAG = 12, 16
_WRAPPED = KEY_BYTES + _TAG
_HEAD = len(MAGIC) + 8 + _NONCE + _WRAPPED


@dataclass(frozen=True)
class VaultKey:
    """The key that wraps the keys of all sets; it never prints itself."""

    secret: bytes
    where: str

    def __repr__(self) -> str:
        return f"<VaultKey {self.name} from {self.where}>"

    @property
    def name(self) -> str:
        """What tells keys apart and gives nothing away, 16 hex digits."""
        return sha256(b"roadworthy vault key\0" + self.secret).hexdigest()[:16]


def encrypted(plain: bytes, key: VaultKey, set_id: str) -> bytes:
    """``plain`` as an envelope that only ``key`` opens, and only as the content of ``set_id``."""
    data_key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE)
    wrapped = AESGCM(key.secret).encrypt(nonce, data_key, _bound(set_id, b"key"))
    out = bytearray(MAGIC + bytes.fromhex(key.name) + nonce + wrapped)
    cipher, rest = AESGCM(data_key), memoryview(plain)
    count = max(-(-len(plain) // CHUNK), 1)
    for place in range(count):
        part = rest[place * CHUNK : (place + 1) * CHUNK]
        out += cipher.encrypt(_counted(place), part, _told(set_id, place, place == count - 1))
    return bytes(out)


def decrypted(envelope: bytes, key: VaultKey, set_id: str, where: str) -> bytes:
    """What ``encrypted`` was given; ``where`` names the file in errors.

    Raises:
        BadInput: ``wrong_key``, or ``broken_seal``: something was flipped, cut off or moved.
    """
    if len(envelope) < _HEAD + _TAG or not envelope.startswith(MAGIC):
        raise _broken(where, "it does not begin as a sealed set does")
    at = len(MAGIC)
    named, at = envelope[at : at + 8].hex(), at + 8
    require_key(key, named)
    nonce, wrapped = envelope[at : at + _NONCE], envelope[at + _NONCE : _HEAD]
    try:
        data_key = AESGCM(key.secret).decrypt(nonce, wrapped, _bound(set_id, b"key"))
        return _opened(memoryview(envelope)[_HEAD:], AESGCM(data_key), set_id)
    except InvalidTag as problem:
        raise _broken(where, "it is not what was sealed") from problem


def require_key(key: VaultKey, named: str) -> None:
    """Refuses a key other than the one called ``named``.

    Raises:
        BadInput: ``wrong_key``.
    """
    if named != key.name:
        raise BadInput(
            f"the set was sealed with the key {named}, and the key here is {key.name}.",
            code="wrong_key",
            where=key.where,
            value=key.name,
            next_step="Put back the key that sealed it; without that key nobody can open the set.",
        )


def _opened(rest: memoryview, cipher: AESGCM, set_id: str) -> bytes:
    out, size = bytearray(), CHUNK + _TAG
    count = max(-(-len(rest) // size), 1)
    for place in range(count):
        part = rest[place * size : (place + 1) * size]
        out += cipher.decrypt(_counted(place), part, _told(set_id, place, place == count - 1))
    return bytes(out)


def _counted(place: int) -> bytes:
    # the data key is used for this envelope alone, so counting never repeats a nonce
    return place.to_bytes(_NONCE, "big")


def _told(set_id: str, place: int, last: bool) -> bytes:
    return _bound(set_id, place.to_bytes(8, "big") + bytes([last]))


def _bound(set_id: str, what: bytes) -> bytes:
    return sha256(set_id.encode()).digest() + what


def _broken(where: str, why: str) -> BadInput:
    return BadInput(
        f"this sealed set cannot be opened: {why}.",
        code="broken_seal",
        where=where,
        next_step="Restore the file from a backup: `roadworthy store check` names what is damaged.",
    )
