"""A custodian's vault as a process, asked over the network by clients in processes of their own."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.custody import Server, clean, fresh_cases, team
from tests.databases import fresh_schema
from tests.tables import rewrite

from roadworthy.core.errors import BadInput, Refused, RoadworthyError
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.store.tokens import VARIABLE, revoke
from roadworthy.workflow.certify import certify
from roadworthy.workflow.custodian import retire_there, status_there
from roadworthy.workflow.desk import Desk
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.ledger import read_head


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the module; every test has a product, and so a set, of its own."""
    words = ("--answer-every", "0.05", "--max-megabytes", "1")
    started = Server(tmp_path_factory.mktemp("custodian") / "vault", words=words).start()
    yield started
    started.stop()


def product(tmp_path: Path, name: str, seed: int, looks: int = 3) -> Path:
    file = team(tmp_path / name, product=name, confidence={"looks": looks})
    assert seed > 10
    return file


def looked(server: Server, file: Path, who: str = "erin", **words: Any) -> Judgement:
    with server.held_by(who):
        return certify(file, vault=server.url, **words)


def turned_down(server: Server, file: Path, who: str = "erin", **words: Any) -> RoadworthyError:
    with pytest.raises(RoadworthyError) as told:
        looked(server, file, who, **words)
    assert told.value.next_step
    return told.value


