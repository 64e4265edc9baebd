"""The vault's key: in a file that only its owner can read, or in the environment."""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.cipher import KEY_BYTES, VaultKey
from roadworthy.store.workspace import unwritable

VARIABLE = "ROADWORTHY_VAULT_KEY"
FILE = "vault.key"
CAN_AND_CANNOT = (
    "Sealed cases are encrypted, inputs and labels. That stops whoever has the disk without the "
    "key: a backup, a laptop that is lost, a colleague who is curious, a program that reads every "
    "table it finds. It does not stop whoever holds both the key and the disk, nor whoever kept a "
    "copy of the cases from before: they can look. What they cannot do is look through roadworthy "
    "without the ledger saying so."
)


def vault_key(folder: Path, *, create: bool = False) -> VaultKey:
    """The key from the environment, otherwise from ``folder``; ``create``: made if there is none.

    Raises:
        BadInput: there is none, or it is no key.
        Refused: others may read the file.
    """
    told = os.environ.get(VARIABLE)
    if told:
        return VaultKey(_read(told, f"the variable {VARIABLE}"), f"the variable {VARIABLE}")
    file = folder / FILE
    if create and not file.exists():
        _make(file)
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise _no_key(file) from None
    except OSError as problem:
        raise unwritable(file, problem) from problem
    if os.name == "posix" and mode & 0o077:
        raise Refused(
            f"others than its owner may read the vault's key (mode {mode:o}).",
            code="key_open_to_others",
            where=str(file),
            value=f"{mode:o}",
            next_step=f"Run `chmod 600 {file}`; whoever read it meanwhile can open every set.",
        )
    return VaultKey(_read(text, str(file)), str(file))


def has_key(folder: Path) -> bool:
    """Whether there is a key already, or one will be made."""
    return bool(os.environ.get(VARIABLE)) or (folder / FILE).exists()


def _make(file: Path) -> None:
    """A new random key; of two who make one at once, both then read the same."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # made for its owner alone from the first moment
        handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "wb") as new:
            new.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            new.flush()
            os.fsync(new.fileno())
        try:
            with suppress(FileExistsError):
                os.link(beside, file)
        finally:
            Path(beside).unlink()
    except OSError as problem:
        raise unwritable(file, problem) from problem


def _read(text: str, where: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        # never the value: it may be a key with a slip of the pen
        raise BadInput(
            f"this is no key: {KEY_BYTES} random bytes as Base64 are needed.",
            code="no_key",
            where=where,
            next_step="Put back the key that sealed the set. For a new vault: `openssl rand "
            "-base64 32`.",
        )
    return secret


def _no_key(file: Path) -> BadInput:
    return BadInput(
        "the vault's key is not here, and without it nobody can open a sealed set.",
        code="no_key",
        where=str(file),
        next_step=f"Put the file back, or set the variable {VARIABLE}.",
    )
