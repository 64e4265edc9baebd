"""From a score to a route: which cases the product decides alone, and which go to a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

# the codes of the reasons that a score gives; those of the scope are in core.scope
NO_SCORE = "MISSING:score"
IN_DOUBT = "DOUBT:score"
AT_OR_ABOVE = "SCORE:at_or_above_threshold"
BELOW = "SCORE:below_threshold"
BELOW_CLEAR = "BELOW_CLEAR"
ABOVE_FLAG = "ABOVE_FLAG"
UNCERTAIN = "UNCERTAIN"
SUGGESTS_CLEAR = "SUGGESTS:clear"
SUGGESTS_FLAG = "SUGGESTS:flag"
# a cleared case that was drawn for a person all the same
AUDIT_SAMPLE = "AUDIT_SAMPLE"
# what was certified is no longer valid, so a person gets every case
CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
# no calibration case was like it in a protected column, which is named behind a colon
NOT_CERTIFIED = "NOT_CERTIFIED"


class Route(StrEnum):
    """Where a case goes: decided without a person (clear, flag) or with one (assist, refer).

    What a scope rule rejects is no case for the product: it goes back to whoever sent it.
    """

    CLEAR = "clear"
    FLAG = "flag"
    ASSIST = "assist"
    REFER = "refer"
    REJECT = "reject"

    @property
    def to_person(self) -> bool:
        """Whether a person of the product's own gets the case."""
        return self in (Route.ASSIST, Route.REFER)


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

    def route(
        self, score: float | None, outside: tuple[str, ...] = (), rejected: bool = False
    ) -> Routed:
        """One case's route; ``outside`` are the reasons why it is not in scope.

        ``rejected``: the first of them says that it is no case for the product at all.
        """
        if outside:
            return Routed(Route.REJECT if rejected else Route.REFER, outside[0])
        if score is None or not math.isfinite(score):
            return Routed(Route.REFER, NO_SCORE)
        if self.refer_between and self.refer_between[0] <= score < self.refer_between[1]:
            return Routed(Route.REFER, IN_DOUBT)
        if score >= self.threshold:
            return Routed(Route.FLAG, AT_OR_ABOVE)
        return Routed(Route.CLEAR, BELOW)


@dataclass(frozen=True)
class Triage:
    """Clear below one threshold, flag above another, hand everything else to a person.

    None: that side decides nothing alone. A score equal to a threshold goes to a person, with a
    suggestion where the likelier answer has at least the chance ``assist_from`` (None: never). The
    person decides all the same: no guarantee hangs on it.
    """

    clear_below: float | None
    flag_above: float | None
    assist_from: float | None = None

    def __post_init__(self) -> None:
        low, high = self.clear_below, self.flag_above
        if low is not None and high is not None and not low <= high:
            raise ValueError(f"a score between {high} and {low} would be cleared and flagged")

    def route(
        self, score: float | None, outside: tuple[str, ...] = (), rejected: bool = False
    ) -> Routed:
        """One case's route; ``outside`` are the reasons why it is not in scope.

        ``rejected``: the first of them says that it is no case for the product at all.
        """
        if outside:
            return Routed(Route.REJECT if rejected else Route.REFER, outside[0])
        if score is None or not math.isfinite(score):
            return Routed(Route.REFER, NO_SCORE)
        if self.clear_below is not None and score < self.clear_below:
            return Routed(Route.CLEAR, BELOW_CLEAR)
        if self.flag_above is not None and score > self.flag_above:
            return Routed(Route.FLAG, ABOVE_FLAG)
        if self.assist_from is not None and max(score, 1.0 - score) >= self.assist_from:
            return Routed(Route.ASSIST, SUGGESTS_FLAG if score >= 0.5 else SUGGESTS_CLEAR)
        return Routed(Route.REFER, UNCERTAIN)


@dataclass(frozen=True)
class Audit:
    """The share of the cleared cases that a person sees all the same, drawn by their ids.

    Without it nobody would ever see a miss among cleared cases. The same case and ``seed`` give
    the same draw.
    """

    share: float
    seed: int = 0


Decides: TypeAlias = Policy | Triage
"""Whatever turns a score into a route."""

REFERS_ALL = Triage(None, None)
"""The policy of a triage product before its certificate is there."""
