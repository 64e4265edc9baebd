"""The page on what follows a decision: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, files, followed, undated

from roadworthy.io.report_text import MADE

PAGE = REPOSITORY / "docs" / "after-the-decision.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 10
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_the_files_on_the_page_are_those_of_the_example() -> None:
    shown = files(PAGE.read_text())
    assert set(shown) == {"product.yaml", "year.py"}
    for name, content in shown.items():
        assert (REPOSITORY / "examples" / "screening" / name).read_text() == content


def test_every_word_of_a_template_is_told() -> None:
    page = PAGE.read_text()
    assert not [name for name in MADE if f"`{name}`" not in page]
