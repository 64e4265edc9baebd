"""The custodian's commands: a token is printed once, and nothing listens in the clear."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.cli import main
from roadworthy.store.tokens import holders

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def asked(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return asked


def test_a_token_is_printed_once_and_its_hash_is_kept(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("vault", "token", "--role", "engineer", "--name", "erin", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["role"]) == ("erin", "engineer")
    assert told["token"] not in (tmp_path / "vault" / "tokens.json").read_text()
    assert run("--quiet", "vault", "token", "--role", "auditor", "--name", "ann") == 0
    alone = capsys.readouterr().out
    assert len(alone.split()) == 1
    assert run("vault", "token", "--revoke", "erin") == 0
    assert "ended" in capsys.readouterr().out
    assert [one.name for one in holders(tmp_path / "vault" / "tokens.json")] == ["ann"]


@pytest.mark.parametrize(
    "words",
    [
        ("vault", "token", "--name", "erin"),
        ("vault", "token", "--role", "engineer"),
        ("vault", "token", "--role", "owner", "--name", "erin"),
        ("vault", "token", "--revoke", "nobody"),
        ("vault", "serve", "--host", "0.0.0.0"),
        ("vault", "serve", "--certfile", "nowhere.pem"),
        ("vault", "serve", "--certfile", "nowhere.pem", "--keyfile", "nowhere.key"),
        ("vault", "serve", "--certfile", "none.pem", "--keyfile", "none.pem"),
        ("vault", "serve", "--host", "192.0.2.1", "--insecure"),
        ("vault", "serve", "--port", "99999"),
        ("seal", "--vault", "https://vault.example"),
        ("seal", "test.csv", "--take-out", "--vault", "https://vault.example"),
    ],
)
def test_bad_words_end_with_2_and_say_what_to_do(
    run: Run, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("none.pem").write_text("no certificate")
    assert run(*words, "--json") == 2 if words[1] != "serve" else run(*words) == 2
    told = capsys.readouterr()
    assert "next" in json.loads(told.out)["error"] if told.out else told.err.count("\n") >= 2
    assert "Traceback" not in told.err


def test_a_key_that_others_may_read_is_not_served(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROADWORTHY_VAULT_KEY", raising=False)
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "vault.key").write_text("x")
    (tmp_path / "vault" / "vault.key").chmod(0o644)
    assert run("vault", "serve", "--port", "0") == 4
    assert "chmod 600" in capsys.readouterr().err
