"""The certificate: what a triage product may decide alone, and by which counts that was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal

from roadworthy.core.outcome import Outcome
from roadworthy.core.requirement import Slice

NOT_CERTIFIED = "what the product would decide alone is not certified"
"""Why nothing that hangs on the decisions of an uncertified policy is measured."""


class Risk(StrEnum):
    """What is bounded: a share of the errors among a class, or among what is decided alone."""

    FNR = "fnr"
    FPR = "fpr"
    NPV = "npv"
    PPV = "ppv"

    @property
    def predictive(self) -> bool:
        """Whether it is a share of what is decided alone, so that it depends on prevalence."""
        return self in (Risk.NPV, Risk.PPV)

    @property
    def side(self) -> Literal["clear", "flag"]:
        """Which decision it bounds."""
        return "clear" if self in (Risk.FNR, Risk.NPV) else "flag"


@dataclass(frozen=True)
class MaxRisk:
    """A risk and its limit; an npv of at least .999 is an error rate of at most .001."""

    risk: Risk
    value: float

    @property
    def at_most(self) -> float:
        """The error rate that may not be exceeded."""
        # 1 - 0.999 is not 0.001
        return round(1.0 - self.value, 12) if self.risk.predictive else self.value


@dataclass(frozen=True)
class Missing:
    """How many ``cases`` of a kind it takes without a single error, and how many there are."""

    cases: int
    of: str
    have: int

    @property
    def more(self) -> int:
        """How many are missing."""
        return max(self.cases - self.have, 0)


@dataclass(frozen=True)
class ProtectedLevel:
    """One part of the cases on which the side's threshold must hold by itself."""

    slice: Slice
    k: int
    n: int
    bound: float
    certified: float | None


@dataclass(frozen=True)
class CertifiedSide:
    """One risk of one side.

    ``threshold`` is what the product uses (None: this side decides nothing alone), ``certified``
    the furthest that was shown to hold. ``k`` errors of ``n`` (``of`` this kind) lie beyond the
    threshold; the risk is at most ``bound`` with confidence 1 - ``delta``. ``attainable`` is the
    smallest risk that these cases could certify for any threshold. ``reason`` says why there is no
    threshold.
    """

    side: Literal["clear", "flag"]
    risk: Risk
    at_most: float
    delta: float
    k: int
    n: int
    of: str
    bound: float
    threshold: float | None
    certified: float | None
    attainable: float
    needs: Missing | None = None
    reason: str = ""
    protected: tuple[ProtectedLevel, ...] = ()

    @property
    def at_least(self) -> float | None:
        """The predictive value that was asked for; None for the other risks."""
        return round(1.0 - self.at_most, 12) if self.risk.predictive else None


@dataclass(frozen=True)
class SeenRate:
    """``k`` of ``n`` seen, with two exact bounds, each one-sided at the full confidence."""

    k: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Reader:
    """What clearing costs against a reader of the same cases, among the positives of open data.

    ``net`` positives are cleared although the reader calls them; ``also_missed`` are cleared and
    the reader misses them too. Both together are the gross misses.
    """

    name: str
    net: SeenRate
    also_missed: SeenRate


@dataclass(frozen=True)
class OnOpenCases:
    """What the policy does with cases that did not certify it: shares of all cases of a set.

    ``gross`` is the share of the positives (of units, where cases share them) that are cleared.
    ``assisted`` are those of the referred that come with a suggestion (None: no case does), and
    ``suggestions`` how many of these were right (of units: all of a unit's).
    """

    set: str
    cases: int
    cleared: float
    referred: float
    flagged: float
    gross: SeenRate | None = None
    readers: tuple[Reader, ...] = ()
    assisted: float | None = None
    suggestions: SeenRate | None = None


@dataclass(frozen=True)
class Certificate:
    """The guarantee, what it rests on, and what exactly it is about.

    ``look`` of ``looks`` looks at these calibration cases; each had a share of delta. ``cases`` in
    scope and with a score certified it. ``fingerprints`` name data, model, decision, calibrator and
    guard (None: there is none). ``open`` is added when cases are judged.
    """

    outcome: Outcome
    sides: tuple[CertifiedSide, ...]
    confidence: float
    look: int
    looks: int
    method: str
    unit: str | None
    scope: tuple[str, ...]
    prevalence: float | str | None
    cases: int
    positives: int
    negatives: int
    unscored: int
    made: str
    expires: str | None
    fingerprints: Mapping[str, str | None]
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    open: OnOpenCases | None = None

    def threshold(self, side: Literal["clear", "flag"]) -> float | None:
        """The threshold of a side; None: it decides nothing alone."""
        return next((one.threshold for one in self.sides if one.side == side), None)

    def expired(self, today: date) -> bool:
        """Whether its last day lies behind."""
        return self.expires is not None and today > date.fromisoformat(self.expires)

    def on(self, seen: OnOpenCases) -> Certificate:
        """The same guarantee, with what the policy does with open cases."""
        return replace(self, open=seen)
