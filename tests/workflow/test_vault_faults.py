"""Whatever breaks during a look, the budget never grows back and the set is never half open."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.databases import tamper
from tests.tables import FINDS, SCORED, SPARES, rewrite, simulated, write_product
from tests.vaults import looks, sets

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.seal import State
from roadworthy.store import health, ledger
from roadworthy.store.artifacts import Artifacts
from roadworthy.store.keys import VARIABLE
from roadworthy.store.workspace import unwritable
from roadworthy.workflow import certify as room
from roadworthy.workflow.certify import certify
from roadworthy.workflow.seal import seal
from roadworthy.workflow.store import opened

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}


def product(folder: Path, looks: int = 2) -> Path:
    raw = simulated(600, 8, sensitivity=0.75)
    data = {**SCORED, "split": HALF}
    return write_product(folder, raw, [FINDS, SPARES], data=data, confidence={"looks": looks})


def another(file: Path) -> None:
    rewrite(file, decision={"threshold": 0.4})


def bad(file: Path) -> str:
    with pytest.raises(BadInput) as told:
        certify(file)
    assert told.value.next_step
    return told.value.code


def whole(file: Path) -> bool:
    """The ledger is whole, and so is every file that it names."""
    with opened(file) as store, store.database.reading() as connection:
        found = health.check(connection, store.artifacts)
        return ledger.verify(connection) is None and not found.problems


# ---- keys and files


@pytest.fixture
def elsewhere(tmp_path: Path, where: str | Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product whose store is one of either kind, with its files in a folder of their own."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("ROADWORTHY_STORE", str(where))
    monkeypatch.setenv("ROADWORTHY_ARTIFACTS", str(tmp_path / "files"))
    return product(tmp_path / "product")


def test_another_key_opens_nothing_and_spends_nothing(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(elsewhere)
    monkeypatch.setenv(VARIABLE, base64.b64encode(bytes(32)).decode())
    assert bad(elsewhere) == "wrong_key"
    assert not looks(elsewhere)
    monkeypatch.delenv(VARIABLE)
    (elsewhere.parent / ".roadworthy" / "vault.key").unlink()
    assert bad(elsewhere) == "no_key"
    assert not looks(elsewhere)


def test_a_flipped_byte_of_the_sealed_rows_is_found_and_named(elsewhere: Path) -> None:
    one = seal(elsewhere).set
    path = Artifacts(elsewhere.parents[1] / "files").path(one.content)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:-40] + bytes([good[-40] ^ 1]) + good[-39:])
    with pytest.raises(BadInput, match=one.content[:12]) as told:
        certify(elsewhere)
    assert told.value.code == "artifact_changed"
    # it was opened: for anybody else that look is gone, and the same product goes on
    path.write_bytes(good)
    assert certify(elsewhere).withheld
    assert len(looks(elsewhere)) == 1


def test_flipped_hashes_of_the_cases_are_found_before_anything(elsewhere: Path) -> None:
    one = seal(elsewhere).set
    path = Artifacts(elsewhere.parents[1] / "files").path(one.items)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert bad(elsewhere) == "artifact_changed"
    assert not looks(elsewhere)


def test_a_ledger_that_was_tampered_with_opens_nothing(elsewhere: Path) -> None:
    certify(elsewhere)
    with opened(elsewhere) as store:
        tamper(store.database, "DELETE FROM ledger WHERE kind = 'look_opened'")
    another(elsewhere)
    with pytest.raises(BadInput) as told:
        certify(elsewhere)
    assert told.value.code == "ledger_tampered"


# ---- full disks


def test_a_full_disk_at_the_answer_leaves_a_look_that_goes_on(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Artifacts.put_file

    def full(self: Artifacts, content: bytes | Path) -> tuple[str, int]:
        if isinstance(content, bytes) and content.startswith(b"{"):
            raise unwritable(self.folder, OSError(28, "No space left on device"))
        return real(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Artifacts, "put_file", full)
        assert bad(elsewhere) == "unwritable_workspace"
    (look,) = looks(elsewhere)
    assert look.answered is None
    assert certify(elsewhere).withheld
    assert [one.number for one in looks(elsewhere)] == [1]


# ---- two at once


def test_of_two_products_that_race_for_the_last_look_one_gets_it(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(elsewhere, confidence={"looks": 1})
    seal(elsewhere)
    other = elsewhere.with_name("other.yaml")
    other.write_text(elsewhere.read_text())
    another(other)
    barrier, real = Barrier(2), room._Certifying._opened

    def together(self: Any, vault: Any) -> Any:
        barrier.wait(60)
        return real(self, vault)

    monkeypatch.setattr(room._Certifying, "_opened", together)

    def attempt(file: Path) -> str:
        try:
            return certify(file).set
        except Refused as problem:
            return problem.code

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(attempt, (elsewhere, other)))
    assert told == ["seal_spent", "sealed"]
    assert len(looks(elsewhere)) == 1 and whole(elsewhere)


# ---- kill -9

KILLED = """
import importlib, os, signal, sys
from roadworthy.workflow.certify import certify
file, place, name, when = sys.argv[1:]
holder = importlib.import_module(place.split(":")[0])
if ":" in place:
    holder = getattr(holder, place.split(":")[1])
