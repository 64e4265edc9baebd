"""The machine on which the product will work: only what was measured there speaks for it."""

from __future__ import annotations

from dataclasses import dataclass

# in the place of a name: the machine on which roadworthy runs
HERE = "here"

TIMINGS, PROCESSES, DECISIONS = "timings", "processes", "decisions"
TABLES = (TIMINGS, PROCESSES, DECISIONS)
"""What hangs on the machine: a row a timed case, a fresh process, and a decision."""


@dataclass(frozen=True)
class Device:
    """The declared machine, and how it is measured.

    ``threads`` are what the model may use. ``runs`` fresh processes share the cases, so that
    starting, loading and memory are seen as often.
    """

    name: str
    threads: int = 1
    runs: int = 30

    @property
    def here(self) -> bool:
        """Whether it is declared to be the machine on which roadworthy runs."""
        return self.name == HERE

    def __str__(self) -> str:
        return "this machine" if self.here else self.name
