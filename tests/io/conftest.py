"""Fake instruments that only say what they are, and a product.yaml that is in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Instrument, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters, Prevalence, case_ids, column, inherited
from roadworthy.core.policy import Referred
from roadworthy.core.product import Costs, Task
from roadworthy.core.requirement import Level, Requirement


def about(**said: Any) -> About:
    texts = dict.fromkeys(("title", "definition", "formula", "source"), "for tests")
    return About(**{**texts, **said})


class Fake:
    """Every method that an instrument must have, and nothing behind it."""

    about = about()
    parameters: type[Any] = NoParameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return {}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        return NotMeasured("a fake")

    def need(
        self,
        requirement: Requirement[Any],
        seen: Measured | None,
        regime: Regime,
        power: float,
    ) -> Need:
        return Need("cases")


BINARY = frozenset({Task.BINARY})


class Sensitivity(Fake):
    about = about(tasks=BINARY, referral_counts=True, comparable=True)


@dataclass(frozen=True)
class AtPrevalence:
    prevalence: Prevalence | None = inherited("prevalence")


class Ppv(Fake):
    about = about(tasks=BINARY, follows_prevalence=True, per_unit=False)
    parameters = AtPrevalence


class Automation(Fake):
    about = about()


@dataclass(frozen=True)
class Words:
    """One parameter of every kind that an instrument may declare."""

    tolerance: float
    bins: int = 10
    exact: bool = True
    name: str = "x"
    of_class: Level = 1
    weights: tuple[float, ...] = ()
    ends: tuple[float, float] = (0.0, 1.0)
    per_level: Mapping[str, float] | None = None
    way: Literal["fast", "slow"] = "fast"
    whose: Referred = Referred.WRONG
    copy: str = "a name that pydantic has too"
    score_column: str | None = column("a column", default=None)

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise ValueError(f"tolerance must not be negative, not {self.tolerance}")


class Within(Fake):
    about = about(highest=1.0, comparable=True)
    parameters = Words


@dataclass(frozen=True)
class Inherits:
    prevalence: Prevalence | None = inherited("prevalence")
    costs: Costs | None = inherited("costs")
    referred: Referred | None = inherited("referred")
    task: Task | None = inherited("task")
    positive: Level | None = inherited("positive")


class Cost(Fake):
    about = about(better="lower", highest=None, follows_prevalence=True, unit="EUR")
    parameters = Inherits


@dataclass(frozen=True)
class Named:
    cases: tuple[str, ...] = case_ids("cases that must be right")


class NamedCases(Fake):
    about = about(better="lower", highest=None, limit_optional=True)
    parameters = Named


@dataclass(frozen=True)
class Events:
    events: str = column("how many events")


class EventRate(Fake):
    about = about(better="lower", highest=None, per_unit=False)
    parameters = Events


class Mae(Fake):
    about = about(better="lower", highest=None, tasks=frozenset({Task.REGRESSION}), per_unit=False)


class Latency(Fake):
    about = about(
        better="lower",
        highest=None,
        unit="ms",
        table="timings",
        per_unit=False,
        judges_calls=False,
        sliceable=False,
    )


GOOD = """\
version: 1
product: mammo-triage
purpose: Clear normal screening exams without a reader.
data:
  cases: cases.parquet
  id: exam
  unit: patient
  truth: cancer
  positive: 1
  score: ai_score
  features: [age, shape]
  prevalence: as_sampled
  split: {train: 0.5, validation: 0.1, calibration: 0.2, sealed: 0.2, seed: 7}
  calls: {radiologist: {column: bi_rads, positive: [4, 5], negative: [1, 2, 3]}}
  cohort: One screening centre; nothing follows for others.
scope:
  - {field: age, between: [40, 80]}
  - {field: vendor, in: [A, B], missing: accept}
costs: {unit: EUR, miss: 20000, false_alarm: 400, refer: {column: minutes, max: 60}, label: 40}
confidence: {level: 0.95, power: 0.80, looks: 2}
decision: {threshold: 0.5, referred: excluded}
requirements:
  - id: finds-cancers
    metric: sensitivity
    at_least: 0.90
    target: 0.95
    slices: [{by: vendor}, {by: density, at_least: 0.85}, {by: age, ranges: [[40, 50], [50, 60]]}]
    because: the programme's own standard
  - {id: spares-readers, metric: automation, at_least: 0.30}
  - {id: trust, metric: ppv, at_least: 0.20}
  - {id: not-worse, metric: sensitivity, against: radiologist, max_drop: 0.02}
  - {id: near, metric: within, at_least: 0.8, tolerance: 0.1}
"""


@pytest.fixture(scope="session")
def good() -> str:
    """A product.yaml that is in order, to be broken one line at a time."""
    return GOOD


@pytest.fixture(scope="session")
def fakes() -> dict[str, Instrument]:
    """Instruments by their metric's name."""
    return {
        "sensitivity": Sensitivity(),
        "specificity": Sensitivity(),
        "ppv": Ppv(),
        "automation": Automation(),
        "within": Within(),
        "expected_cost": Cost(),
        "named_cases": NamedCases(),
        "event_rate": EventRate(),
        "mae": Mae(),
        "latency_p99_ms": Latency(),
    }
