"""The key is made once, readable by its owner alone, and refused when others can read it."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput, Refused
from roadworthy.store.keys import FILE, VARIABLE, has_key, vault_key


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert not has_key(tmp_path)
    first = vault_key(tmp_path / "new", create=True)
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600
    assert vault_key(tmp_path / "new") == first == vault_key(tmp_path / "new", create=True)
    assert len(first.secret) == 32
    assert [file.name for file in (tmp_path / "new").iterdir()] == [FILE]


def test_without_a_key_it_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        vault_key(tmp_path)
    assert told.value.code == "no_key" and FILE in str(told.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    vault_key(tmp_path, create=True)
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(Refused, match="chmod 600"):
        vault_key(tmp_path)


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = os.urandom(32)
    monkeypatch.setenv(VARIABLE, base64.b64encode(secret).decode())
    assert vault_key(tmp_path, create=True).secret == secret
    assert not list(tmp_path.iterdir())
    assert has_key(tmp_path)


@pytest.mark.parametrize("text", ["secret", "c2hvcnQ=", "\N{BULLET}", "A" * 44])
def test_what_is_no_key_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(BadInput) as told:
        vault_key(tmp_path)
    assert told.value.code == "no_key" and text not in str(told.value)


def test_of_many_who_make_one_at_once_all_have_the_same(tmp_path: Path) -> None:
    def made(number: int) -> bytes:
        return vault_key(tmp_path, create=True).secret

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(made, range(24)))) == 1
