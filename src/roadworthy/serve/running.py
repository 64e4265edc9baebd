"""A custodian's vault, listening: on this machine alone, or with TLS."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.core.errors import BadInput
from roadworthy.store.tokens import holders
from roadworthy.workflow.custodian import is_loopback
from roadworthy.workflow.desk import Desk

if TYPE_CHECKING:
    import uvicorn


@dataclass(frozen=True)
class Listening:
    """Where and how a server listens; ``certificate`` and ``key`` are files in PEM."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    def require_safe(self) -> None:
        """Refuses to carry tokens and products in the clear over a network.

        Raises:
            BadInput: it would, or a file is missing.
        """
        if (self.certificate is None) != (self.key is None):
            raise BadInput(
                "a certificate and its key go together, and one of them is missing.",
                code="half_a_certificate",
                where="--certfile, --keyfile",
                next_step="Name both.",
            )
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise BadInput(
                    "there is no such file.",
                    code="missing_file",
                    where=str(file),
                    next_step="Name the certificate and its key, in PEM.",
                )
        if self.certificate is None and not is_loopback(self.host) and not self.insecure:
            raise BadInput(
                f"on {self.host} tokens and products would travel in the clear.",
                code="no_tls",
                where="--host",
                value=self.host,
                next_step="Name `--certfile` and `--keyfile`; or, behind a proxy that speaks TLS, "
                "`--insecure`.",
            )


def listen(
    desk: Desk,
    tokens: Path,
    listening: Listening,
    *,
    most_megabytes: int,
    tick_s: float,
    ready: Callable[[str, int], None],
) -> None:
    """Serves until it is stopped; ``ready`` is told the address and how many hold a token.

    Raises:
        BadInput: the address is taken, TLS is missing, the store or a file cannot be read, or the
            packages of the extra `serve` are missing. Refused: others may read the key or tokens.
    """
    listening.require_safe()
    try:
        import uvicorn

        from roadworthy.serve.access import Door
        from roadworthy.serve.app import Vault, app_of
    except ImportError as problem:
        raise BadInput(
            f"the package {problem.name} is not installed.",
            code="no_serve",
            where="roadworthy vault serve",
            next_step="Run `pip install 'roadworthy[serve]'`.",
        ) from None
    known = holders(tokens)
    desk.key()
    with desk.vault() as opened:
        opened.sets()
    vault = Vault(desk, Door(desk, tokens), most_megabytes << 20, tick_s)
    _logs()
    config = uvicorn.Config(
        app_of(vault),
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=64,
    )
    _loaded(config, listening)
    listener, port = _bound(listening)
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    ready(f"{listening.scheme}://{host}:{port}", len(known))
    uvicorn.Server(config).run(sockets=[listener])


def _loaded(config: uvicorn.Config, listening: Listening) -> None:
    """Reads the certificate and its key, before anybody is told that the vault listens."""
    try:
        config.load()
    except ssl.SSLError as problem:
        raise BadInput(
            f"this is no certificate with its key: {problem.reason or problem}.",
            code="bad_certificate",
            where=f"{listening.certificate}, {listening.key}",
            next_step="Name the certificate and the key that it was made with, both in PEM.",
        ) from None


def _bound(listening: Listening) -> tuple[socket.socket, int]:
    """A socket that takes connections from now on, and its port."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((listening.host, listening.port))
        listener.listen(128)
    except (OSError, OverflowError) as problem:
        listener.close()
        raise BadInput(
            f"cannot listen there: {getattr(problem, 'strerror', None) or problem}.",
            code="cannot_listen",
            where=f"{listening.host}:{listening.port}",
            next_step="Take another `--port`, or stop what listens there; 0 takes a free one.",
        ) from problem
    return listener, int(listener.getsockname()[1])


def _logs() -> None:
    """Who asked for what, and how it ended: no score, no case, no token is ever logged."""
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    logging.getLogger("roadworthy.vault").setLevel(logging.INFO)
