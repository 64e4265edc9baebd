"""Inspects cloth from the photographs to the signed page, command by command, with the seconds.

    python demo.py --into cloth-demo

Every step is a command of `roadworthy` that you could type yourself; what it prints is printed.
"""

from __future__ import annotations

import argparse
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


STEPS = (
    Step("full", ("train",), "Whole photographs: which is the cheapest model that does?"),
    Step("full", ("check",), "What may it clear alone? Calibration pieces certify that, once."),
    Step("full", ("certify",), "The answer: pieces that nobody has looked at so far."),
    Step("half", ("train",), "Half the size: there a net has to earn its place."),
    Step("half", ("check",), "What may that one clear alone?"),
    Step("half", ("certify",), "And the answer for that one."),
    Step("half", ("decide", "today.csv"), "A new day: 180 pieces, 50 of them of another texture."),
    Step("half", ("worklist",), "What the person at the belt gets to see."),
    Step("half", ("dossier",), "The page to sign."),
)


def run(into: Path, share: float = 1.0) -> list[tuple[Step, float]]:
    """All of it, in a folder of its own; the steps with their seconds."""
    fresh(into)
    began = time.perf_counter()
    written = prepare.lay_out(into, share)
    laid = time.perf_counter() - began
    print(", ".join(f"{count} {name}" for name, count in written.items()), f"  {laid:.0f} s\n")
    return [(step, taken(step, into)) for step in STEPS]


def fresh(into: Path) -> None:
    """An empty folder; one that somebody else made is left alone."""
    if into.exists() and not (into / MARK).exists():
        sys.exit(f"{into} exists and was not made by this demo. Name another: --into FOLDER")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    (into / MARK).write_text("made by demo.py; replaced when it runs again\n")


def taken(step: Step, into: Path) -> float:
    """Runs one command, and says how many seconds it took."""
    print(
        f"{step.why}\n$ cd {into / step.product} && roadworthy {' '.join(step.words)}", flush=True
    )
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("roadworthy")), *step.words]
    ended = subprocess.run(command, cwd=into / step.product, check=False)
    spent = time.perf_counter() - began
    if ended.returncode not in ANSWERS:
        sys.exit(f"`roadworthy {' '.join(step.words)}` ended with {ended.returncode}.")
    print(f"  {spent:.0f} s\n", flush=True)
    return spent


def main(words: list[str] | None = None) -> None:
    """Reads the command line and runs the demo."""
    about = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    about.add_argument("--into", type=Path, default=Path("cloth-demo"))
    about.add_argument("--share", type=float, default=1.0, help="of all photographs, for a try")
    given = about.parse_args(words)
    began = time.perf_counter()
    steps = run(given.into, given.share)
    for step, spent in steps:
        print(f"{spent:5.0f} s  {step.product}  roadworthy {' '.join(step.words)}")
    print(f"{time.perf_counter() - began:5.0f} s  all of it, in {given.into}")


if __name__ == "__main__":
    main()
