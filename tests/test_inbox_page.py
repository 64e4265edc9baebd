"""The inbox: whoever follows its page to the letter gets what it shows."""

from __future__ import annotations

import filecmp
import runpy
from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed, undated

INBOX = REPOSITORY / "examples" / "inbox"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = (INBOX / "README.md").read_text()
    assert len(commands(page)) > 5
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_the_script_makes_the_messages_that_are_there(tmp_path: Path) -> None:
    runpy.run_path(str(INBOX / "make_example.py"))["make"](tmp_path)
    assert filecmp.cmp(tmp_path / "messages.csv", INBOX / "messages.csv", shallow=False)
