"""Asking a custodian's vault: what goes wrong on the way is told, with what to do about it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.custody import free_address, team
from tests.tables import rewrite

from roadworthy.core.errors import BadInput, ExitCode, RoadworthyError
from roadworthy.core.seal import Budget, SealedSet
from roadworthy.io.judgement_json import to_json
from roadworthy.io.sealed_json import set_from_json, set_to_json
from roadworthy.store.tokens import VARIABLE
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.custodian import Custodian, seal_there, status_there
from roadworthy.workflow.handed_in import files_of
from roadworthy.workflow.load import load

SECRET = "s3cret-token"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)


def bad(url: str) -> RoadworthyError:
    with pytest.raises(RoadworthyError) as told:
        status_there(url)
    assert told.value.next_step
    assert SECRET not in str(vars(told.value))
    return told.value


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[Any]:
    """A server that says one thing, and keeps what it was asked."""
    asked: list[tuple[str, str, bytes]] = []

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked.append((self.path, self.headers["Authorization"], self.rfile.read(size)))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "url", ["", "vault", "ftp://x", "https://", "https://a:b@c", "http://[", "https://x:99999"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    assert bad(url).code == "bad_address"


def test_a_token_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://vault.example", "http://10.0.0.1:80", "http://localhost.evil.example"):
        assert bad(url).code == "no_tls"
    assert SECRET not in repr(Custodian.at("http://[::1]:1"))


@pytest.mark.parametrize("token", ["", "  ", "a\nb", "schlüssel"])
def test_without_a_token_nothing_is_asked(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, token)
    assert bad("https://vault.example").code == "no_token"


def test_where_nobody_listens_nothing_was_sent() -> None:
    assert bad(free_address()).code == "vault_unreachable"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (500, b"oops"),
        (404, b"{}"),
        (302, b""),
        (200, b'{"sets": [{}]}'),
    ],
)
def test_what_is_no_vault_is_told(status: int, body: bytes) -> None:
    with answering(status, body) as (url, _):
        assert bad(url).code == "bad_answer"


def test_a_redirect_is_not_followed_and_the_token_stays() -> None:
    with (
        answering(200, b'{"sets": []}') as (other, theirs),
        answering(307, b"{}", {"Location": other}) as (url, ours),
    ):
        assert bad(url).code == "bad_answer"
    assert len(ours) == 1
    assert theirs == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, 4), (403, 4), (401, 2), (413, 2), (422, 2), (500, 70), (503, 70)],
)
def test_errors_end_as_they_would_here(status: int, code: int) -> None:
    told = {"code": "x", "where": "there", "value": 3, "next": "Do it.", "message": "No."}
    with answering(status, json.dumps({"error": told}).encode()) as (url, _):
        problem = bad(url)
    assert problem.exit_code == ExitCode(code)
    assert (problem.code, problem.where, problem.value, problem.message) == ("x", "there", 3, "No.")


def test_an_answer_without_a_judgement_is_none_and_nothing_is_kept(tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    own = to_json(check(file))
    answers: list[dict[str, Any]] = [
        {},
        {"judgement": {}},
        {"judgement": {"schema": 1}, "custodian": {"set": "abcdef0123456789"}},
        # an answer to something else, and a set that leads out of the workspace
        {"judgement": own, "custodian": {"set": "abcdef0123456789"}},
        {"judgement": {**own, "set": "sealed"}, "custodian": {"set": "../../x"}},
        {
            "judgement": {**own, "set": "sealed", "fingerprints": {"product.yaml": "0"}},
            "custodian": {"set": "abcdef0123456789"},
        },
    ]
    for answer in answers:
        with answering(200, json.dumps(answer).encode()) as (url, asked):
            with pytest.raises(BadInput):
                certify(file, vault=url)
            assert asked[0][0] == "/looks"
            assert asked[0][2].startswith(b"PK")
    assert not list(tmp_path.rglob("*sealed*"))


def test_what_travels_is_what_judging_takes_and_no_more(tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    kept = file.parent / ".roadworthy"
    for name in ("vault.key", "store.db", "judgements/product/open.json", "dossier/dossier.html"):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_text("secret")
    for name in ("model.skops", "trained.json", "seen/open.ids", "VERSION"):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_text("1")
    (file.parent / "notes.txt").write_text("private")
    (file.parent / "ids.csv").write_text("c1\n")
    rewrite(
        file,
        requirements=[{"id": "one", "metric": "named_cases", "cases": "ids.csv"}],
        data={"cases": "*.parquet"},
        purpose="notes.txt",
        scope=[{"field": "site", "in": ["north", "south", "*"]}],
    )
    assert set(files_of(load(file))) == {
        "product/product.yaml",
        "product/cases.parquet",
        "product/ids.csv",
        "product/.roadworthy/model.skops",
        "product/.roadworthy/trained.json",
        "product/.roadworthy/seen/open.ids",
        "product/.roadworthy/VERSION",
    }


def test_a_frame_does_not_travel(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        seal_there(team(tmp_path / "team"), "https://vault.example", pl.DataFrame({"a": [1]}))
    assert told.value.code == "not_a_file"
    assert os.environ[VARIABLE] == SECRET


def test_a_set_is_told_and_read_again() -> None:
    one = SealedSet(
        id="a",
        root="b",
        product="p",
        cases=3,
        units=2,
        budget=Budget(0.95, (0.5, 0.5)),
        at="2026-01-01T00:00:00Z",
        key="k",
        content="c",
        names="n",
        items="i",
        by=("x",),
        strata=({"cases": 3, "site": "north"},),
    )
    assert set_from_json(json.loads(json.dumps(set_to_json(one)))) == one
