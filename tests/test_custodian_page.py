"""The page on the custodian: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.custody import free_address
from tests.pages import REPOSITORY, checkout, commands, followed, undated

PAGE = REPOSITORY / "docs" / "custodian.md"
ADDRESS = "http://127.0.0.1:8443"


def steady(page: str) -> str:
    """The page without what hangs on the moment or on chance: times, keys, and their hashes."""
    plain = re.sub(r"\b\d\d:\d\d:\d\d(,\d+)?\b", "12:00:00", undated(page))
    return re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b", "<hash>", plain)


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STORE", "ARTIFACTS", "VAULT_KEY", "VAULT_TOKEN"):
        monkeypatch.delenv(f"ROADWORTHY_{name}", raising=False)
    page, free = PAGE.read_text(), free_address()
    assert len(commands(page)) > 15
    ours = page.replace(ADDRESS, free).replace("--port 8443", f"--port {free.rsplit(':')[-1]}")
    told = followed(ours, checkout(tmp_path)).replace(free, ADDRESS)
    assert steady(told.replace(f"--port {free.rsplit(':')[-1]}", "--port 8443")) == steady(page)
