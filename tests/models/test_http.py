"""A server of anybody's is asked; what it does wrong is told, and a lost one is asked again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.model import Brought
from roadworthy.core.product import Task, UrlSource
from roadworthy.models.http import HttpModel
from roadworthy.models.timing import Timing

Cases: TypeAlias = list[dict[str, Any]]


@dataclass
class Said:
    """What the server says to one request; ``drip_s`` waits after each byte."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip_s: float = 0.0
    length: int | None = None


Answer: TypeAlias = Callable[[Cases, int], Said]


@dataclass
class Served:
    """A server that runs in this process, and every request it got."""

    url: str
    got: list[Cases]
    paths: list[str]


@contextmanager
def served(answer: Answer) -> Iterator[Served]:
    """A server on a free port of this machine; gone at the end, however slow its answers are."""
    seen = Served("", [], [])
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            seen.got.append(sent)
            seen.paths.append(self.path)
            said = answer(sent, len(seen.got))
            over.wait(said.wait_s)
            with suppress(OSError):  # the other side left, as some tests want it to
                self._say(said)

        def _say(self, said: Said) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(said.length or len(said.body)))
            self.end_headers()
            step = 1 if said.drip_s else len(said.body) or 1
            for start in range(0, len(said.body), step):
                self.wfile.write(said.body[start : start + step])
                self.wfile.flush()
                if over.wait(said.drip_s):
                    return

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}/score?v=2"
    try:
        yield seen
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def right(sent: Cases, _: int) -> Said:
    return Said(json.dumps([{"id": c["id"], "score": c["x"]} for c in reversed(sent)]).encode())


def cases(n: int = 5) -> pl.DataFrame:
    ids = [f"C{i}" for i in range(n)]
    return pl.DataFrame({columns.ID: ids, "x": [i / n for i in range(n)], "truth": ["yes"] * n})


def model(url: str, batch: int = 2, timeout_s: float = 10.0) -> HttpModel:
    return HttpModel(UrlSource(url, timeout_s, batch), Task.BINARY, ("x",), pauses_s=(0.01, 0.01))


def refused(answer: Answer, timeout_s: float = 10.0) -> tuple[BadInput, Served]:
    with served(answer) as server, pytest.raises(BadInput) as caught:
        model(server.url, timeout_s=timeout_s).answer(cases())
    error = caught.value
    assert error.exit_code is ExitCode.BAD_INPUT
    assert error.next_step
    assert error.where == server.url
    assert len(error.message) < 500
    return error, server


def test_it_is_a_model_that_was_brought() -> None:
    assert isinstance(model("http://127.0.0.1/"), Brought)


def test_cases_go_in_batches_and_answers_come_back_in_order() -> None:
    with served(right) as server:
        assert model(server.url).answer(cases()).to_list() == cases()["x"].to_list()
    assert [len(batch) for batch in server.got] == [2, 2, 1]
    assert server.got[2] == [{"id": "C4", "x": 0.8}]
    assert set(server.paths) == {"/score?v=2"}


def test_a_server_that_comes_back_is_asked_again() -> None:
    for status in (500, 503, 429):

        def answer(sent: Cases, count: int, status: int = status) -> Said:
            return Said(b"busy", status) if count < 3 else right(sent, count)

        with served(answer) as server:
            assert model(server.url).answer(cases()).len() == 5


def test_a_server_that_stays_broken_is_named_after_three_times() -> None:
    error, server = refused(lambda sent, n: Said(b"Traceback: no GPU", 500))
    assert error.code == "model_unreachable"
    assert "2 cases from C0 on failed 3 times" in error.message
    assert "status 500: Traceback: no GPU" in error.message
    assert len(server.got) == 3


def test_a_server_that_is_not_there_is_told() -> None:
    with served(right) as server:
        gone = server.url
    with pytest.raises(BadInput, match=r"failed 3 times; at last .* refused") as caught:
        model(gone).answer(cases())
    assert caught.value.code == "model_unreachable"


def test_a_server_without_an_answer_in_time_is_told() -> None:
    start = time.monotonic()
    error, server = refused(lambda sent, n: Said(b"", wait_s=20.0), timeout_s=0.3)
    assert "no answer within 0.3 s" in error.message
    assert len(server.got) == 3
    assert time.monotonic() - start < 8


