"""Tokens: told once, kept as hashes, ended at once, and read by their owner alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.tokens import Role, holder_of, holders, new_token, revoke


def test_only_the_hash_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "vault" / "tokens.json"
    token = new_token(file, "erin", "engineer")
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0
    found = holder_of(token, holders(file))
    assert found is not None
    assert (found.name, found.role) == ("erin", Role.ENGINEER)


def test_no_two_tokens_are_alike_and_none_is_guessed(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    made = {new_token(file, f"n{i}", "auditor") for i in range(20)}
    assert len(made) == 20
    assert min(map(len, made)) >= 43
    for other in ("", "x", *(token[:-1] for token in made), *(token + "x" for token in made)):
        assert holder_of(other, holders(file)) is None


def test_a_token_that_is_ended_is_nobodys(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    one, other = new_token(file, "erin", "engineer"), new_token(file, "carl", "custodian")
    assert revoke(file, "erin").role is Role.ENGINEER
    assert holder_of(one, holders(file)) is None
    assert holder_of(other, holders(file)) is not None
    with pytest.raises(BadInput, match="nobody called"):
        revoke(file, "erin")


@pytest.mark.parametrize(
    ("name", "role", "code"),
    [
        ("erin", "engineer", "name_taken"),
        ("eve", "root", "no_such_role"),
        ("", "engineer", "bad_name"),
        ("a\nb", "engineer", "bad_name"),
        ("x" * 65, "engineer", "bad_name"),
    ],
)
def test_names_and_roles_that_cannot_be(tmp_path: Path, name: str, role: str, code: str) -> None:
    file = tmp_path / "tokens.json"
    new_token(file, "erin", "engineer")
    before = file.read_bytes()
    with pytest.raises(BadInput) as told:
        new_token(file, name, role)
    assert told.value.code == code
    assert file.read_bytes() == before


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    new_token(file, "erin", "engineer")
    file.chmod(0o644)
    with pytest.raises(Refused, match="others than its owner"):
        holders(file)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tokens": [{"name": "x"}]}', "\xff"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(BadInput) as told:
        holders(file)
    assert told.value.code == "broken_tokens"


def test_a_role_that_is_unknown_is_no_role(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    new_token(file, "erin", "engineer")
    told = json.loads(file.read_text())
    told["tokens"][0]["role"] = "owner"
    file.write_text(json.dumps(told))
    with pytest.raises(BadInput):
        holders(file)


def test_without_a_file_nobody_holds_a_token(tmp_path: Path) -> None:
    assert holders(tmp_path / "tokens.json") == ()
    assert holder_of("x", ()) is None
