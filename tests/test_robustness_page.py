"""docs/robustness.md: whoever follows the page to the letter gets what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, files, followed, undated

from roadworthy.io.registry import perturbations

PAGE = REPOSITORY / "docs" / "robustness.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page, folder = PAGE.read_text(), checkout(tmp_path)
    for name, text in files(page).items():
        (folder / name).write_text(text)
    assert len(commands(page)) == 4
    assert undated(followed(page, folder)) == undated(page)


def test_the_page_tells_of_every_perturbation() -> None:
    page = PAGE.read_text()
    assert [name for name in perturbations() if f"| `{name}: " not in page] == []
