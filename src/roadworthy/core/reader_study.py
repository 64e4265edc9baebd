"""A reader study: the same readers on the same cases, with and without the product's marks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from roadworthy.core.evidence import Evidence
from roadworthy.core.requirement import Limit
from roadworthy.core.verdict import Outcome

WITHOUT = "the same readers without marks"


class Endpoint(StrEnum):
    """What a reader study compares: how readers rank cases, or what they call."""

    AUC = "auc"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"


@dataclass(frozen=True)
class Arm:
    """The average reader in one condition: an estimate, its standard error, degrees of freedom."""

    estimate: float
    se: float
    df: float


@dataclass(frozen=True)
class Compared:
    """One endpoint: both arms, their difference (with minus without), and what that shows.

    ``n`` counts the cases that the endpoint is about, ``by_reader`` holds each reader's name with
    the endpoint without and with marks. ``difference`` is None where it was not measured.
    """

    endpoint: Endpoint
    limit: Limit
    outcome: Outcome
    evidence: Evidence
    n: int
    of: str
    without: Arm | None = None
    with_marks: Arm | None = None
    difference: Arm | None = None
    by_reader: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class ReaderStudy:
    """An analysed reader study.

    ``product`` and ``subject`` (a fingerprint) say whose marks the readers saw; empty when nobody
    said. ``table`` is the fingerprint of what was analysed.
    """

    outcome: Outcome
    found: tuple[Compared, ...]
    readers: int
    cases: int
    positives: int
    confidence: float
    product: str = ""
    subject: str = ""
    table: str = ""
    version: str = ""
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in one line."""
        return f"reader study: {self.outcome}"

    def of(self, endpoint: str) -> Compared | None:
        """What was found on one endpoint."""
        return next((one for one in self.found if one.endpoint == endpoint), None)
