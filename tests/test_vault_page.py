"""The page on the vault: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed
from tests.test_store_page import steady

PAGE = REPOSITORY / "docs" / "vault.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 8
    assert steady(followed(page, checkout(tmp_path))) == steady(page)
