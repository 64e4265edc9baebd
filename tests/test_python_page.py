"""docs/python.md is run to the letter: every snippet, from top to bottom, in a checkout."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout

import roadworthy

PAGE = REPOSITORY / "docs" / "python.md"


def test_the_page_is_what_really_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout(tmp_path))
    snippets = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(snippets) >= 6
    test = doctest.DocTestParser().get_doctest("\n".join(snippets), {}, "python.md", None, 0)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_every_verb_is_on_the_page() -> None:
    page = PAGE.read_text()
    for name in roadworthy.__all__:
        assert f"`{name}(" in page or f"roadworthy.{name}" in page, name
