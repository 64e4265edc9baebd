"""One question to a custodian's vault, answered in a process of its own: it can die alone.

What is told on standard input: where the bundle lies unpacked, who asks, and where the answer goes.
The key and the store are in the environment.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from roadworthy.core.errors import RoadworthyError
from roadworthy.io.error_json import error_to_json
from roadworthy.store.tokens import Role

FAULT = {
    "error": {
        "code": "vault_fault",
        "where": "the custodian's vault",
        "value": None,
        "next": "Ask the custodian, whose log names the kind of fault; asking again is safe.",
        "message": "the vault could not work this out; what went wrong is not told.",
    }
}


def main() -> None:
    """Answers, and writes the answer whole or not at all."""
    told = json.load(sys.stdin)
    _no_core()
    target = Path(told["answer"])
    beside = target.with_suffix(".new")
    beside.write_text(json.dumps(_answered(told), allow_nan=False, default=str))
    beside.replace(target)


def _answered(told: dict[str, Any]) -> dict[str, Any]:
    """The body, and the exit code that the command would have ended with."""
    from roadworthy.workflow.custody import Custody
    from roadworthy.workflow.desk import Desk, looked, sealed

    folder, ask = Path(told["folder"]), told["ask"]
    try:
        if told["what"] == "seal":
            return {"exit": 0, "body": sealed(folder, ask)}
        custody = Custody(told["name"], Role(told["role"]))
        return {"exit": 0, "body": looked(folder, ask, custody, Desk.at(told["desk"]))}
    except RoadworthyError as problem:
        return {"exit": int(problem.exit_code), "body": error_to_json(problem)}
    except Exception as problem:
        # neither its words nor where it happened: it may have happened on sealed cases
        return {"exit": 70, "body": FAULT, "kind": type(problem).__name__}


def _no_core() -> None:
    """A process that dies leaves no image of the sealed rows on the disk."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    os.umask(0o077)
    main()
