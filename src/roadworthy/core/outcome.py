"""The three answers, of a requirement, of a certificate, and of the product."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from roadworthy.core.errors import ExitCode


class Outcome(StrEnum):
    """PASS < INCONCLUSIVE < FAIL: the worst gating cell is the product's."""

    PASS = "PASS"
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"

    @property
    def severity(self) -> int:
        return list(Outcome).index(self)

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode[self.name]

    @staticmethod
    def worst(outcomes: Iterable[Outcome]) -> Outcome:
        """The worst of them; of nothing, INCONCLUSIVE: no evidence is never a PASS."""
        return max(outcomes, key=lambda o: o.severity, default=Outcome.INCONCLUSIVE)
