"""Who asks a custodian's vault, and may they: what is denied is written down, and not too often."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from roadworthy.core.errors import BadInput, Refused, RoadworthyError
from roadworthy.store.tokens import Holder, Role, holder_of, holders
from roadworthy.workflow.desk import Desk

DENIED = "access_denied"
MOST, WITHIN_S = 10, 60.0
_SHOWN = 100


class Unknown(BadInput):
    """Nobody here holds that token."""


@dataclass
class Door:
    """Lets in whoever holds a token of a role that may; at most `MOST` denials a minute are noted.

    The rest is counted and told with the next that is noted: guessing cannot fill the disk.
    """

    desk: Desk
    tokens: Path
    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock)
    _noted: list[float] = field(default_factory=list)
    _untold: int = 0

    def admitted(self, authorization: str, roles: Collection[Role], what: str) -> Holder:
        """Whoever asks, if they may.

        Raises:
            Unknown: no token, or one that nobody holds. Refused: the role may not.
        """
        scheme, _, token = authorization.partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        found = holder_of(given, holders(self.tokens))
        if found is None:
            self._note(what, {"status": 401})
            raise Unknown(
                "the token is none that this vault knows." if given else "no token was sent.",
                code="unknown_token",
                where="the custodian's vault",
                next_step="Ask the custodian for a token, and put it into the variable "
                "ROADWORTHY_VAULT_TOKEN.",
            )
        if found.role not in roles:
            self._note(what, {"status": 403, "by": found.name, "role": str(found.role)})
            may = " or ".join(sorted(roles))
            raise Refused(
                f"{found.name} is an {found.role} here, and this takes the token of "
                f"{'an' if may[0] in 'ae' else 'a'} {may}."
                if found.role is not Role.CUSTODIAN
                else f"{found.name} is a custodian here, and this takes the token of an {may}.",
                code="wrong_role",
                where="the custodian's vault",
                value=str(found.role),
                next_step="Ask whoever has that role.",
            )
        return found

    def _note(self, what: str, told: dict[str, object]) -> None:
        with self._lock:
            now = self.clock()
            self._noted = [one for one in self._noted if now - one < WITHIN_S]
            if len(self._noted) >= MOST:
                self._untold += 1
                return
            self._noted.append(now)
            untold, self._untold = self._untold, 0
        self.desk.note(DENIED, {**told, "what": what[:_SHOWN], "more_before": untold})


def status_of(problem: RoadworthyError) -> int | None:
    """The status that tells a denial from any other refusal."""
    if isinstance(problem, Unknown):
        return 401
    return 403 if problem.code == "wrong_role" else None
