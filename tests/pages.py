"""Follows a page of the documentation to the letter: runs its commands and notes what they say.

``python -m tests.pages docs/your-own-model.md`` writes the page anew, with what is said today.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import roadworthy

REPOSITORY = Path(__file__).parents[1]
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
HEAD = re.compile(r"Ledger head: [0-9a-f]{64}")
DAY = re.compile(r"\d{4}-\d\d-\d\d\b")
_END = "@@ here a command ended @@"


def commands(page: str) -> list[str]:
    """Every line of a console block that begins with ``$``, in the page's order."""
    lines = (line for block in CONSOLE.findall(page) for line in block.splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def files(page: str) -> dict[str, str]:
    """The files that the page shows, by name."""
    return dict(FILE.findall(page))


def followed(page: str, folder: Path) -> str:
    """The page, with what its commands say when they are run in ``folder`` one after another."""
    said = iter(_run(commands(page), folder))

    def filled(block: re.Match[str]) -> str:
        told = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{next(said)}" for line in told) + "```"

    return CONSOLE.sub(filled, page)


def undated(page: str) -> str:
    """The page with one day for all: the day of a verdict is the day it was made.

    The head of a ledger hangs on that moment too.
    """
    return HEAD.sub("Ledger head: 0", DAY.sub("2026-01-01", page))


def checkout(folder: Path) -> Path:
    """A checkout to work in: the examples, and nothing that was left behind in them."""
    left_behind = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(REPOSITORY / "examples", folder / "examples", ignore=left_behind)
    return folder


def _run(lines: list[str], folder: Path) -> list[str]:
    """What each line says in one shell, without blank lines at its ends."""
    script = "".join(f"{line}\nleft=$?; echo '{_END}'; (exit $left)\n" for line in lines)
    ran = subprocess.run(
        ["bash"],
        input=script,
        cwd=folder,
        env=_surroundings(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    *said, _ = ran.stdout.split(f"{_END}\n")
    return [
        "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines()) for text in said
    ]


def _surroundings(folder: Path) -> dict[str, str]:
    """An environment in which ``roadworthy`` and ``python3`` are those that run the tests."""
    programs = folder / ".programs"
    programs.mkdir()
    source = Path(roadworthy.__file__).parents[1]
    run = "from roadworthy.cli import main; main()"
    for name, arguments in (("roadworthy", f"-c '{run}' "), ("python3", "")):
        script = programs / name
        script.write_text(f"#!/bin/sh\nexec '{sys.executable}' {arguments}\"$@\"\n")
        script.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(source), "LC_ALL": "C"}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            known, folder = Path(name).read_text(), checkout(Path(place))
            for shown, text in files(known).items():
                (folder / shown).write_text(text)
            Path(name).write_text(followed(known, folder))
