"""A model behind an address: batches of cases are posted as JSON, answers come back as JSON."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task, UrlSource
from roadworthy.models import shipped
from roadworthy.models.exchange import (
    ID,
    Awaited,
    excerpt,
    json_lines,
    read_json,
    to_send,
    told,
)

PAUSES_S = (0.5, 2.0)
BYTES_A_CASE = 1 << 16
BYTES_BESIDE = 1 << 20
_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "roadworthy",
    "Connection": "close",
}


@dataclass(frozen=True)
class HttpModel:
    """A server that is posted ``[{"id": ..., columns...}, ...]`` and answers an array of answers.

    A request that fails for want of a server (no connection, no answer in time, status 429 or
    5xx) is sent again after each of ``pauses_s``; whatever else is wrong is told at once.
    Redirects are not followed, and proxies of the environment are not used.
    """

    source: UrlSource
    task: Task
    needs: tuple[str, ...]
    pauses_s: tuple[float, ...] = PAUSES_S

    @property
    def name(self) -> str:
        return self.source.url

    @property
    def files(self) -> tuple[Path, ...]:
        return ()

    @cached_property
    def fingerprint(self) -> str:
        """Covers the address alone: what answers there is not known here."""
        return shipped.digest(["url", self.source.url], (), Path())

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            f"The fingerprint covers the address {self.name} alone: that the same model answered "
            "there all along is its operator's word.",
        )

    def why_not(self, table: str) -> str | None:
        if table != "artifact":
            return None
        return "a model behind an address has no files here; `data: {tables: {artifact: FILE}}`"

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """Posts the cases, batch by batch, and hands back one checked answer a case, in order.

        Raises:
            BadInput: the server cannot be reached, fails, or answers wrongly.
        """
        table = to_send(cases, self.needs)
        waiting = Awaited(cases, self.task, self.name)
        for batch in table.iter_slices(self.source.batch):
            self._take(batch, self._post(batch), waiting)
        return waiting.series()

    def _take(self, batch: pl.DataFrame, text: bytes, waiting: Awaited) -> None:
        whose = f"The answer to {_which(batch)}"
        answers = read_json(text, whose, self.name, one="array")
        if not isinstance(answers, list):
            raise self._refused(f"{whose} is not an array but {told(answers)}.")
        for place, answer in enumerate(answers, start=1):
            waiting.take(answer, f"Item {place} of the answer to {_which(batch)}")
        lacking = waiting.lacking(batch[ID].to_list())
        if lacking:
            raise self._refused(f"{whose} holds {len(answers)}; case {lacking[0]} is not in it.")
        if len(answers) > batch.height:
            raise self._refused(f"{whose} holds {len(answers)}, also of cases that were not in it.")

    def _post(self, batch: pl.DataFrame) -> bytes:
        lines = b"".join(json_lines(batch)).splitlines()
        body = b"[" + b",".join(lines) + b"]"
        tried = [*self.pauses_s, None]
        for pause in tried:
            try:
                return self._once(body, most=BYTES_BESIDE + BYTES_A_CASE * batch.height)
            except _Failed as problem:
                if pause is None:
                    raise self._gave_up(problem, _which(batch), len(tried)) from problem
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, body: bytes, most: int) -> bytes:
        with _Request(self.source) as request:
            status, headers, text = request.post(body, most)
        if status == 200:
            if len(text) > most:
                raise self._refused(f"It answered with more than {most:,} bytes.")
            return text
        if status == 429 or status >= 500:
            raise _Failed(f"it answers with status {status}: {excerpt(text) or '(nothing)'}")
        if 300 <= status < 400:
            to = headers.get("location", "(nowhere)")
            raise BadInput(
                f"It answers with status {status}, a redirect to {excerpt(to.encode())}.",
                code="model_redirects",
                where=self.name,
                value=status,
                next_step="Name that address itself: `model: {url: ...}`.",
            )
        raise BadInput(
            f"It answers with status {status}: {excerpt(text, 300) or '(nothing)'}",
            code="model_refuses",
            where=self.name,
            value=status,
            next_step="It must take a POST with a JSON array of cases, and answer with status 200.",
        )

    def _gave_up(self, problem: _Failed, which: str, times: int) -> BadInput:
        return BadInput(
            f"The request for {which} failed {times} time{'s' * (times > 1)}; at last {problem}",
            code="model_unreachable",
            where=self.name,
            value=str(problem),
            next_step="Start or mend the server. If it only needs longer: smaller batches, "
            "`model: {batch: ...}`, or more time, `model: {timeout_s: ...}`.",
        )

    def _refused(self, what: str) -> BadInput:
        return BadInput(
            what,
            code="bad_answer",
            where=self.name,
            next_step="Answer a JSON array with one object a case that was posted.",
        )


class _Failed(Exception):
    """No answer this time; another try may bring one."""


class _Request:
    """One request that ends by its deadline, however slowly the server drips."""

    def __init__(self, source: UrlSource) -> None:
        parts = urlsplit(source.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        assert parts.hostname is not None
        self.connection = kind(parts.hostname, parts.port, timeout=source.timeout_s)
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.timeout_s, self.late = source.timeout_s, False
        self.socket: socket.socket | None = None
        self.response: HTTPResponse | None = None
        self.timer = Timer(source.timeout_s, self._stop)
        self.timer.daemon = True

    def __enter__(self) -> _Request:
        self.timer.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.timer.cancel()
        if self.response is not None:
            self.response.close()
        self.connection.close()

    def post(self, body: bytes, most: int) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (small letters) and at most ``most`` + 1 bytes of the answer."""
        try:
            self.connection.connect()
            self.socket = self.connection.sock
            self.connection.request("POST", self.target, body, dict(_HEADERS))
            self.response = response = self.connection.getresponse()
            text = response.read(most + 1)
        except (OSError, HTTPException, ValueError) as problem:
            if self.late or isinstance(problem, TimeoutError):
                raise self._timed_out() from problem
            why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise _Failed(f"there was no answer: {why}.") from problem
        if self.late:
            raise self._timed_out()
        if response.length and len(text) <= most:
            raise _Failed("the connection broke off in the middle of the answer.")
        return response.status, {k.lower(): v for k, v in response.getheaders()}, text

    def _timed_out(self) -> _Failed:
        return _Failed(f"there was no answer within {self.timeout_s:g} s.")

    def _stop(self) -> None:
        self.late = True
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


def _which(batch: pl.DataFrame) -> str:
    first = batch[ID][0]
    return f"case {first}" if batch.height == 1 else f"{batch.height} cases from {first} on"
