"""The ladder: every rung that training tried, from cheap to costly, and why one was kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from roadworthy.core.product import Running
from roadworthy.core.recalls import RARE, Recall, Tried
from roadworthy.core.requirement import Tier
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Took:
    """What fitting a rung took: seconds on the wall, and seconds of all cores together."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Gain:
    """How much better the best rung is than the kept one in one requirement, on the same cases.

    ``low`` and ``high`` are each one-sided at ``confidence``; None: there is no such bound.
    """

    requirement: str
    rung: str
    estimate: float
    low: float | None
    high: float | None
    confidence: float
    n: int


@dataclass(frozen=True)
class RungResult:
    """A rung that was fitted, and how it did on validation data.

    ``reads`` counts the columns it needs, ``candidates`` its own thresholds. ``verdicts`` are those
    of requirements that hang on the model, judged at alpha divided by all candidates of the
    ladder; without validation cases there are none. ``ms`` is the median time of one answer,
    ``ms_p99`` and ``ms_mean`` those of the few that were timed while it was tried, on the machine
    that tried it; ``took`` is what training it took. A clock is no part of equality.
    """

    rung: str
    title: str
    why: str
    model: str
    bytes: int
    reads: int
    candidates: int
    threshold: float | None
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    ms: float = field(compare=False)
    ms_p99: float | None = field(default=None, compare=False)
    ms_mean: float | None = field(default=None, compare=False)
    took: Took | None = field(default=None, compare=False)

    @property
    def gating(self) -> tuple[Verdict, ...]:
        """The verdicts that gate the product."""
        return tuple(v for v in self.verdicts if v.tier is Tier.CRITICAL)

    @property
    def hypothetical(self) -> bool:
        """Whether it passes only if people act as nobody saw them act."""
        return self.outcome is Outcome.PASS and any(v.hypothetical for v in self.gating)

    @property
    def answer(self) -> str:
        """The outcome in words."""
        return f"{self.outcome}{' (hypothetical)' if self.hypothetical else ''}"


@dataclass(frozen=True)
class NotFitted:
    """A rung that could not be fitted, and what would have to change."""

    rung: str
    title: str
    reason: str
    next_step: str
    code: str
    where: str | None = None


Step: TypeAlias = RungResult | NotFitted


@dataclass(frozen=True)
class Ladder(Shown):
    """What was tried, from cheap to costly, and what was kept.

    ``meets``: the bounds of the kept rung meet every critical requirement on the very cases that
    chose it, with alpha divided by ``candidates``, the number of pairs of rung and threshold that
    could have been chosen; ``earlier`` models among them were tried on these cases before this
    ladder, and are no steps of it. ``reason`` says why it was kept, ``best`` what the best score
    would have cost more, ``unjudged`` names requirements on which nothing was said here.
    ``recalls`` are those of the kept rung, of every class and where classes are rare; ``tried``
    says what other samplings did to each rung. ``gain`` is what the best score would have gained,
    ``running`` what computing costs, where that is known.
    """

    kept: str
    meets: bool
    candidates: int
    cases: int
    steps: tuple[Step, ...]
    reason: str
    best: str = field(compare=False)
    unjudged: tuple[str, ...] = ()
    earlier: int = 0
    recalls: tuple[Recall, ...] = ()
    tried: tuple[Tried, ...] = ()
    gain: Gain | None = None
    running: Running | None = None

    def __repr__(self) -> str:
        return f"<Ladder of {len(self.steps)} models: {self.kept} kept>"

    @property
    def rare(self) -> bool:
        """Whether a class is rare, here or in a slice that is asked for, or there are several."""
        names = {one.name for one in self.recalls}
        return len(names) > 2 or any(one.n < RARE for one in self.recalls)

    @property
    def fitted(self) -> tuple[RungResult, ...]:
        """The rungs that were fitted, from cheap to costly."""
        return tuple(step for step in self.steps if isinstance(step, RungResult))

    @property
    def result(self) -> RungResult:
        """The rung that was kept."""
        return next(step for step in self.fitted if step.rung == self.kept)
