"""What a verdict is about, and the fingerprint that pins it down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """What can be judged."""

    PRODUCT = "product"
    READER = "human reader"
    GUIDELINE = "guideline"
    STACK = "software stack"


@dataclass(frozen=True)
class Subject:
    """Who is judged. For a product the fingerprint covers model, calibration, policy and scope."""

    kind: SubjectKind
    name: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint[:12]})"
