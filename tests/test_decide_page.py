"""The page on deciding: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed, undated

from roadworthy.core import decided

PAGE = REPOSITORY / "docs" / "decide.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 5
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_every_column_is_explained() -> None:
    page = PAGE.read_text()
    short = {"expected_cost_flag": "_flag", "expected_cost_refer": "_refer"}
    untold = [
        name
        for name in decided.COLUMNS
        if f"`{short.get(name, name)}`" not in page and not name.endswith("_fingerprint")
    ]
    assert not untold
