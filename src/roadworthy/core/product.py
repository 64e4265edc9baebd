"""The parsed product.yaml: what the product is, on which cases it may work, what it must reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeAlias

from roadworthy.core.environment import Environment
from roadworthy.core.guard import Guard
from roadworthy.core.policy import Referred
from roadworthy.core.requirement import Level, Requirement
from roadworthy.core.scope import Scope as Scope
from roadworthy.core.scope import ScopeRule as ScopeRule

Prevalence: TypeAlias = float | Literal["as_sampled"]


class Task(StrEnum):
    """What the product says of a case: yes or no, one of several classes, or a value."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class SetName(StrEnum):
    """The split a case belongs to; each has one job."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    SEALED = "sealed"


@dataclass(frozen=True)
class Split:
    """How the cases are parted: by fractions, by a column of set names, by time, or by site.

    ``column`` holds the set's name per case. ``by`` orders cases in time: the newest are sealed.
    ``leave_out`` names a column of which whole levels are sealed.
    """

    fractions: Mapping[SetName, float] = field(default_factory=dict)
    seed: int = 0
    column: str | None = None
    by: str | None = None
    leave_out: str | None = None
    sealed_levels: tuple[Level, ...] = ()


@dataclass(frozen=True)
class Calls:
    """Somebody's own calls on the same cases: which values of a column count as positive."""

    name: str
    column: str
    positive: tuple[Level, ...]
    negative: tuple[Level, ...]


@dataclass(frozen=True)
class Data:
    """Where the cases are and what their columns mean."""

    cases: tuple[str, ...]
    truth: str | None = None
    id: str | None = None
    unit: str | None = None
    positive: Level | None = None
    negative: Level | None = None
    score: str | None = None
    prediction: str | None = None
    features: tuple[str, ...] | None = None
    prevalence: Prevalence | None = None
    split: Split | None = None
    calls: tuple[Calls, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    cohort: str = ""


@dataclass(frozen=True)
class CaseCost:
    """A cost that differs from case to case: a column, with the most it can ever be."""

    column: str
    maximum: float


@dataclass(frozen=True)
class Costs:
    """What a miss, a false alarm, a referral and a label cost, in one unit."""

    unit: str = ""
    miss: float | CaseCost = 0.0
    false_alarm: float | CaseCost = 0.0
    refer: float | CaseCost = 0.0
    label: float | None = None


@dataclass(frozen=True)
class Confidence:
    """How sure a verdict must be, how likely a good product must pass, how often one may look."""

    level: float = 0.95
    power: float = 0.80
    looks: int = 1


@dataclass(frozen=True)
class Decision:
    """How a score becomes a decision; ``auto`` chooses the threshold on validation data."""

    threshold: float | Literal["auto"] = 0.5
    referred: Referred | None = None
    refer_between: tuple[float, float] | None = None


@dataclass(frozen=True)
class CommandSource:
    """A model that is a command: cases on its standard input, answers on its standard output.

    ``files`` are what its answers depend on beyond the files that the command names itself.
    """

    command: tuple[str, ...]
    timeout_s: float = 600.0
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class UrlSource:
    """A model behind an address: batches of cases are posted, answers come back."""

    url: str
    timeout_s: float = 30.0
    batch: int = 256


@dataclass(frozen=True)
class PythonSource:
    """A function of Python, ``package.module:function``: a frame in, a sequence of answers out."""

    python: str
    files: tuple[str, ...] = ()


ModelSource: TypeAlias = CommandSource | UrlSource | PythonSource


@dataclass(frozen=True)
class Product:
    """Everything product.yaml says; ``models`` are the rungs that training may try, None: all."""

    name: str
    data: Data
    requirements: tuple[Requirement[Any], ...]
    purpose: str = ""
    task: Task = Task.BINARY
    scope: Scope = field(default_factory=Scope)
    guard: Guard | None = None
    environment: Environment | None = None
    costs: Costs | None = None
    confidence: Confidence = Confidence()
    decision: Decision = Decision()
    model: ModelSource | None = None
    models: tuple[str, ...] | None = None
    file: Path = Path("product.yaml")
    fingerprint: str = ""
    text: str = field(default="", repr=False, compare=False)

    @property
    def folder(self) -> Path:
        return self.file.parent