def raw(server: Server, method: str, path: str, who: str = "", body: bytes = b"") -> Any:
    """Status, headers and text of an answer, as a program without roadworthy gets it."""
    parts = urlsplit(server.url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    token = server.tokens.get(who, who)
    headers = {"Authorization": f"Bearer {token}"} if who else {}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def test_a_look_from_sealing_to_the_dossier(server: Server, tmp_path: Path) -> None:
    file = product(tmp_path, "whole", 11)
    one = server.seal(file, fresh_cases(seed=11), protocol="every third", labels="two readers")
    assert one.provenance.protocol == "every third"
    found = looked(server, file)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.withheld
    assert [path.name for path in file.parent.glob(".roadworthy/vault.key")] == []
    written = dossier(file)
    assert not written.wrong
    page = written.html.read_text()
    assert one.id in page
    assert f"a custodian&#39;s sealed test set ({server.url})" in page
    assert json.loads(written.json.read_text())["custodian"] == server.url
    # the answer was kept as it was given
    status, answer = raw(server, "GET", f"/answers/{one.id}/1", "ann")
    assert status == 200
    told = json.loads(answer)
    assert told["verdicts"][0]["withheld"]
    with server.held_by("erin"):
        (mine,) = [kept for kept in status_there(server.url).sets if kept.id == one.id]
    assert len(mine.looks) == 1
    # what the engineers see of their look tells nothing else, and neither do its size and the log
    assert mine.looks[0].answered is not None
    assert "0." not in server.logged().replace("127.0.0.1", "")
    assert not any(token in server.logged() for token in server.tokens.values())


def test_roles_are_kept_apart_and_denials_are_written_down(server: Server, tmp_path: Path) -> None:
    file = product(tmp_path, "roles", 12)
    assert turned_down(server, file, "ann").code == "wrong_role"
    assert turned_down(server, file, "nobody-has-this").code == "unknown_token"
    assert isinstance(turned_down(server, file, "ann"), Refused)
    for method, path, who, status in (
        ("GET", "/seals", "", 401),
        ("POST", "/seals", "erin", 403),
        ("POST", "/seals", "ann", 403),
        ("POST", "/seals/abc/retire", "erin", 403),
        ("GET", "/ledger", "erin", 403),
        ("GET", "/ledger/export", "erin", 403),
        ("GET", "/answers/abc/1", "erin", 403),
        ("GET", "/ledger/head", "erin", 200),
        ("GET", "/seals", "ann", 200),
        ("GET", "/nowhere", "ann", 404),
        ("GET", "/answers/abc/xyz", "ann", 404),
        ("PUT", "/seals", "carl", 405),
        ("GET", "/docs", "carl", 404),
        ("GET", "/health", "", 200),
    ):
        told = raw(server, method, path, who)
        assert told[0] == status, (method, path, who)
        assert status == 200 or json.loads(told[1])["error"]["next"]
    assert server.kinds().count("access_denied") >= 3


def test_an_auditor_reads_the_ledger_and_verifies_it_alone(server: Server, tmp_path: Path) -> None:
    status, text = raw(server, "GET", "/ledger/export", "ann")
    assert status == 200
    lines = [json.loads(line) for line in text.decode().splitlines()]
    assert [one["number"] for one in lines] == list(range(1, len(lines) + 1))
    head = tmp_path / "head.json"
    head.write_bytes(raw(server, "GET", "/ledger/head", "ann")[1])
    assert read_head(head).number == len(lines)
    page = json.loads(raw(server, "GET", f"/ledger?after={len(lines) - 1}", "ann")[1])
    assert page["entries"] == lines[-1:]
    assert not any(token in text.decode() for token in server.tokens.values())


def test_bundles_that_are_none_or_too_large_are_refused(server: Server, tmp_path: Path) -> None:
    status, text = raw(server, "POST", "/looks", "erin", b"no zip")
    assert (status, json.loads(text)["error"]["code"]) == (422, "bad_bundle")
    # filled up to whole blocks
    assert len(text) % (16 << 10) == 0
    file = product(tmp_path, "large", 13)
    (file.parent / "extra.csv").write_bytes(os.urandom(3 << 20))
    rewrite(file, data={"tables": {"timings": "extra.csv"}})
    assert turned_down(server, file).code == "bundle_too_large"
    # whoever sends a bundle to seal to where sets are looked at
    status, text = raw(server, "POST", "/looks", "nobody", bytes(3 << 20))
    assert status == 401


def test_only_a_custodian_retires_and_a_revoked_token_is_out_at_once(
    server: Server, tmp_path: Path
) -> None:
    file = product(tmp_path, "retired", 14)
    one = server.seal_beside(file, fresh_cases(seed=14))
    with server.held_by("erin"), pytest.raises(Refused):
        retire_there(server.url, one.id, "mine")
    with server.held_by("carl"):
        assert retire_there(server.url, one.id[:10], "the world moved") == one.id
        with pytest.raises(Refused):
            retire_there(server.url, one.id, "again")
        with pytest.raises(BadInput):
            retire_there(server.url, "ffff", "none")
    revoke(server.folder / "tokens.json", "ann")
    assert raw(server, "GET", "/ledger", "ann")[0] == 401


def test_what_would_be_refused_there_is_refused_here_unsent(server: Server, tmp_path: Path) -> None:
    before = len(server.kinds())
    file = product(tmp_path, "unsent", 15)
    rewrite(file, data={"split": {"validation": 0.5, "sealed": 0.5, "seed": 1}})
    assert turned_down(server, file).code == "sealed_rows_handed_in"
    other = product(tmp_path, "code", 16)
    rewrite(other, model={"command": ["python", "x.py"]})
    text = other.read_text().replace("  score: score\n", "")
    other.write_text(text)
    assert turned_down(server, other).code == "model_reaches_out"
    outside = product(tmp_path, "outside", 17)
    (tmp_path / "cases.parquet").write_bytes((outside.parent / "cases.parquet").read_bytes())
    rewrite(outside, data={"cases": "../cases.parquet"})
    assert turned_down(server, outside).code == "outside_the_bundle"
    assert len(server.kinds()) == before


CLIENT = """
import sys
from roadworthy.cli import main
from roadworthy.workflow import certify, custodian
print("ready", flush=True)
sys.stdin.readline()
sys.argv = ["roadworthy", "certify", sys.argv[1], "--vault", sys.argv[2], "--json"]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_engineers_who_take_the_last_look_one_gets_it(
    tmp_path: Path, kind: str, server: Server, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        take_the_last_look(server, tmp_path)
        return
    store = fresh_schema(request.getfixturevalue("postgresql"))
    other = Server(tmp_path / "vault", store).start()
    try:
        take_the_last_look(other, tmp_path)
    finally:
        other.stop()


def take_the_last_look(server: Server, tmp_path: Path) -> None:
    first, second = (product(tmp_path / one, "last", 18, looks=1) for one in "ab")
    name = server.seal_beside(first, fresh_cases(seed=18)).id
    # another question: the same one would be the same look
    rewrite(second, decision={"threshold": 0.4})
    before = server.kinds().count("look_opened")
    told, refused = sorted(both(server, (first, second)))
    assert told in (0, 1, 3)
    assert refused == 4
    (one,) = [kept for kept in server.sets() if kept.id == name]
    assert len(one.looks) == 1
    assert one.looks[0].answered is not None
    assert server.kinds().count("look_opened") == before + 1


def both(server: Server, files: tuple[Path, ...]) -> list[int]:
    """The exit codes of clients that begin at one moment, each in a process of its own."""
    env = {**clean(), VARIABLE: server.tokens["erin"]}
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(file), server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        for file in files
    ]
    for one in clients:
        assert one.stdout is not None
        assert one.stdout.readline().strip() == "ready"
    threads = [threading.Thread(target=one.communicate, args=("go\n",)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one.wait() for one in clients]


@pytest.mark.slow
def test_a_server_that_is_killed_in_a_look_gives_no_look_back(tmp_path: Path) -> None:
    # it answers once in ten minutes: whoever asks is still waiting when it is killed
    server = Server(tmp_path / "vault", words=("--answer-every", "600")).start()
    quick = ("--answer-every", "0.05")
    try:
        file = team(tmp_path / "team", confidence={"looks": 2})
        server.seal_beside(file, fresh_cases())
        problem: list[BaseException] = []
        asking = threading.Thread(target=ask_into, args=(server, file, problem))
        with server.held_by("erin"):
            asking.start()
            opened(server)
            server.kill()
            asking.join()
        (told,) = problem
        assert isinstance(told, BadInput)
        assert told.code == "vault_gone"
        server.words = quick
        server.start()
        # it goes on with the same look, or gets the answer that it was given
        found = looked(server, file)
        assert found.withheld
        (one,) = server.sets()
        assert len(one.looks) == 1
        assert one.left == 1
        with Desk.at(server.folder).vault() as vault:
            assert vault.sets()[0].looks[0].answered is not None
    finally:
        server.stop()


def ask_into(server: Server, file: Path, problem: list[BaseException]) -> None:
    try:
        certify(file, vault=server.url)
    except BaseException as raised:
        problem.append(raised)


def opened(server: Server) -> None:
    """Returns when a look stands in the ledger."""
    pause = threading.Event()
    for _ in range(2_000):
        if "look_opened" in server.kinds():
            return
        pause.wait(0.05)
    raise AssertionError("nobody looked")


# ---- TLS


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody else has signed, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the vault")])
    now = datetime.datetime.now(datetime.UTC)
    local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([local]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


def test_over_tls_a_certificate_is_trusted_or_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, secret = certificate(tmp_path)
    words = ("--certfile", str(pem), "--keyfile", str(secret))
    server = Server(tmp_path / "vault", words=words).start()
    try:
        assert server.url.startswith("https://127.0.0.1:")
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with server.held_by("erin"):
            with pytest.raises(BadInput) as told:
                status_there(server.url)
            assert told.value.code == "untrusted_certificate"
            assert "SSL_CERT_FILE" in told.value.next_step
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            assert status_there(server.url).sets == ()
            # neither is it a vault that speaks in the clear
            with pytest.raises(BadInput):
                status_there(server.url.replace("https", "http"))
    finally:
        server.stop()