real = getattr(holder, name)

def killed(*given, **named):
    found = real(*given, **named) if when == "after" else None
    os.kill(os.getpid(), signal.SIGKILL)

setattr(holder, name, killed)
certify(file)
"""
CERTIFY, VAULT = "roadworthy.workflow.certify", "roadworthy.store.vault:Vault"
# where it is killed, and whether a look was committed by then
STEPS = [
    (CERTIFY, "enclose", "after", False),
    ("roadworthy.store.artifacts:Artifacts", "put", "after", False),
    (CERTIFY, "write_look", "after", False),
    (VAULT, "rows", "before", True),
    (VAULT, "rows", "after", True),
    (CERTIFY, "sealed_verdicts", "after", True),
    (CERTIFY, "write_answer", "after", True),
    (CERTIFY, "keep", "before", True),
]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name", "when", "counts"), STEPS)
def test_killed_at_any_step_the_budget_never_grows_back(
    tmp_path: Path, place: str, name: str, when: str, counts: bool
) -> None:
    file = product(tmp_path)
    words = [sys.executable, "-c", KILLED, str(file), place, name, when]
    ended = subprocess.run(words, capture_output=True, check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert len(looks(file)) == int(counts)
    assert all(one.state in (State.SEALED, State.IN_USE) for one in sets(file))
    # the same goes on with the same look; the next one is the second, and there is no third
    assert certify(file).withheld and len(looks(file)) == 1
    another(file)
    assert not certify(file).withheld
    rewrite(file, decision={"threshold": 0.3})
    with pytest.raises(Refused):
        certify(file)
    assert len(looks(file)) == 2 and len(sets(file)) == 1 and whole(file)


@pytest.mark.slow
@pytest.mark.parametrize("step", [STEPS[3], STEPS[6]], ids=["rows", "answer"])
def test_a_killed_look_is_spent_for_everybody_else(
    tmp_path: Path, step: tuple[str, str, str, bool]
) -> None:
    file = product(tmp_path, 1)
    words = [sys.executable, "-c", KILLED, str(file), *step[:3]]
    words[4:5] = [step[0]]
    subprocess.run(words, capture_output=True, check=False, env=dict(os.environ))
    another(file)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "seal_spent"


def test_steps_are_there() -> None:
    """A step that was renamed would be killed nowhere."""
    found: Callable[..., Any] | None = None
    for place, name, _, _ in STEPS:
        module, _, kind = place.partition(":")
        holder = sys.modules[module]
        found = getattr(getattr(holder, kind) if kind else holder, name)
        assert callable(found)
