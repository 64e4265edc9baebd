"""A custodian's vault, asked from afar: the product is sent there, and what comes back is kept."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

import polars as pl

from roadworthy.core.errors import BadInput, Refused, RoadworthyError
from roadworthy.core.product import Product
from roadworthy.core.verdict import Judgement
from roadworthy.io.bundle import pack
from roadworthy.io.error_json import error_from_json
from roadworthy.io.judgement_json import from_json
from roadworthy.io.sealed_json import set_from_json
from roadworthy.store.tokens import VARIABLE
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import keep
from roadworthy.workflow.custody import sealed_rows
from roadworthy.workflow.handed_in import (
    TABLE,
    ask_of,
    files_of,
    require_no_files,
    require_no_images,
    require_travels,
)
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.seal import Sealed
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.vault_status import VaultStatus

WAIT_S = 3_600.0
"""A look at a large set takes a while; nothing is sent twice."""
CONNECT_S = 30.0
MOST_BYTES = 64 << 20
_SET = re.compile(r"[0-9a-f]{8,64}")
_REFUSED = (403, 409)
_BAD = (400, 401, 404, 413, 422, 429)


def certify_there(
    product: Given,
    url: str,
    *,
    reveal: str | None = None,
    on: str | None = None,
    predictions: object | None = None,
) -> Judgement:
    """Has a product judged on a set that a custodian keeps, and keeps the answer here.

    Raises:
        BadInput: something is wrong with the product, the address or the token.
        Refused: the custodian's vault refuses it, for a reason that it tells.
    """
    product = as_product(product)
    vault = Custodian.at(url)
    ask = ask_of(product, "look", reveal=reveal, set=on, predictions=None)
    table = None
    if predictions is not None:
        table = _table(predictions)
        ask["predictions"] = table.name
    with _bundle(product, ask, table) as body:
        told = vault.post("/looks", body)
    judgement, said = from_json(_part(told, "judgement")), _part(told, "custodian")
    name = _asked_for(product, judgement, said)
    judgement = _noted(judgement, url, said)
    keep(Workspace.beside(product.file), product, judgement, "sealed", f"sealed-{name}")
    return judgement


def seal_there(product: Given, url: str, table: object, **words: Any) -> Sealed:
    """Has a table sealed by a custodian's vault; ``words`` as of `seal`.

    Raises:
        BadInput, Refused: as `seal`, or the vault cannot be asked.
    """
    product = as_product(product)
    found = _table(table)
    ask = ask_of(product, "seal", table=found.name, **words)
    with _bundle(product, ask, found) as body:
        told = Custodian.at(url).post("/seals", body)
    return Sealed(set_from_json(_part(told, "sealed")), product.name, f"held by the vault at {url}")


def retire_there(url: str, name: str, why: str) -> str:
    """Has a set retired, for good; its whole id.

    Raises:
        BadInput: there is no such set. Refused: the token is no custodian's.
    """
    body = json.dumps({"why": why}).encode()
    told = Custodian.at(url).post(f"/seals/{quote(name, safe='')}/retire", body)
    return str(told.get("retired"))


def status_there(url: str) -> VaultStatus:
    """Every sealed set that a custodian's vault keeps."""
    told = Custodian.at(url).get("/seals")
    return VaultStatus(tuple(set_from_json(one) for one in told.get("sets", ())), datetime.now(UTC))


