"""From a score to a route: which cases the product decides alone, and which go to a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """Where a case goes: decided without a person (clear, flag) or with one (assist, refer)."""

    CLEAR = "clear"
    FLAG = "flag"
    ASSIST = "assist"
    REFER = "refer"


class Referred(StrEnum):
    """How a rate counts the cases that a person decides."""

    RIGHT = "right"
    WRONG = "wrong"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Routed:
    """A route with the code of its reason."""

    route: Route
    reason: str


@dataclass(frozen=True)
class Policy:
    """Flag when ``score >= threshold``; refer when it lies in the band [from, to) of doubt."""

    threshold: float
    refer_between: tuple[float, float] | None = None

    def route(self, score: float | None, outside: tuple[str, ...] = ()) -> Routed:
        """One case's route; ``outside`` are the reasons why it is not in scope."""
        if outside:
            return Routed(Route.REFER, outside[0])
        if score is None or not math.isfinite(score):
            return Routed(Route.REFER, "MISSING:score")
        if self.refer_between and self.refer_between[0] <= score < self.refer_between[1]:
            return Routed(Route.REFER, "DOUBT:score")
        if score >= self.threshold:
            return Routed(Route.FLAG, "SCORE:at_or_above_threshold")
        return Routed(Route.CLEAR, "SCORE:below_threshold")
