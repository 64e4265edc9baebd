"""A custodian's vault over HTTP: engineers hand products in, custodians seal, auditors read.

Every answer is JSON. Answers to what is handed in leave at whole multiples of ``tick_s`` after it
came, and are filled up to whole blocks: neither time nor size tells more than they say.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.serve.access import Door, status_of
from roadworthy.serve.asking import Reply, asked, error_reply
from roadworthy.serve.judging import FAULT
from roadworthy.store.tokens import Holder, Role
from roadworthy.workflow.desk import Desk

BLOCK_BYTES = 16 << 10
AT_ONCE = 2
MOST_ENTRIES = 10_000
_SMALL = 64 << 10
_READERS = (Role.AUDITOR, Role.CUSTODIAN)
log = logging.getLogger("roadworthy.vault")


@dataclass(frozen=True)
class Vault:
    """What a server serves: the desk, the door to it, and how much it takes in at once."""

    desk: Desk
    door: Door
    most_bytes: int
    tick_s: float = 1.0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


def app_of(vault: Vault) -> FastAPI:
    """The application; its own documentation is not served."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _answers_errors(app)
    _takes_in(app, vault)
    _tells(app, vault)
    return app


def _takes_in(app: FastAPI, vault: Vault) -> None:
    @app.post("/looks")
    async def looks(request: Request) -> Response:
        return await _handed_in(vault, request, "look", (Role.ENGINEER, Role.CUSTODIAN))

    @app.post("/seals")
    async def seals(request: Request) -> Response:
        return await _handed_in(vault, request, "seal", (Role.CUSTODIAN,))

    @app.post("/seals/{name}/retire")
    async def retire(name: str, request: Request) -> Response:
        holder = await _admitted(vault, request, (Role.CUSTODIAN,))
        why = _why(await _body(request))
        found = await run_in_threadpool(vault.desk.retire, name, why, holder.name)
        log.info("retired by %s", holder.name)
        return _json(200, {"retired": found})


def _tells(app: FastAPI, vault: Vault) -> None:
    desk = vault.desk

    @app.get("/health")
    async def health() -> Response:
        return _json(200, {"vault": "open"})

    @app.get("/seals")
    async def sets(request: Request) -> Response:
        return await _told(vault, request, tuple(Role), lambda: {"sets": desk.sets()})

    @app.get("/ledger")
    async def entries(request: Request, after: int = 0) -> Response:
        def page() -> Mapping[str, Any]:
            lines = desk.entries(max(after, 0))[:MOST_ENTRIES]
            return {"entries": [json.loads(line) for line in lines]}

        return await _told(vault, request, _READERS, page)

    @app.get("/ledger/head")
    async def head(request: Request) -> Response:
        return await _told(vault, request, tuple(Role), desk.head)

    @app.get("/ledger/export")
    async def export(request: Request) -> Response:
        await _admitted(vault, request, _READERS)
        lines = await run_in_threadpool(desk.entries)
        text = "".join(f"{line}\n" for line in lines)
        return Response(text, media_type="application/x-ndjson")

    @app.get("/answers/{name}/{number}")
    async def answer(name: str, number: int, request: Request) -> Response:
        return await _told(vault, request, _READERS, lambda: desk.answer(name, number))


def _answers_errors(app: FastAPI) -> None:
    @app.exception_handler(RoadworthyError)
    async def told(request: Request, problem: RoadworthyError) -> Response:
        reply = error_reply(problem, status_of(problem))
        return _json(reply.status, reply.body)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, problem: HTTPException) -> Response:
        told = BadInput(
            f"there is no {request.method} {request.url.path[:80]} here.",
            code="not_found",
            where="the custodian's vault",
            next_step="Ask with `roadworthy certify --vault URL`; see docs/custodian.md.",
        )
        return _json(problem.status_code, error_reply(told).body)

    @app.exception_handler(RequestValidationError)
    async def odd(request: Request, problem: RequestValidationError) -> Response:
        return await unknown(request, HTTPException(404))

    @app.exception_handler(Exception)
    async def fault(request: Request, problem: Exception) -> Response:
        log.error("fault: %s", type(problem).__name__)
        return _json(500, FAULT)


async def _admitted(vault: Vault, request: Request, roles: Collection[Role]) -> Holder:
    told = request.headers.get("authorization", "")
    what = f"{request.method} {request.url.path}"
    return await run_in_threadpool(vault.door.admitted, told, roles, what)


async def _told(
    vault: Vault,
    request: Request,
    roles: Collection[Role],
    tell: Callable[[], Mapping[str, Any]],
) -> Response:
    await _admitted(vault, request, roles)
    return _json(200, await run_in_threadpool(tell))


async def _handed_in(
    vault: Vault, request: Request, what: str, roles: Collection[Role]
) -> Response:
    began = time.monotonic()
    try:
        holder = await _admitted(vault, request, roles)
    except RoadworthyError:
        await _drained(request, vault.most_bytes)
        raise
    with tempfile.TemporaryDirectory(prefix="roadworthy-vault-") as folder:
        bundle = Path(folder) / "bundle.zip"
        await _received(request, bundle, vault.most_bytes)
        async with vault.turns:
            reply = await run_in_threadpool(
                asked, vault.desk, holder, what, bundle, vault.most_bytes
            )
    log.info("%s by %s: %s", what, holder.name, reply.logged)
    took = time.monotonic() - began
    await asyncio.sleep(math.ceil(took / vault.tick_s) * vault.tick_s - took)
    return _filled(reply)


async def _received(request: Request, bundle: Path, most_bytes: int) -> None:
    """Writes what is sent to the disk as it comes, and no more than is allowed."""
    size = 0
    with bundle.open("xb") as file:
        async for block in request.stream():
            size += len(block)
            if size > most_bytes:
                await _drained(request, most_bytes)
                raise BadInput(
                    f"the bundle has more than {most_bytes / (1 << 20):g} MiB.",
                    code="bundle_too_large",
                    where="the bundle",
                    value=most_bytes,
                    next_step="Hand in fewer open cases, or ask the custodian to allow more: "
                    "`roadworthy vault serve --max-megabytes`.",
                )
            await run_in_threadpool(file.write, block)


async def _drained(request: Request, most_bytes: int) -> None:
    """Hears whoever sends out, within reason: else they would not hear why they are refused."""
    async for block in request.stream():
        most_bytes -= len(block)
        if most_bytes < 0:
            return


async def _body(request: Request) -> bytes:
    found = b""
    async for block in request.stream():
        found += block
        if len(found) > _SMALL:
            break
    return found


def _why(body: bytes) -> str:
    try:
        told = json.loads(body)["why"]
    except (KeyError, TypeError, ValueError, RecursionError):
        told = ""
    return told if isinstance(told, str) else ""


def _json(status: int, body: Mapping[str, Any]) -> Response:
    text = json.dumps(body, allow_nan=False, default=str)
    return Response(text, status_code=status, media_type="application/json")


def _filled(reply: Reply) -> Response:
    """The reply, filled up with blanks, which JSON allows, to whole blocks."""
    text = json.dumps(reply.body, allow_nan=False, default=str).encode()
    text = text.ljust(math.ceil(len(text) / BLOCK_BYTES) * BLOCK_BYTES)
    return Response(text, status_code=reply.status, media_type="application/json")
