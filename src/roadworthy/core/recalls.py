"""How often each kind of case is called rightly, and what another way of training did to that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# a class with fewer cases, in a slice or at all, is rare there
RARE = 50


@dataclass(frozen=True)
class Recall:
    """Of the ``n`` cases of a class ``name``, in a slice ``where`` (empty: all), ``k`` are right.

    ``low`` and ``high`` are exact one-sided 95 % bounds of this line alone; None: cases of one
    unit depend on each other, or there are none. It guides the work and judges nothing.
    """

    name: str
    where: str
    k: int
    n: int
    low: float | None
    high: float | None


class Effect(StrEnum):
    """Whether a way of training helped."""

    HELPS = "HELPS"
    HURTS = "HURTS"
    UNKNOWN = "CANNOT BE TOLD"


@dataclass(frozen=True)
class Gain:
    """By how much a class (empty: the mean of all classes) is called rightly more often."""

    name: str
    estimate: float
    low: float
    high: float

    @property
    def effect(self) -> Effect:
        """What both bounds say."""
        if self.low > 0.0:
            return Effect.HELPS
        return Effect.HURTS if self.high < 0.0 else Effect.UNKNOWN


@dataclass(frozen=True)
class Tried:
    """A model under one sampling, beside the same model under the first, on the same cases.

    The bounds of all gains of a ladder hold at once with 95 %, on each side; ``why`` says why there
    are none.
    """

    title: str
    beside: str
    gains: tuple[Gain, ...] = ()
    why: str = ""
