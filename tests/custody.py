"""A custodian's vault to test with: the desk in this process, and a real server in its own."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, simulated, write_product

from roadworthy.core.seal import SealedSet
from roadworthy.io.bundle import pack, unpack
from roadworthy.store import ledger
from roadworthy.store.keys import VARIABLE as KEY
from roadworthy.store.place import ARTIFACTS, DATABASE
from roadworthy.store.tokens import VARIABLE as TOKEN
from roadworthy.store.tokens import Role, new_token
from roadworthy.workflow.custodian import seal_there
from roadworthy.workflow.custody import Custody
from roadworthy.workflow.desk import Desk, looked, sealed
from roadworthy.workflow.handed_in import PRODUCT, TABLE
from roadworthy.workflow.seal import seal

ENGINEER = Custody("erin", Role.ENGINEER)
CUSTODIAN = Custody("carl", Role.CUSTODIAN)


def fresh_cases(n: int = 400, seed: int = 8, **rates: float) -> pl.DataFrame:
    """Cases that stand in nobody's open data."""
    raw = simulated(n, seed, **{"sensitivity": 0.75, **rates})
    return raw.with_columns(("t" + pl.col("case")).alias("case"))


def team(folder: Path, **others: Any) -> Path:
    """An engineer's product.yaml with open cases, and no sealed ones."""
    asked = others.pop("requirements", [FINDS, SPARES])
    others = {"confidence": {"looks": 3}, **others}
    return write_product(folder, simulated(300, 3), asked, data=SCORED, **others)


@dataclass
class Here:
    """The desk in this process: no network, and quick."""

    desk: Desk
    scratch: Path
    count: int = 0

    def look(
        self, file: Path, custody: Custody = ENGINEER, table: Path | None = None, **ask: Any
    ) -> dict[str, Any]:
        """What the desk says to a product that is handed in, with a table beside it."""
        folder, told = self._unpacked(file, table, "look", ask)
        return looked(folder, told, custody, self.desk)

    def seal(self, file: Path, table: pl.DataFrame, **ask: Any) -> str:
        """The id of a set that a custodian has sealed."""
        path = self.scratch / "test.parquet"
        table.write_parquet(path)
        folder, told = self._unpacked(file, path, "seal", {"table": path.name, **ask})
        return str(sealed(folder, told)["sealed"]["id"])

    def sets(self) -> tuple[SealedSet, ...]:
        with self.desk.vault() as vault:
            return vault.sets()

    @property
    def looks(self) -> int:
        return sum(len(one.looks) for one in self.sets())

    def _unpacked(
        self, file: Path, table: Path | None, what: str, ask: dict[str, Any]
    ) -> tuple[Path, dict[str, Any]]:
        self.count += 1
        folder, bundle = self.scratch / f"b{self.count}", self.scratch / f"b{self.count}.zip"
        files = raw_files(file)
        if table is not None:
            files[f"{TABLE}/{table.name}"] = table
        with bundle.open("wb") as body:
            pack(body, file.parent, files, {"what": what, "product": file.name, **ask})
        folder.mkdir()
        return folder, unpack(bundle, folder, 1 << 26)


def raw_files(file: Path) -> dict[str, Path]:
    """Everything in the folder, as somebody packs it who does not use roadworthy."""
    return {
        f"{PRODUCT}/{path.relative_to(file.parent).as_posix()}": path
        for path in sorted(file.parent.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def here(tmp_path: Path, where: str | Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A desk on either database."""
    return desk_here(tmp_path, str(where), monkeypatch)


def desk_here(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> Here:
    home, scratch = tmp_path / "custodian", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.delenv(ARTIFACTS, raising=False)
    monkeypatch.delenv(KEY, raising=False)
    desk = Desk.at(home, where)
    monkeypatch.setenv(DATABASE, where)
    monkeypatch.setenv(ARTIFACTS, str(desk.place.artifacts))
    monkeypatch.setenv(KEY, base64.b64encode(desk.key().secret).decode())
    return Here(desk, scratch)


@dataclass
class Server:
    """`roadworthy vault serve` in a process of its own; ``url`` is where it listens."""

    folder: Path
    store: str | None = None
    words: tuple[str, ...] = ("--answer-every", "0.05")
    tokens: dict[str, str] = field(default_factory=dict)
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> Server:
        if not self.tokens:
            for name, role in (("erin", "engineer"), ("carl", "custodian"), ("ann", "auditor")):
                self.tokens[name] = new_token(self.folder / "tokens.json", name, role)
        where = () if self.store is None else ("--store", self.store)
        command = ["vault", "serve", str(self.folder), "--port", "0", *where, *self.words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from roadworthy.cli import main; main()", *command],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=clean(),
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "listens on" in line:
                self.url = line.split()[-1]
                return self
        self._reap()
        raise AssertionError(f"the server ended: {self.logged()}")

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def logged(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        """As the machine does when its memory is full: at once, and the server alone."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.wait()
        self.process.stdout.close()

    @contextmanager
    def held_by(self, name: str) -> Iterator[None]:
        """Asks with the token of somebody, or with this very text."""
        before = os.environ.get(TOKEN)
        os.environ[TOKEN] = self.tokens.get(name, name)
        try:
            yield
        finally:
            os.environ.pop(TOKEN)
            if before is not None:
                os.environ[TOKEN] = before

    def seal(self, file: Path, table: pl.DataFrame, **words: Any) -> SealedSet:
        path = file.parent.parent / f"{file.parent.name}-test.parquet"
        table.write_parquet(path)
        with self.held_by("carl"):
            return seal_there(file, self.url, path, **words).set

    def seal_beside(self, file: Path, table: pl.DataFrame) -> SealedSet:
        """Sealed where the vault is, as a custodian may who sits there."""
        desk = Desk.at(self.folder, self.store)
        surroundings = {
            DATABASE: str(desk.place.database),
            ARTIFACTS: str(desk.place.artifacts),
            KEY: base64.b64encode(desk.key().secret).decode(),
        }
        with pytest.MonkeyPatch.context() as patched:
            for name, value in surroundings.items():
                patched.setenv(name, value)
            return seal(file, table).set

    def sets(self) -> tuple[SealedSet, ...]:
        with Desk.at(self.folder, self.store).vault() as vault:
            return vault.sets()

    def kinds(self) -> list[str]:
        """What stands in the ledger, kind by kind."""
        with (
            Desk.at(self.folder, self.store).vault() as vault,
            vault.database.reading() as connection,
        ):
            return [one.kind for one in ledger.entries(connection)]


def clean() -> dict[str, str]:
    """The environment without a store, a key or a token of its own."""
    ours = (DATABASE, ARTIFACTS, KEY, TOKEN)
    return {name: value for name, value in os.environ.items() if name not in ours}


def free_address() -> str:
    """An address of this machine at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
