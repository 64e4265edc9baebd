"""docs/scope.md shows what its example really gives."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from roadworthy.cli import show
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_shows_its_own_rules_and_a_real_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "scope.md").read_text()
    file = runpy.run_path(str(DOCS / "scope_example.py"))["write"](tmp_path / "eights")
    written = page.split("```yaml\n")[1].split("```")[0]
    assert written in file.read_text()
    show.trained(train(file))
    show.judgement(check(file))
    printed = {line.rstrip() for line in capsys.readouterr().out.splitlines()}
    run = page.split("```console\n")[1].split("```")[0].splitlines()
    told = [line.rstrip() for line in run if line and not line.startswith(("$", "..."))]
    assert len(told) > 12
    assert [line for line in told if line not in printed] == []