def test_a_server_that_drips_cannot_hold_a_request_beyond_its_time() -> None:
    start = time.monotonic()
    error, _ = refused(lambda sent, n: Said(b"[" + b" " * 9999, drip_s=0.05), timeout_s=0.5)
    assert "no answer within 0.5 s" in error.message
    assert time.monotonic() - start < 8


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    error, server = refused(lambda sent, n: Said(right(sent, n).body, length=9999))
    assert error.code == "model_unreachable"
    assert len(server.got) == 3


def test_a_redirect_is_named_and_not_followed() -> None:
    error, server = refused(lambda sent, n: Said(b"", 307, {"Location": "http://x.test/y"}))
    assert error.code == "model_redirects"
    assert "status 307, a redirect to http://x.test/y" in error.message
    assert len(server.got) == 1


@pytest.mark.parametrize("status", [204, 400, 404, 405, 422])
def test_another_status_is_told_at_once_with_what_was_said(status: int) -> None:
    body = b"" if status == 204 else b'{"detail": "field x is required"}'
    error, server = refused(lambda sent, n: Said(body, status))
    assert error.code == "model_refuses"
    assert error.value == status
    assert status == 204 or "field x is required" in error.message
    assert len(server.got) == 1


def said(*answers: object) -> Answer:
    return lambda sent, n: Said(json.dumps(list(answers)).encode())


def scored(case: str, score: object = 0.5) -> dict[str, object]:
    return {"id": case, "score": score}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda sent, n: Said(b"<html>hello</html>"), "cases from C0 on is not JSON: <html>"),
        (lambda sent, n: Said(b"\xff\xfe"), "is not UTF-8"),
        (lambda sent, n: Said(b""), "is not JSON"),
        (lambda sent, n: Said(b'{"scores": [1, 2]}'), 'is not an array but {"scores": .1, 2.}'),
        (said(), "holds 0; case C0 is not in it"),
        (said(scored("C1")), "holds 1; case C0 is not in it"),
        (said(scored("C0"), scored("C1"), scored("C4")), "holds 3, also of cases that were not"),
        (said(scored("C0"), scored("C0")), "Item 2 .* answers case C0 a second time"),
        (said(scored("C0"), scored("c1")), 'Item 2 .* case "c1", which was not asked'),
        (said(scored("C0"), scored("C1", 7)), "Item 2 .* gives case C1 the score 7"),
        (said(0.1, 0.2), "Item 1 .* is not an object but 0.1"),
        (lambda sent, n: Said(b'[{"id": "C0", "score": NaN}]'), "case C0 the score NaN"),
        (lambda sent, n: Said(b" " * 3_000_000), "more than 1,179,648 bytes"),
    ],
)
def test_a_wrong_answer_is_told_with_its_item_and_its_case(answer: Answer, told: str) -> None:
    error, server = refused(answer)
    assert len(server.got) == 1
    with pytest.raises(BadInput, match=told):
        raise error


def test_a_batch_may_not_answer_for_a_later_one() -> None:
    """What was not sent yet cannot have been scored."""
    error, _ = refused(said(scored("C0"), scored("C4")))
    assert "case C1 is not in it" in error.message


def test_its_address_is_its_fingerprint_and_that_is_said() -> None:
    one = model("http://127.0.0.1:1/a")
    assert one.fingerprint == model("http://127.0.0.1:1/a", batch=9, timeout_s=1.0).fingerprint
    assert one.fingerprint != model("http://127.0.0.1:1/b").fingerprint
    assert "operator's word" in one.notes[0]
    assert one.files == ()


def test_it_is_timed_request_by_request() -> None:
    def slow(sent: Cases, n: int) -> Said:
        return replace(right(sent, n), wait_s=0.02)

    with served(slow) as server:
        asked = model(server.url)
        assert asked.why_not("timings") is None
        timed = Timing().collect(asked, cases(3))
    assert {len(batch) for batch in server.got} == {1}
    assert timed["ms"].min() >= 20  # type: ignore[operator]


def test_there_is_nothing_to_weigh() -> None:
    assert "no files here" in str(model("http://127.0.0.1/").why_not("artifact"))
    assert Path() not in model("http://127.0.0.1/").files
