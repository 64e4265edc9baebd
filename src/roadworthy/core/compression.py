"""A net and its smaller heirs: what each still shows, what it costs, and which one is enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from roadworthy.core.evidence import Evidence
from roadworthy.core.outcome import Outcome
from roadworthy.core.requirement import Tier
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Verdict

PARENT = "parent"


@dataclass(frozen=True)
class Metered:
    """One case at a time, in a process of its own, after a warm-up, with so many threads.

    ``p50_ms`` and ``p99_ms`` are wall time over ``runs`` answers, ``cpu_ms`` CPU time of one,
    ``peak_mb`` the highest resident memory, imports included (MB of 10^6 bytes). They are of the
    net alone, on arrays that are ready, and of the machine that compressed.
    """

    p50_ms: float
    p99_ms: float
    cpu_ms: float
    peak_mb: float
    runs: int
    threads: int


class Stage(StrEnum):
    """What the fixed sequence came to at a point."""

    SHOWN = "shown"
    STOPPED = "stopped here"
    AFTER = "not tested"


@dataclass(frozen=True)
class Paired:
    """A metric of a point less that of the parent, on the same cases; more is better.

    ``verdict`` asks for "worse by at most the margin" (by nothing, where none is declared).
    """

    verdict: Verdict

    @property
    def evidence(self) -> Evidence:
        return self.verdict.evidence


@dataclass(frozen=True)
class PointResult:
    """One net of the sequence, and how it did on validation cases.

    ``verdicts`` are those of requirements that hang on the model, at alpha divided by
    ``candidates``; ``budgets`` those on the file's size, which is no estimate. ``disagreement`` is
    the share of cases that are decided otherwise than by the parent; ``referred`` the share that
    goes to a person, None where no case can. Clocks are no part of equality.
    """

    point: str
    title: str
    how: str
    model: str
    bytes: int
    threshold: float | None
    candidates: int
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    budgets: tuple[Verdict, ...]
    paired: tuple[Paired, ...]
    disagreement: Evidence
    referred: float | None
    tested: Stage
    metered: Metered = field(compare=False)

    @property
    def gating(self) -> tuple[Verdict, ...]:
        """The verdicts that gate the product, budgets aside."""
        return tuple(v for v in self.verdicts if v.tier is Tier.CRITICAL)

    @property
    def within_budget(self) -> bool:
        """Whether the file meets every critical limit on its size."""
        gating = (v for v in self.budgets if v.tier is Tier.CRITICAL)
        return all(v.outcome is Outcome.PASS for v in gating)

    @property
    def no_worse(self) -> Outcome:
        """Of the paired comparisons of shares: PASS only if all are within the margin."""
        found = [p.verdict.outcome for p in self.paired if p.verdict.tier is Tier.CRITICAL]
        return Outcome.worst(found) if found else Outcome.INCONCLUSIVE


@dataclass(frozen=True)
class NotMade:
    """A point that there is none of, and why."""

    point: str
    title: str
    why: str


@dataclass(frozen=True)
class Compression(Shown):
    """The parent and its heirs, from big to small, and the answer.

    ``answer`` names the smallest point up to which all are shown to meet, None: not even the
    parent is. ``kept`` is what is the product's model from now on, None: the heir of an earlier run
    that is no point of this one. ``margin``: heirs must be shown
    to be worse than the parent by at most so much; None: the requirements alone count.
    ``candidates`` is what alpha is divided by for the parent, because it was chosen on these cases.
    """

    product: str
    points: tuple[PointResult, ...]
    not_made: tuple[NotMade, ...]
    answer: str | None
    kept: str | None
    margin: float | None
    candidates: int
    cases: int
    units: int | None
    unjudged: tuple[str, ...]
    reduce_range: bool
    machine: str
    notes: tuple[str, ...] = ()
    sentence: str = ""

    def __repr__(self) -> str:
        return f"<Compression of {self.parent.title!r}: {self.kept} kept>"

    @property
    def headline(self) -> str:
        """The answer in one line."""
        return f"{self.product}: {self.sentence}"

    @property
    def parent(self) -> PointResult:
        return self.of(PARENT)

    @property
    def outcome(self) -> Outcome:
        """PASS where there is an answer; else what the parent came to."""
        return Outcome.PASS if self.answer is not None else self.parent.outcome

    def of(self, point: str) -> PointResult:
        """The point of this name."""
        return next(one for one in self.points if one.point == point)

    def ratio(self, point: PointResult) -> float:
        """How many times less CPU time it takes than the parent does in torch."""
        return self.parent.metered.cpu_ms / point.metered.cpu_ms