@dataclass(frozen=True)
class Custodian:
    """The address of a custodian's vault, and the token to ask it with, which never prints."""

    scheme: str
    host: str
    port: int | None
    path: str
    token: str

    def __repr__(self) -> str:
        return f"<Custodian {self.scheme}://{self.host}>"

    @staticmethod
    def at(url: str) -> Custodian:
        """Where to ask; the token comes from the environment, where no list of commands shows it.

        Raises:
            BadInput: it is no address, the token would travel in the clear, or there is none.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        if parts.scheme not in ("http", "https") or not host or parts.username:
            raise BadInput(
                f"{url!r} is no address of a vault.",
                code="bad_address",
                where="--vault",
                value=url,
                next_step="Write it as https://host:port.",
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise BadInput(
                "the token and the product would travel in the clear.",
                code="no_tls",
                where="--vault",
                value=url,
                next_step="Use https://; only a vault on this very machine is asked by http://.",
            )
        token = os.environ.get(VARIABLE, "").strip()
        if not token or not token.isascii() or not token.isprintable():
            raise BadInput(
                f"the variable {VARIABLE} holds {'no token' if token else 'nothing'}.",
                code="no_token",
                where=f"the variable {VARIABLE}",
                next_step="The custodian makes one: `roadworthy vault token --role engineer --name "
                "YOU`.",
            )
        return Custodian(parts.scheme, host, port, parts.path.rstrip("/"), token)

    def get(self, path: str) -> dict[str, Any]:
        """What the vault answers."""
        return self._ask("GET", path, None, 0)

    def post(self, path: str, body: BinaryIO | bytes) -> dict[str, Any]:
        """What the vault answers to something that is sent once."""
        if isinstance(body, bytes):
            return self._ask("POST", path, body, len(body))
        size = body.seek(0, os.SEEK_END)
        body.seek(0)
        return self._ask("POST", path, body, size)

    def _ask(self, method: str, path: str, body: Any, size: int) -> dict[str, Any]:
        connection = self._connection()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Length": str(size),
            "Accept": "application/json",
            "User-Agent": "roadworthy",
        }
        begun = False
        try:
            connection.connect()
            connection.sock.settimeout(WAIT_S)
            begun = True
            # a vault that refuses early closes its ear, and has said why
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self.path + path, body, headers)
            response = connection.getresponse()
            text = response.read(MOST_BYTES + 1)
        except ssl.SSLCertVerificationError as problem:
            raise self._untrusted(problem) from None
        except (HTTPException, OSError) as problem:
            raise self._silent(problem, begun and method == "POST") from None
        finally:
            connection.close()
        return self._read(response.status, text)

    def _connection(self) -> HTTPConnection:
        # neither redirects nor proxies: the token goes to this address and to no other
        if self.scheme == "http":
            return HTTPConnection(self.host, self.port, timeout=CONNECT_S)
        context = ssl.create_default_context()
        return HTTPSConnection(self.host, self.port, timeout=CONNECT_S, context=context)

    def _read(self, status: int, text: bytes) -> dict[str, Any]:
        try:
            told = json.loads(text) if len(text) <= MOST_BYTES else None
            if not isinstance(told, dict):
                raise ValueError("no JSON object")
            if status == 200:
                return told
            kind = (
                Refused if status in _REFUSED else BadInput if status in _BAD else RoadworthyError
            )
            raise error_from_json(told, kind)
        except (KeyError, TypeError, ValueError, RecursionError):
            raise BadInput(
                f"it answered with status {status}, and not as a vault does.",
                code="bad_answer",
                where=self._place,
                value=status,
                next_step="Is this the address of `roadworthy vault serve`? Ask the custodian.",
            ) from None

    @property
    def _place(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "") + self.path

    def _untrusted(self, problem: ssl.SSLCertVerificationError) -> BadInput:
        return BadInput(
            f"its certificate is not trusted: {problem.verify_message}.",
            code="untrusted_certificate",
            where=self._place,
            next_step="Get its certificate from the custodian, not from the network, and name the "
            "file in the variable SSL_CERT_FILE. Nothing was sent.",
        )

    def _silent(self, problem: Exception, sent: bool) -> BadInput:
        why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        if sent:
            return BadInput(
                f"the vault went silent before it answered: {why}.",
                code="vault_gone",
                where=self._place,
                next_step="Ask again: what was begun goes on with the same look, and the same "
                "question gets the same answer and costs nothing.",
            )
        return BadInput(
            f"the vault cannot be reached: {why}.",
            code="vault_unreachable",
            where=self._place,
            next_step="Is `roadworthy vault serve` running there? Nothing was sent.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _bundle(product: Product, ask: Mapping[str, Any], table: Path | None) -> Iterator[BinaryIO]:
    """The product in one file; whatever would be refused there is refused here, unsent."""
    require_travels(product)
    if ask["what"] == "seal":
        require_no_files(product)
    elif table is None:
        require_no_images(product)
    sealed = load_cases(product).to_seal().height
    if sealed:
        raise sealed_rows(product, sealed)
    files = files_of(product)
    with tempfile.TemporaryDirectory(prefix="roadworthy-") as folder:
        if table is not None:
            files[f"{TABLE}/{table.name}"] = table
        with (Path(folder) / "bundle.zip").open("w+b") as body:
            pack(body, product.folder, files, ask)
            yield body


def _table(given: object) -> Path:
    if isinstance(given, str | Path):
        return Path(given)
    raise BadInput(
        f"a {type(given).__name__} does not travel to a custodian.",
        code="not_a_file",
        where="the table",
        value=type(given).__name__,
        next_step="Write it to a Parquet or CSV file, and name that: "
        f"`frame.{'write' if isinstance(given, pl.DataFrame) else 'to'}_parquet(...)`.",
    )


def _part(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    if isinstance(found, dict):
        return found
    raise BadInput(
        f"the vault's answer has no {name} in it.",
        code="bad_answer",
        where="the custodian's vault",
        next_step="Use the same version of roadworthy as the custodian.",
    )


def _asked_for(product: Product, judgement: Judgement, said: Mapping[str, Any]) -> str:
    """The id of the set, if the answer is one to what was asked.

    Raises:
        BadInput: it is about another product.yaml, or names no set.
    """
    name, text = said.get("set"), judgement.fingerprints.get("product.yaml")
    known = isinstance(name, str) and _SET.fullmatch(name)
    if known and text == product.fingerprint and judgement.set == "sealed":
        return str(name)
    raise BadInput(
        "the vault's answer is none to what was asked.",
        code="bad_answer",
        where="the custodian's vault",
        value=str(name)[:64],
        next_step="Nothing was kept. Show it to the custodian; asking again costs nothing.",
    )


def _noted(judgement: Judgement, url: str, said: Mapping[str, Any]) -> Judgement:
    """The judgement, and that a custodian's vault gave it, with where its ledger ended then."""
    head = said.get("ledger") or {}
    told = (
        f"The custodian's vault at {url} answered this, on the sealed set {said.get('set')}. Its "
        f"ledger then ended with entry {head.get('number')}, {head.get('hash')}."
    )
    return replace(judgement, notes=(*judgement.notes, told), custodian=url)
