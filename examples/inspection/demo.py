"""Inspects cloth from the photographs to the signed page, command by command, with the seconds.

    python demo.py --into cloth-demo

Every step is a command of `roadworthy` that you could type yourself; what it prints is printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import prepare

MARK = ".made-by-the-inspection-demo"
# PASS, FAIL and INCONCLUSIVE are answers; anything else is an accident
ANSWERS = (0, 1, 3)


@dataclass(frozen=True)
class Step:
    """One command, in the folder of one of the products, and why it is given."""

    product: str
    words: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Spent:
    """What a step took: seconds by the clock, and seconds of the processors, all threads."""

    wall: float
    cpu: float


CHAPTERS = {
    "full": "WHOLE PHOTOGRAPHS, 248 x 248 pixels: is a net needed?",
    "half": "HALF THE SIZE, as a cheaper camera sees it: does a net earn its place, and how small?",
}
STEPS = (
    Step("full", ("train",), "Which is the cheapest model that is shown to do?"),
    Step("full", ("marks",), "Where does it look? Pictures of pieces that it did not learn from."),
    Step("full", ("check",), "What may it clear alone? Calibration pieces certify that, once."),
    Step("full", ("certify",), "The answer: on sealed pieces, which nothing was chosen on."),
    Step("full", ("dossier",), "The page to sign."),
    Step("half", ("train",), "The same models, and a net."),
    Step(
        "half", ("marks",), "Where does the net look? It was told only which pieces have a fault."
    ),
    Step("half", ("compress",), "How small may the net be, and still be shown to do?"),
    Step("half", ("check",), "What may the small one clear alone?"),
    Step("half", ("certify",), "The answer for it, on sealed pieces."),
    Step("half", ("decide", "today.csv"), "A new day: 157 pieces, 50 of them of another texture."),
    Step("half", ("worklist",), "What the person at the belt gets to see."),
    Step("half", ("dossier",), "The page to sign."),
)
PAGES = {
    "full": (".roadworthy/dossier/dossier.html", "marks/index.html"),
    "half": (
        ".roadworthy/dossier/dossier.html",
        "marks/index.html",
        ".roadworthy/compressed/compress.html",
    ),
}


def run(into: Path, share: float = 1.0) -> list[tuple[str, Spent]]:
    """All of it, in a folder of its own; what each step took."""
    fresh(into)
    watch = Watch()
    written = prepare.lay_out(into, share)
    told = [("prepare.py", watch.spent())]
    print(", ".join(f"{count} {name}" for name, count in written.items()), f"in {into}")
    chapter = ""
    for step in STEPS:
        if step.product != chapter:
            chapter = step.product
            print(f"\n{'=' * 88}\n{CHAPTERS[chapter]}\n{'=' * 88}\n")
        told.append((f"{step.product}  roadworthy {' '.join(step.words)}", taken(step, into)))
    return told


class Watch:
    """Seconds since it was made, of the clock and of the processors (of commands that ended)."""

    def __init__(self) -> None:
        self.began = self._now()

    def spent(self) -> Spent:
        """Since then."""
        return Spent(*(now - then for now, then in zip(self._now(), self.began, strict=True)))

    @staticmethod
    def _now() -> tuple[float, float]:
        times = os.times()
        of_us, of_commands = (times.user + times.system, times.children_user)
        return time.perf_counter(), of_us + of_commands + times.children_system


def fresh(into: Path) -> None:
    """An empty folder; one that somebody else made is left alone."""
    if into.exists() and not (into / MARK).exists():
        sys.exit(f"{into} exists and was not made by this demo. Name another: --into FOLDER")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    (into / MARK).write_text("made by demo.py; replaced when it runs again\n")


def taken(step: Step, into: Path) -> Spent:
    """Runs one command, and says how many seconds it took."""
    words = " ".join(step.words)
    print(f"{step.why}\n$ cd {into / step.product} && roadworthy {words}", flush=True)
    watch = Watch()
    command = [str(Path(sys.executable).with_name("roadworthy")), *step.words]
    ended = subprocess.run(command, cwd=into / step.product, check=False)
    spent = watch.spent()
    if ended.returncode not in ANSWERS:
        sys.exit(f"`roadworthy {words}` ended with {ended.returncode}.")
    print(f"  ({spent.wall:.0f} s)\n", flush=True)
    return spent


def summary(into: Path, told: list[tuple[str, Spent]], all_of_it: Spent) -> list[str]:
    """What each step took, and the pages to look at."""
    rows = [f"{spent.wall:5.0f} s {spent.cpu:9.0f} s  {name}" for name, spent in told]
    last = f"{all_of_it.wall:5.0f} s {all_of_it.cpu:9.0f} s  all of it"
    pages = [f"  {into / product / page}" for product, some in PAGES.items() for page in some]
    return ["  clock  processors", *rows, last, "Look at", *pages]


def main(words: list[str] | None = None) -> None:
    """Reads the command line and runs the demo."""
    about = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    about.add_argument("--into", type=Path, default=Path("cloth-demo"))
    about.add_argument("--share", type=float, default=1.0, help="of all photographs, for a try")
    given = about.parse_args(words)
    watch = Watch()
    told = run(given.into, given.share)
    print("\n".join(summary(given.into, told, watch.spent())))


if __name__ == "__main__":
    main()
