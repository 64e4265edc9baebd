"""What `roadworthy vault serve`, `token` and `retire` print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from roadworthy.cli import show
from roadworthy.store.tokens import VARIABLE
from roadworthy.workflow.tokens import Token

CAN_AND_CANNOT = (
    "Engineers reach the sealed sets through this address alone: they hold neither rows nor key. "
    "Whoever can read this folder, or is root here, can look; the ledger cannot see that."
)


def ready(address: str, count: int, folder: Path) -> None:
    """Where the vault listens; said once it can be asked."""
    show.line()
    show.line(f"The vault listens on {address}", style="bold")
    show.line(CAN_AND_CANNOT)
    if count:
        show.line(f"{count} {'people hold' if count > 1 else 'person holds'} a token.")
    else:
        show.line(
            f"Nobody holds a token yet: `roadworthy vault token {folder} --role engineer --name "
            "NAME` makes one; this server knows it at once."
        )
    sys.stdout.flush()


def token(found: Token) -> None:
    """The token, this once, or whose was ended."""
    show.line()
    if found.secret is None:
        show.line(f"The token of {found.name} ({found.role}) is ended.", style="bold")
        return
    show.line(f"A token for {found.name} ({found.role}), shown this once:", style="bold")
    show.line()
    # alone on its line, and not wrapped: it is copied
    print(found.secret)
    show.line()
    show.line(f"{found.name} puts it into the variable {VARIABLE}. Only its hash is kept.")


def token_json(found: Token) -> dict[str, Any]:
    """The same for programs."""
    return {"name": found.name, "role": found.role, "token": found.secret}


def retired(name: str) -> None:
    """Which set is no longer sealed."""
    show.line(f"The sealed set {name} is retired. There is no way back.")


def retired_json(name: str) -> dict[str, Any]:
    """The same for programs."""
    return {"retired": name}
