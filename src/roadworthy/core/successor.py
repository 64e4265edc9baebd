"""When a sealed test set demands a successor: plain facts in, reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from roadworthy.core.errors import ExitCode
from roadworthy.core.renewal import Renewal
from roadworthy.core.shown import Shown


class Ground(StrEnum):
    """Why a set is no longer the one that the product should be judged on."""

    BUDGET = "BUDGET_SPENT"
    AGE = "TOO_OLD"
    SCOPE = "SCOPE_CHANGED"
    KIND = "NEW_KIND"
    MOVED = "WORLD_MOVED"


@dataclass(frozen=True)
class Reason:
    """One reason, in words that name its numbers."""

    ground: Ground
    told: str


@dataclass(frozen=True)
class NewKind:
    """A level of a column that the sealed set lacks, and its share of recent traffic."""

    column: str
    level: str
    cases: int
    share: float


@dataclass(frozen=True)
class Moved:
    """A column whose values in recent traffic differ from the sealed set's.

    ``distance`` lies in 0..1 (total variation of levels, or Kolmogorov-Smirnov of numbers), ``p``
    is adjusted over the columns (Holm).
    """

    column: str
    distance: float
    p: float


@dataclass(frozen=True)
class Facts:
    """What is known of a sealed set; None, or nothing, where it is not known.

    ``looks_left`` of ``looks``; ``scope_then`` is how the scope read at sealing (any text or
    fingerprint), ``scope_now`` how it reads; ``scope_changes`` are changes that the cases show.
    """

    looks_left: int | None = None
    looks: int | None = None
    made: date | None = None
    scope_then: str | None = None
    scope_now: str | None = None
    scope_changes: tuple[str, ...] = ()
    kinds: tuple[NewKind, ...] = ()
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True)
class Due(Shown):
    """Whether a successor is due, with the reasons, and what could not be asked."""

    product: str
    reasons: tuple[Reason, ...]
    asked: tuple[str, ...]
    not_asked: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if not self.reasons:
            return f"{self.product}: no successor is due"
        return f"{self.product}: a successor is due ({', '.join(r.ground for r in self.reasons)})"

    @property
    def exit_code(self) -> ExitCode:
        """1 where a successor is due, 3 where nothing could be asked."""
        if self.reasons:
            return ExitCode.FAIL
        return ExitCode.PASS if self.asked else ExitCode.INCONCLUSIVE


def successor(facts: Facts, rules: Renewal, today: date, alpha: float = 0.05) -> tuple[Reason, ...]:
    """The reasons for which a sealed set demands a successor; none: it does not.

    >>> [r.told for r in successor(Facts(looks_left=0, looks=5), Renewal(), date(2026, 1, 1))]
    ['all 5 looks are spent']
    """
    found = [
        _budget(facts),
        _age(facts, rules, today),
        *_scope(facts),
        *(_kind(kind) for kind in facts.kinds if kind.share > rules.new_kind),
        *(_moved(one) for one in facts.moved if one.p <= alpha and one.distance >= rules.moved_by),
    ]
    return tuple(reason for reason in found if reason is not None)


def _budget(facts: Facts) -> Reason | None:
    if facts.looks_left is None or facts.looks_left > 0:
        return None
    many = "all looks are" if facts.looks is None else f"all {facts.looks} looks are"
    return Reason(Ground.BUDGET, "its one look is spent" if facts.looks == 1 else f"{many} spent")


def _age(facts: Facts, rules: Renewal, today: date) -> Reason | None:
    if facts.made is None or rules.fresh_for is None:
        return None
    days = (today - facts.made).days
    if days <= rules.fresh_for:
        return None
    told = f"it was made {days:,} days ago, on {facts.made}, and is fresh for {rules.fresh_for:,}"
    return Reason(Ground.AGE, told)


def _scope(facts: Facts) -> Sequence[Reason]:
    found = [Reason(Ground.SCOPE, told) for told in facts.scope_changes]
    known = facts.scope_then is not None and facts.scope_now is not None
    if known and facts.scope_then != facts.scope_now and not found:
        found.append(Reason(Ground.SCOPE, "the scope is not the one it was sealed under"))
    return found


def _kind(kind: NewKind) -> Reason:
    told = (
        f"{kind.column} {kind.level} is {kind.share:.1%} of recent traffic ({kind.cases:,} cases), "
        "and the set holds none"
    )
    return Reason(Ground.KIND, told)


def _moved(one: Moved) -> Reason:
    told = (
        f"{one.column} is distributed otherwise in recent traffic "
        f"(distance {one.distance:.2f}, p {one.p:.2g})"
    )
    return Reason(Ground.MOVED, told)
