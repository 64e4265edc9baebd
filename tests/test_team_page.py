"""The page on teams: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed, undated

PAGE = REPOSITORY / "docs" / "team.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 7
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_the_example_holds_the_masses_of_the_mammography_example() -> None:
    lines = {
        name: (REPOSITORY / "examples" / name).read_text().splitlines()[1:]
        for name in ("team/cases.csv", "mammography/mammographic_masses.csv")
    }
    ours, source = (
        [(line.split(",")[0], line.split(",")[1], line.split(",")[-1]) for line in found]
        for found in lines.values()
    )
    assert ours == source
