"""What was measured, or why nothing was: evidence is never a number that stands for 'no number'."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias


@dataclass(frozen=True)
class Regime:
    """How evidence may be used: ``alpha`` is the one-sided error of one look.

    ``anytime`` asks for a bound that stays valid however often and whenever one looks.
    """

    alpha: float
    anytime: bool = False


@dataclass(frozen=True)
class Measured:
    """An estimate with two one-sided bounds and two p-values at the limit.

    ``low`` and ``high`` are each one-sided at the effective confidence (None: no finite bound).
    ``p_pass`` tests "the limit is not met", ``p_fail`` tests "the limit is met". ``n`` counts the
    observations of the kind that the metric is about, ``of`` names that kind. ``spread`` is the
    standard deviation of one observation, where planning a next set needs it. ``detail`` is what a
    reader must know beside the number, such as what it leaves out.
    """

    estimate: float
    low: float | None
    high: float | None
    p_pass: float
    p_fail: float
    n: int
    of: str
    method: str
    assumptions: tuple[str, ...] = ()
    spread: float | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        for name in ("p_pass", "p_fail"):
            p = getattr(self, name)
            if not 0.0 <= p <= 1.0:
                raise ValueError(f"{name} must lie in 0..1, not {p!r}: mend the instrument")
        if not isfinite(self.estimate):
            raise ValueError(
                f"an estimate must be finite, not {self.estimate!r}: return NotMeasured instead"
            )


@dataclass(frozen=True)
class NotMeasured:
    """No number, and the reason why: always INCONCLUSIVE, never a PASS."""

    reason: str


WITHHELD = "no number of it is told while looks at the sealed set remain"


@dataclass(frozen=True)
class Withheld(NotMeasured):
    """It was measured, and no number of it leaves: an answer of one bit is all that was paid for.

    To every reader it is no number. Beside a PASS it says that all required numbers were good.
    """

    reason: str = WITHHELD


Evidence: TypeAlias = Measured | NotMeasured
