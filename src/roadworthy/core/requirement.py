"""A requirement is a limit with a confidence: what the product must reach, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from roadworthy.core.perturbation import Under

Level: TypeAlias = str | int | float | bool
P = TypeVar("P", covariant=True)


class Side(StrEnum):
    """From which side the limit binds."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MAX_DROP = "max_drop"
    MIN_GAIN = "min_gain"


class Whose(StrEnum):
    """Whose calls a requirement is about: the product's own, or those of product and reader."""

    PRODUCT = "product"
    TEAM = "team"


class Tier(StrEnum):
    """``critical`` gates the product, ``advisory`` is shown only."""

    CRITICAL = "critical"
    ADVISORY = "advisory"


@dataclass(frozen=True)
class Limit:
    """One value and the side from which it binds; the value itself meets the limit."""

    side: Side
    value: float
    unit: str = ""
    against: str | None = None

    @property
    def compares(self) -> bool:
        """Whether the evidence is a difference to somebody else's calls on the same cases."""
        return self.side in (Side.MAX_DROP, Side.MIN_GAIN)

    @property
    def wants_high(self) -> bool:
        """Whether more is better; a comparison is always told as a gain."""
        return self.side is not Side.AT_MOST

    @property
    def threshold(self) -> float:
        """The limit on the scale of the evidence: 'drops at most .05' is 'gains at least -.05'."""
        # 0.0 - 0.0 is 0.0, where -0.0 would be shown as a negative zero
        return 0.0 - self.value if self.side is Side.MAX_DROP else self.value

    def met_by(self, value: float) -> bool:
        """Whether a true value would meet the limit."""
        return value >= self.threshold if self.wants_high else value <= self.threshold

    def __str__(self) -> str:
        words = {
            Side.AT_LEAST: "at least",
            Side.AT_MOST: "at most",
            Side.MAX_DROP: "drops at most",
            Side.MIN_GAIN: "gains at least",
        }
        unit = f" {self.unit}" if self.unit else ""
        against = f" against {self.against}" if self.against else ""
        return f"{words[self.side]} {self.value:.10g}{unit}{against}"


@dataclass(frozen=True)
class SliceRule:
    """Which parts of the set a requirement must also hold on, and with which limit there."""

    by: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...] = ()
    levels: tuple[Level, ...] = ()
    limit: float | None = None
    target: float | None = None
    tier: Tier | None = None
    min_share: float = 0.02
    prevalence: float | None = None


@dataclass(frozen=True)
class SliceKey:
    """One column pinned to a value, to a range [from, to), or to 'missing'."""

    column: str
    value: Level | None = None
    range: tuple[float, float] | None = None

    @property
    def missing(self) -> bool:
        return self.value is None and self.range is None

    def __str__(self) -> str:
        if self.missing:
            return f"{self.column} missing"
        if self.range is not None:
            return f"{self.column} {self.range[0]:g} to {self.range[1]:g}"
        return f"{self.column} = {self.value}"


@dataclass(frozen=True)
class Slice:
    """A part of the set: every key holds; no key is the whole set."""

    keys: tuple[SliceKey, ...] = ()

    def __str__(self) -> str:
        return ", ".join(str(key) for key in self.keys) or "all"


WHOLE = Slice()


@dataclass(frozen=True)
class Requirement(Generic[P]):
    """What must be shown: a metric, its limit, and the confidence with which it must hold.

    ``target`` is the value expected; it plans the sample size and is never used to judge.
    ``parameters`` is an instance of the dataclass that the instrument declares. ``under``: it is
    about the cases as they are under that perturbation.
    """

    id: str
    metric: str
    limit: Limit
    parameters: P
    confidence: float = 0.95
    power: float = 0.80
    target: float | None = None
    slices: tuple[SliceRule, ...] = ()
    tier: Tier = Tier.CRITICAL
    because: str = ""
    per_unit: bool = False
    disagreement: float = 0.10
    line: int | None = None
    of: Whose = Whose.PRODUCT
    # not told where there is none: what was asked of sets that are sealed already reads the same
    under: Under | None = field(default=None, repr=False)

    @property
    def alpha(self) -> float:
        return 1.0 - self.confidence

    def on(self, rule: SliceRule) -> Requirement[P]:
        """The requirement as a slice rule changes it."""
        limit = self.limit if rule.limit is None else replace(self.limit, value=rule.limit)
        parameters = self.parameters
        if rule.prevalence is not None:
            parameters = replace(parameters, prevalence=rule.prevalence)  # type: ignore[type-var]
        return replace(
            self,
            limit=limit,
            tier=rule.tier or self.tier,
            target=self.target if rule.target is None else rule.target,
            parameters=parameters,
        )
