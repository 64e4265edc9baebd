"""The door: who may come in, and what is written down of those who may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import RoadworthyError
from roadworthy.serve.access import MOST, WITHIN_S, Door, status_of
from roadworthy.store import ledger
from roadworthy.store.tokens import Role, new_token
from roadworthy.workflow.desk import Desk


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.delenv("ROADWORTHY_STORE", raising=False)
    monkeypatch.delenv("ROADWORTHY_ARTIFACTS", raising=False)
    door = Door(Desk.at(tmp_path), tmp_path / "tokens.json", clock=lambda: now[0])
    now[0] = 0.0
    return door


now = [0.0]


def denied(door: Door, told: str, *roles: Role) -> int | None:
    with pytest.raises(RoadworthyError) as problem:
        door.admitted(told, roles or (Role.ENGINEER,), "POST /looks")
    assert problem.value.next_step
    return status_of(problem.value)


def written(door: Door) -> list[dict[str, object]]:
    with door.desk.vault() as vault, vault.database.reading() as connection:
        return [one.content for one in ledger.entries(connection, kind="access_denied")]


def test_a_token_of_the_role_comes_in(door: Door) -> None:
    token = new_token(door.tokens, "erin", "engineer")
    assert door.admitted(f"Bearer {token}", (Role.ENGINEER,), "x").name == "erin"
    assert door.admitted(f"bearer  {token} ", tuple(Role), "x").name == "erin"
    assert written(door) == []


def test_no_token_a_wrong_one_and_a_wrong_role_stay_out(door: Door) -> None:
    token = new_token(door.tokens, "ann", "auditor")
    assert denied(door, "") == 401
    assert denied(door, f"Basic {token}") == 401
    assert denied(door, f"Bearer {token}x") == 401
    assert denied(door, f"Bearer {token}") == 403
    told = written(door)
    assert [one["status"] for one in told] == [401, 401, 401, 403]
    assert told[-1]["by"] == "ann"
    assert token not in str(told)


def test_whoever_guesses_does_not_fill_the_ledger(door: Door) -> None:
    for number in range(MOST + 25):
        denied(door, f"Bearer guess{number}")
    assert len(written(door)) == MOST
    now[0] += WITHIN_S + 1
    denied(door, "Bearer again")
    assert written(door)[-1]["more_before"] == 25
    assert len(written(door)) == MOST + 1


def test_a_token_that_was_ended_stays_out_at_once(door: Door) -> None:
    from roadworthy.store.tokens import revoke

    token = new_token(door.tokens, "erin", "engineer")
    door.admitted(f"Bearer {token}", (Role.ENGINEER,), "x")
    revoke(door.tokens, "erin")
    assert denied(door, f"Bearer {token}") == 401
