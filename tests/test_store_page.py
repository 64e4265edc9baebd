"""The page on the store: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed, undated

PAGE = REPOSITORY / "docs" / "store.md"


def steady(page: str) -> str:
    """The page without what hangs on the moment: times, and the hashes that cover them."""
    plain = re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", undated(page))
    return re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b", "<hash>", plain)


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 12
    assert steady(followed(page, checkout(tmp_path))) == steady(page)
