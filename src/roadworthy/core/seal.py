"""The sealed test set, how often it may be looked at, and each time somebody did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a sealed set is in its life; there is no way back."""

    SEALED = "SEALED"
    IN_USE = "IN USE"
    RETIRED = "RETIRED"


class Told(StrEnum):
    """What a look tells: PASS or NOT YET, the same of each requirement, or everything."""

    BIT = "bit"
    REQUIREMENTS = "requirements"
    NUMBERS = "numbers"


@dataclass(frozen=True)
class Budget:
    """What was frozen at sealing: the confidence, and which share of its error each look spends.

    ``shares`` sum to at most 1; there are as many looks as shares.
    """

    level: float
    shares: tuple[float, ...]

    @property
    def looks(self) -> int:
        return len(self.shares)

    def share(self, number: int, bits: int) -> float:
        """The share of alpha at the ``number``-th look after ``bits`` bits were told besides.

        >>> Budget(0.95, (0.5, 0.5)).share(2, bits=1)
        0.25
        """
        return self.shares[number - 1] / 2.0**bits


@dataclass(frozen=True)
class Wanted:
    """A requirement as it was asked of a set: ``print`` hangs on all that can change its answer."""

    id: str
    metric: str
    side: str
    value: float
    against: str | None
    confidence: float
    gates: bool
    print: str


@dataclass(frozen=True)
class Answered:
    """What a look found: ``bits`` were told beyond PASS or NOT YET; ``answer`` names the file."""

    at: str
    passed: bool
    bits: int
    answer: str


@dataclass(frozen=True)
class Look:
    """Permission to look, written down before anything was opened; ``share`` is that of alpha.

    ``asked`` is a hash of everything that the answer hangs on, the sealed rows apart.
    """

    set: str
    number: int
    share: float
    subject: str
    asked: str
    told: Told
    at: str
    wanted: tuple[Wanted, ...] = ()
    answered: Answered | None = None


@dataclass(frozen=True)
class Provenance:
    """Where the cases come from, in the words of whoever sealed them."""

    protocol: str = ""
    source: str = ""
    labels: str = ""
    dates: str = ""
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class SealedSet:
    """A sealed set and everything that happened to it.

    ``root`` is the Merkle root over its cases. ``by`` are the columns that tell equal inputs apart,
    ``strata`` how many cases there are of each kind. ``stands_open``: the rows were taken from the
    product's own table, and still stand there as far as anybody here knows. ``content``,
    ``names`` and ``items`` name files of the store.
    """

    id: str
    root: str
    product: str
    cases: int
    units: int
    budget: Budget
    at: str
    key: str
    content: str
    names: str
    items: str
    by: tuple[str, ...]
    provenance: Provenance = Provenance()
    strata: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    stands_open: bool = False
    twins: int = 0
    looks: tuple[Look, ...] = ()
    retired: str = ""

    @property
    def state(self) -> State:
        if self.retired:
            return State.RETIRED
        return State.IN_USE if self.looks else State.SEALED

    @property
    def bits(self) -> int:
        """What was told beyond PASS or NOT YET by all looks so far."""
        return sum(look.answered.bits for look in self.looks if look.answered)

    @property
    def passed(self) -> Look | None:
        """The look that ended the sequence; None: no PASS yet."""
        found = (look for look in self.looks if look.answered and look.answered.passed)
        return next(found, None)

    @property
    def left(self) -> int:
        """How many looks may still be taken."""
        if self.retired or self.passed:
            return 0
        return self.budget.looks - len(self.looks)
