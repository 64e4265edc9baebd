"""A planned reader study: how many readers and cases, at what effort, show how much how surely."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roadworthy.core.reader_study import Endpoint
from roadworthy.core.requirement import Limit


@dataclass(frozen=True)
class Size:
    """One size of the study: the power it has, and the hours that all readers read together.

    ``among`` counts the cases that the endpoint is about; ``refused`` says why a study of this
    size would not be judged.
    """

    readers: int
    cases: int
    among: int
    power: float
    hours: float
    refused: str = ""


@dataclass(frozen=True)
class ReaderPlan:
    """Every size that was looked at, the one of least effort that has the power, what is assumed.

    ``schedule`` is where the readers' schedule was written; None: nobody asked.
    """

    endpoint: Endpoint
    limit: Limit
    expected: float
    gain: float
    confidence: float
    power: float
    positives: float
    minutes: float
    washout_weeks: int
    sizes: tuple[Size, ...]
    best: Size | None
    assumed: tuple[str, ...]
    schedule: Path | None = None

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.best is None:
            return "reader study: no size looked at is large enough"
        return (
            f"reader study: {self.best.readers} readers, {self.best.cases} cases, "
            f"{self.best.hours:,.0f} hours"
        )
