"""Who may ask a custodian's vault for what: tokens with a role, of which only hashes are kept."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.workspace import unwritable

FILE = "tokens.json"
VARIABLE = "ROADWORTHY_VAULT_TOKEN"
_BYTES, _LONGEST_NAME = 32, 64


class Role(StrEnum):
    """What somebody may do: hand in a product, seal and retire sets, or read what happened."""

    ENGINEER = "engineer"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Holder:
    """Whoever holds a token: ``sha256`` is its hash in hex digits, ``made`` when it was made."""

    name: str
    role: Role
    sha256: str
    made: str = ""


def holders(file: Path) -> tuple[Holder, ...]:
    """Everybody whose token is known; none where there is no such file.

    Raises:
        BadInput: the file is damaged. Refused: others than its owner may read it.
    """
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as problem:
        raise _broken(file, str(problem)) from problem
    if os.name == "posix" and mode & 0o077:
        raise Refused(
            f"others than its owner may read the file of tokens (mode {mode:o}).",
            code="tokens_open_to_others",
            where=str(file),
            value=f"{mode:o}",
            next_step=f"Run `chmod 600 {file}`.",
        )
    try:
        return tuple(_holder(one) for one in json.loads(text)["tokens"])
    except (KeyError, TypeError, ValueError) as problem:
        raise _broken(file, str(problem)) from problem


def holder_of(token: str, known: Sequence[Holder]) -> Holder | None:
    """Whose token this is; as long for a token that nobody holds as for any other."""
    asked, found = sha256(token.encode("utf-8", "surrogatepass")).hexdigest(), None
    for one in known:
        if hmac.compare_digest(one.sha256.encode(), asked.encode()):
            found = one
    return found


def new_token(file: Path, name: str, role: str) -> str:
    """A random token for somebody, which is told this once; its hash is kept in ``file``.

    Raises:
        BadInput: the name is taken or cannot be one, there is no such role, or the file is damaged.
    """
    if role not in set(Role):
        raise BadInput(
            f"there is no role {role!r}.",
            code="no_such_role",
            where="--role",
            value=role,
            next_step=f"The roles: {', '.join(Role)}.",
        )
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadInput(
            "this is no name to write into a ledger.",
            code="bad_name",
            where="--name",
            value=name[:_LONGEST_NAME],
            next_step=f"Give whoever will hold it a name of 1 to {_LONGEST_NAME} letters.",
        )
    before = holders(file)
    if any(one.name == name for one in before):
        raise BadInput(
            f"{name!r} has a token already, and the ledger tells people by these names.",
            code="name_taken",
            where=str(file),
            value=name,
            next_step="Take another name, or end that token first: `roadworthy vault token "
            "--revoke NAME`.",
        )
    token = secrets.token_urlsafe(_BYTES)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    digest = sha256(token.encode()).hexdigest()
    _write(file, (*before, Holder(name, Role(role), digest, made)))
    return token


def revoke(file: Path, name: str) -> Holder:
    """Ends somebody's token; a server that runs knows at the next request.

    Raises:
        BadInput: nobody has that name.
    """
    known = holders(file)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        told = ", ".join(one.name for one in known) or "nobody"
        raise BadInput(
            f"nobody called {name!r} has a token.",
            code="no_such_name",
            where=str(file),
            value=name,
            next_step=f"Tokens are held by: {told}.",
        )
    _write(file, tuple(one for one in known if one is not found))
    return found


def _holder(told: dict[str, str]) -> Holder:
    if len(told["sha256"]) != 64:
        raise ValueError("a hash is none")
    return Holder(str(told["name"]), Role(told["role"]), told["sha256"], str(told["made"]))


def _write(file: Path, known: Sequence[Holder]) -> None:
    """The whole file or nothing, for its owner alone from the first moment."""
    text = json.dumps({"tokens": [asdict(one) for one in known]}, indent=2) + "\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(beside).replace(file)
    except OSError as problem:
        raise unwritable(file, problem) from problem


def _broken(file: Path, why: str) -> BadInput:
    return BadInput(
        f"this file of tokens cannot be read: {why}.",
        code="broken_tokens",
        where=str(file),
        next_step="Restore it from a backup, or remove it and make new tokens: `roadworthy vault "
        "token`.",
    )
