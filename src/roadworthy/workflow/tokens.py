"""Tokens of a custodian's vault: given to somebody, and ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.core.shown import Shown
from roadworthy.store.tokens import Role, new_token, revoke


@dataclass(frozen=True)
class Token(Shown):
    """Whose token was made or ended; ``secret`` is the token itself, or None where it ended."""

    name: str
    role: str
    secret: str | None = field(default=None, repr=False)

    @property
    def headline(self) -> str:
        """The token alone, for scripts; or whose was ended."""
        return self.secret or f"the token of {self.name} is ended"


def given(file: Path, name: str | None, role: str | None) -> Token:
    """A new token.

    Raises:
        BadInput: the name or the role is missing or cannot be used.
    """
    if name is None or role is None:
        raise BadInput(
            f"nobody said {'for whom' if name is None else 'for which role'}.",
            code="usage",
            where="--name" if name is None else "--role",
            next_step=f"`roadworthy vault token --role ROLE --name NAME`; the roles: "
            f"{', '.join(Role)}.",
        )
    return Token(name, role, new_token(file, name, role))


def ended(file: Path, name: str) -> Token:
    """The token that ends.

    Raises:
        BadInput: nobody has that name.
    """
    found = revoke(file, name)
    return Token(found.name, str(found.role))
