"""The operational design domain: on which cases the product may work, and what becomes of others.

A condition holds of a case, does not hold, or cannot be told because a value is missing (None).
Conditions combine as in Kleene's logic (1952): what a missing value cannot change is told anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

from roadworthy.core.requirement import Level

Missing: TypeAlias = Literal["refer", "reject", "accept"]
Outside: TypeAlias = Literal["refer", "reject"]

# the reason code of a case that lies too far from what the product learnt from
LEARNED = "OUT_OF_SCOPE_LEARNED"


class Ground(StrEnum):
    """Why a case is out of scope, as its reason code begins."""

    SCOPE = "OUT_OF_SCOPE"
    MISSING = "MISSING"


@dataclass(frozen=True)
class OnField:
    """One column lies in a range (both ends inside), or holds one of some levels."""

    field: str
    between: tuple[float, float] | None = None
    levels: tuple[Level, ...] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return (self.field,)

    def holds(self, case: Mapping[str, object]) -> bool | None:
        """Whether it holds of a case; None: the value is missing (NaN is none either)."""
        value = case.get(self.field)
        if value is None or value != value:
            return None
        if self.between is None:
            # levels of dates are told as text
            told = value.isoformat() if type(value) is date else value
            return told in (self.levels or ())
        low, high = self.between
        return isinstance(value, int | float | Decimal) and low <= value <= high


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return _fields(*self.parts)

    def holds(self, case: Mapping[str, object]) -> bool | None:
        """Whether it holds of a case; None: that hangs on a missing value."""
        told = [part.holds(case) for part in self.parts]
        return False if False in told else None if None in told else True


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return _fields(*self.parts)

    def holds(self, case: Mapping[str, object]) -> bool | None:
        """Whether it holds of a case; None: that hangs on a missing value."""
        told = [part.holds(case) for part in self.parts]
        return True if True in told else None if None in told else False


@dataclass(frozen=True)
class WhenThen:
    """Where ``when`` holds, ``then`` must; elsewhere nothing is asked."""

    when: Condition
    then: Condition

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return _fields(self.when, self.then)

    def holds(self, case: Mapping[str, object]) -> bool | None:
        """Whether it holds of a case; None: that hangs on a missing value."""
        when, then = self.when.holds(case), self.then.holds(case)
        return True if when is False or then is True else None if None in (when, then) else False


Condition: TypeAlias = OnField | AllOf | AnyOf | WhenThen


def _fields(*parts: Condition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(field for part in parts for field in part.fields))


@dataclass(frozen=True)
class Reason:
    """Why a case is out of scope; ``rejects``: it is no case for the product at all."""

    ground: Ground
    fields: tuple[str, ...]
    rejects: bool = False

    @property
    def code(self) -> str:
        """The reason as it is counted: ``OUT_OF_SCOPE:age``, or ``MISSING:density+vendor``."""
        return f"{self.ground}:{'+'.join(self.fields)}"


class _Rule:
    """What every rule does with a case that its condition leaves outside."""

    missing: Missing
    outside: Outside

    @property
    def condition(self) -> Condition:
        """What must hold of a case in scope."""
        raise NotImplementedError

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return self.condition.fields

    @property
    def beyond(self) -> Reason:
        """The reason where the condition does not hold."""
        return Reason(Ground.SCOPE, self.fields, self.outside == "reject")

    @property
    def unknown(self) -> Reason | None:
        """The reason where a missing value leaves it open; None: such a case is accepted."""
        if self.missing == "accept":
            return None
        return Reason(Ground.MISSING, self.fields, self.missing == "reject")

    def told(self, case: Mapping[str, object]) -> Reason | None:
        """Why a case lies outside, or None when it is inside."""
        holds = self.condition.holds(case)
        if holds is None:
            return self.unknown
        return None if holds else self.beyond


@dataclass(frozen=True)
class ScopeRule(_Rule):
    """One condition on one column, and what becomes of cases beyond it or without a value."""

    field: str
    between: tuple[float, float] | None = None
    levels: tuple[Level, ...] | None = None
    missing: Missing = "refer"
    outside: Outside = "refer"

    @property
    def condition(self) -> OnField:
        """What must hold of a case in scope."""
        return OnField(self.field, self.between, self.levels)

    def reason(self, value: object) -> str | None:
        """Why a value lies outside, or None when it is inside (both ends are inside)."""
        found = self.told({self.field: value})
        return None if found is None else found.code


@dataclass(frozen=True)
class JointRule(_Rule):
    """A condition on several columns together, such as "density C only if vendor A"."""

    joint: AllOf | AnyOf | WhenThen
    missing: Missing = "refer"
    outside: Outside = "refer"

    @property
    def condition(self) -> AllOf | AnyOf | WhenThen:
        """What must hold of a case in scope."""
        return self.joint


Rule: TypeAlias = ScopeRule | JointRule


@dataclass(frozen=True)
class Scope:
    """Rules over fields; a case is inside when all of them hold."""

    rules: tuple[Rule, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every column that a rule looks at."""
        return tuple(dict.fromkeys(field for rule in self.rules for field in rule.fields))

    @property
    def plain(self) -> tuple[ScopeRule, ...]:
        """The rules that look at one column only."""
        return tuple(rule for rule in self.rules if isinstance(rule, ScopeRule))

    def told(self, case: Mapping[str, object]) -> tuple[Reason, ...]:
        """Why a case is outside, what rejects it first; empty when it is inside."""
        found = [reason for rule in self.rules if (reason := rule.told(case)) is not None]
        return tuple(sorted(found, key=lambda reason: not reason.rejects))

    def reasons(self, case: Mapping[str, object]) -> tuple[str, ...]:
        """The codes of the reasons why a case is outside; empty when it is inside."""
        return tuple(reason.code for reason in self.told(case))
