"""What an engineer or a custodian hands in, worked on in a fresh folder by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from roadworthy.core.errors import BadInput, ExitCode, RoadworthyError
from roadworthy.io.bundle import unpack
from roadworthy.io.error_json import error_to_json
from roadworthy.serve.judging import FAULT
from roadworthy.store.keys import VARIABLE
from roadworthy.store.place import ARTIFACTS, DATABASE
from roadworthy.store.tokens import Holder
from roadworthy.workflow.desk import Desk

ASKED, TURNED_DOWN = "custody_asked", "custody_turned_down"
LONGEST_S = 3_600
_STATUS = {ExitCode.PASS: 200, ExitCode.BAD_INPUT: 422, ExitCode.REFUSED: 409}


@dataclass(frozen=True)
class Reply:
    """What goes back: a status of HTTP and a JSON object; ``logged`` is a word for the log."""

    status: int
    body: Mapping[str, Any]
    logged: str


def asked(desk: Desk, holder: Holder, what: str, bundle: Path, most_bytes: int) -> Reply:
    """The answer to a bundle; that it was asked stands in the ledger before anything is read."""
    with bundle.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    who = {"by": holder.name, "role": str(holder.role), "what": what, "bundle": digest}
    desk.note(ASKED, who)
    with tempfile.TemporaryDirectory(prefix="asked-", dir=bundle.parent) as work:
        reply = _replied(desk, holder, what, bundle, Path(work), most_bytes)
    if reply.status != 200:
        desk.note(TURNED_DOWN, {**who, "code": reply.logged})
    return reply


def error_reply(problem: RoadworthyError, status: int | None = None) -> Reply:
    """An error as a reply."""
    code = status or _STATUS.get(problem.exit_code, 500)
    return Reply(code, error_to_json(problem), problem.code)


def _replied(
    desk: Desk, holder: Holder, what: str, bundle: Path, work: Path, most_bytes: int
) -> Reply:
    folder, answer = work / "bundle", work / "answer.json"
    folder.mkdir()
    try:
        ask = unpack(bundle, folder, most_bytes)
        if ask.get("what") != what:
            raise BadInput(
                f"a bundle for {ask.get('what')!r} was sent to where sets are "
                f"{'sealed' if what == 'seal' else 'looked at'}.",
                code="bad_bundle",
                where="the bundle",
                next_step="Let `roadworthy certify --vault URL` or `seal --vault URL` make it.",
            )
    except RoadworthyError as problem:
        return error_reply(problem)
    told = {
        "what": what,
        "ask": ask,
        "folder": str(folder),
        "answer": str(answer),
        "name": holder.name,
        "role": str(holder.role),
        "desk": str(desk.folder),
    }
    _run(told, _surroundings(desk, work), work)
    if not answer.exists():
        return Reply(500, FAULT, "killed")
    found = json.loads(_scrubbed(answer.read_text(), desk, folder))
    status = _STATUS.get(found["exit"], 500)
    code = found.get("kind") or found["body"].get("error", {}).get("code") or "answered"
    return Reply(status, found["body"], code)


def _run(told: Mapping[str, Any], surroundings: Mapping[str, str], work: Path) -> None:
    """Runs to its end or for `LONGEST_S`; what it prints could tell of sealed cases, so none is."""
    # -I: neither the folder it runs in nor the shell's variables add anything to be imported
    command = [sys.executable, "-I", "-m", "roadworthy.serve.judging"]
    try:
        subprocess.run(
            command,
            input=json.dumps(told).encode(),
            env=dict(surroundings),
            cwd=work,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return


def _surroundings(desk: Desk, work: Path) -> dict[str, str]:
    """This process's own, with its store and its key, whatever the product says of either."""
    key = b64encode(desk.key().secret).decode()
    return {
        **os.environ,
        DATABASE: str(desk.place.database),
        ARTIFACTS: str(desk.place.artifacts),
        VARIABLE: key,
        "TMPDIR": str(work),
    }


def _scrubbed(text: str, desk: Desk, folder: Path) -> str:
    """The answer without the places of this machine."""
    for place in (f"{folder / 'product'}/", f"{folder / 'table'}/", f"{folder}/", str(folder)):
        text = text.replace(json.dumps(place)[1:-1], "")
    for place in map(str, (desk.place.artifacts, desk.place.database, desk.folder)):
        text = text.replace(json.dumps(place)[1:-1], "the vault")
    return text
