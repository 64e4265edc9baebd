"""One thing that the doctor looked at, and what to do about it where something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from roadworthy.core.errors import BadInput, RoadworthyError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``next_step`` is empty when it is as it should be."""

    what: str
    told: str
    next_step: str = ""

    @property
    def ok(self) -> bool:
        return not self.next_step


def problem_of(act: Callable[[], object]) -> RoadworthyError | None:
    """What is wrong when ``act`` is tried; None when nothing is."""
    try:
        act()
    except RoadworthyError as problem:
        return problem
    except (OSError, pl.exceptions.PolarsError) as problem:
        return BadInput(
            f"{type(problem).__name__}: {problem}.",
            code="unreadable",
            next_step="Is it there, and may you read it?",
        )
    return None


def as_finding(what: str, problem: RoadworthyError) -> Finding:
    """A problem as a finding, with its place."""
    place = f"{problem.where}: " if problem.where and problem.where != what else ""
    return Finding(what, f"{place}{problem.message}", problem.next_step)
