"""The page on a model of one's own: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.pages import REPOSITORY, checkout, commands, files, followed, undated

from roadworthy.core.verdict import Outcome
from roadworthy.workflow.check import check

PAGE = REPOSITORY / "docs" / "your-own-model.md"
EXAMPLE = REPOSITORY / "examples" / "stranger"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 10
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_the_files_on_the_page_are_those_of_the_example() -> None:
    shown = files(PAGE.read_text())
    assert set(shown) == {"score.py", "product.yaml", "onnx.yaml", "net.py"}
    for name, content in shown.items():
        assert content == (EXAMPLE / name).read_text()


def test_the_model_on_the_page_needs_nothing_but_the_standard_library() -> None:
    for name in ("score.py", "serve.py"):
        lines = (EXAMPLE / name).read_text().splitlines()
        imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
        packages = {module.partition(".")[0] for module in imported} - {"score"}
        assert packages <= sys.stdlib_module_names


def test_the_example_behind_an_address_gets_the_same_verdict(tmp_path: Path) -> None:
    folder = checkout(tmp_path) / "examples" / "stranger"
    product = folder / "product.yaml"
    written = yaml.safe_load(product.read_text())
    command = {"command": [sys.executable, "score.py"], "files": ["weights.json"]}
    product.write_text(yaml.safe_dump({**written, "model": command}))
    by_command = check(product)
    with subprocess.Popen(
        [sys.executable, "serve.py", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1]
            product.write_text(yaml.safe_dump({**written, "model": {"url": url}}))
            by_address = check(product)
        finally:
            server.kill()
    assert by_command.outcome is by_address.outcome is Outcome.PASS
    assert [v.evidence for v in by_command.verdicts] == [v.evidence for v in by_address.verdicts]
