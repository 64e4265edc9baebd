"""The parsed product.yaml: what the product is, on which cases it may work, what it must reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeAlias

from roadworthy.core.certificate import MaxRisk
from roadworthy.core.device import Device
from roadworthy.core.environment import Environment
from roadworthy.core.guard import Guard
from roadworthy.core.images import Images
from roadworthy.core.marks import MarkRules
from roadworthy.core.own_net import OnnxSource, TorchSource
from roadworthy.core.policy import Audit, Referred
from roadworthy.core.renewal import Renewal
from roadworthy.core.report import NormalReport
from roadworthy.core.requirement import Level, Requirement, SliceRule
from roadworthy.core.scope import Scope as Scope
from roadworthy.core.scope import ScopeRule as ScopeRule
from roadworthy.core.shown import Shown
from roadworthy.core.team import Team
from roadworthy.core.worklist import Worklist

# the kind of model that `train: {module: ...}` adds
OWN_MODULE = "own_module"

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
class Verification:
    """Which truths are known, where not all are: the columns of the record that `decide` keeps.

    ``policy_route`` says what the policy decided, ``route`` where the case went, and
    ``audit_probability`` with which chance a cleared case was drawn for a person all the same.
    """

    policy_route: str
    route: str
    audit_probability: str

    @property
    def columns(self) -> tuple[str, str, str]:
        """The three columns."""
        return self.policy_route, self.route, self.audit_probability


@dataclass(frozen=True)
class Data:
    """Where the cases are and what their columns mean.

    ``text`` are features that hold text, each with the name of its embedding (None: whichever
    suits a model); the columns of ``images`` are features too. ``file`` names each case's own file
    where it is no feature: an image whose score was handed in, a recording, a report.
    ``label_seen_with_model`` says whether labels were made in sight of a model's answer: of all
    cases, or case by case in a column.
    """

    cases: tuple[str, ...]
    truth: str | None = None
    id: str | None = None
    unit: str | None = None
    positive: Level | None = None
    negative: Level | None = None
    score: str | None = None
    prediction: str | None = None
    features: tuple[str, ...] | None = None
    images: Images | None = None
    text: Mapping[str, str | None] = field(default_factory=dict)
    prevalence: Prevalence | None = None
    split: Split | None = None
    calls: tuple[Calls, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    cohort: str = ""
    file: str | None = None
    label_seen_with_model: bool | str = False
    verification: Verification | None = None


@dataclass(frozen=True)
class CaseCost:
    """A cost or a gain that differs from case to case: a column, and the ends it keeps within."""

    column: str
    maximum: float
    minimum: float = 0.0


Price: TypeAlias = float | CaseCost


@dataclass(frozen=True)
class CostMatrix:
    """What a call costs, class by class: ``rows[i][j]`` for truth ``classes[i]`` called ``[j]``."""

    classes: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    def of(self, truth: str, call: str) -> float:
        """What calling ``truth`` by the name of ``call`` costs; a right call costs nothing."""
        return self.rows[self.classes.index(truth)][self.classes.index(call)]


@dataclass(frozen=True)
class Profit:
    """What acting on a case brings in, loss included: a column that counts when ``when`` is done.

    ``when`` is ``flagged`` (an offer is sent) or ``cleared`` (a loan is granted).
    """

    earned: CaseCost
    when: Literal["flagged", "cleared"]


@dataclass(frozen=True)
class Costs:
    """What a miss, a false alarm, a referral and a label cost, and what right calls earn.

    ``found`` is earned by a positive that is flagged, ``cleared`` by a negative that is cleared.
    With several classes ``matrix`` holds the costs, and ``earned`` what a right call of each class
    earns. All in one unit.
    """

    unit: str = ""
    miss: Price = 0.0
    false_alarm: Price = 0.0
    refer: Price = 0.0
    label: float | None = None
    found: Price = 0.0
    cleared: Price = 0.0
    matrix: CostMatrix | None = None
    earned: tuple[tuple[str, float], ...] = ()
    profit: Profit | None = None

    @property
    def per_case(self) -> tuple[CaseCost, ...]:
        """The amounts that a column holds."""
        amounts = [self.miss, self.false_alarm, self.refer, self.found, self.cleared]
        amounts += [] if self.profit is None else [self.profit.earned]
        return tuple(amount for amount in amounts if isinstance(amount, CaseCost))


@dataclass(frozen=True)
class Running:
    """What computing costs: an hour of one core, in ``unit``, and how many cases a year brings."""

    compute_hour: float
    cases_per_year: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Harm:
    """One kind of harm in its own unit: what each kind of case does of it, right calls included."""

    name: str
    unit: str
    miss: float = 0.0
    false_alarm: float = 0.0
    refer: float = 0.0
    found: float = 0.0
    cleared: float = 0.0
    matrix: CostMatrix | None = None


class LossName(StrEnum):
    """What nets minimise; other models have a loss of their own."""

    LOG = "log"
    COST = "cost"
    PROFIT = "profit"
    FOCAL = "focal"
    CLASS_BALANCED = "class_balanced"
    SENSITIVITY_AT = "sensitivity_at"


class Change(StrEnum):
    """What may be done to a training image without changing what is true of it."""

    FLIP = "flip"
    NOISE = "noise"
    ROTATE = "rotate"
    SHIFT = "shift"


class Draw(StrEnum):
    """How training comes by its cases."""

    NATURAL = "natural"
    STRATIFIED = "stratified"
    BALANCED = "balanced"
    COST = "cost"
    OVERSAMPLE = "oversample"
    HARD = "hard"


@dataclass(frozen=True)
class Sampling:
    """How often training sees a case.

    ``oversample``: the cases of the rarest class, of ``level`` among the classes, or where
    ``column`` holds ``level``, are seen so many ``times`` as often.
    """

    draw: Draw = Draw.NATURAL
    times: int = 1
    column: str | None = None
    level: Level | None = None

    @property
    def for_nets(self) -> bool:
        """Whether it is about epochs and batches, which other models do not have."""
        return self.draw in (Draw.STRATIFIED, Draw.HARD)

    @property
    def moves_scores(self) -> bool:
        """Whether cases are seen more often than they occur, so that scores are no chances."""
        return self.draw not in (Draw.NATURAL, Draw.STRATIFIED)

    @property
    def slug(self) -> str:
        """What tells a rung under it from the same rung under another."""
        return "".join(c if c.isalnum() or c in ".-" else "-" for c in str(self))

    def __str__(self) -> str:
        told = [str(self.draw)]
        told += [] if self.draw is not Draw.OVERSAMPLE else [f"{self.times}x"]
        told += [] if self.column is None else [self.column]
        told += [] if self.level is None else [str(self.level)]
        return " ".join(told)


@dataclass(frozen=True)
class TrainRules:
    """What training does beside fitting.

    ``weights``: what it weighs its cases by, None: all alike. ``loss`` and its ``parameter`` and
    ``augment`` are for nets. Of several ``samplings`` each is tried with every kind of model.
    ``module`` is ``module:function``, which builds a net of the team's own, one more rung;
    ``sealed_out``: that code may be handed sealed cases, and the verdict says so.
    """

    weights: Literal["costs"] | None = None
    loss: LossName = LossName.LOG
    parameter: float | None = None
    samplings: tuple[Sampling, ...] = (Sampling(),)
    augment: tuple[Change, ...] = (Change.SHIFT,)
    module: str | None = None
    sealed_out: bool = False

    @property
    def sampling(self) -> Sampling:
        """The first, and where one model is fitted the only one."""
        return self.samplings[0]

    @property
    def moves_scores(self) -> bool:
        """Whether what comes out may be no chance: something else than how often was learnt."""
        moved = any(one.moves_scores for one in self.samplings)
        return self.weights is not None or self.loss is not LossName.LOG or moved


@dataclass(frozen=True)
class CompressRules:
    """What heirs of a net must respect beside the requirements, and with how many threads they are
    timed.

    ``margin``: by how much of a share an heir may be worse than its parent; None: it is not asked.
    """

    margin: float | None = None
    threads: int = 1


@dataclass(frozen=True)
class Confidence:
    """How sure a verdict must be, how likely a good product must pass, how often one may look.

    ``spending`` are the shares of the error that the looks spend; empty: all the same.
    """

    level: float = 0.95
    power: float = 0.80
    looks: int = 1
    spending: tuple[float, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of the error that each look spends."""
        return self.spending or (1.0 / self.looks,) * self.looks


class Calibrate(StrEnum):
    """How a score becomes a probability; ``auto`` chooses among the others but Venn-Abers."""

    NONE = "none"
    AUTO = "auto"
    TEMPERATURE = "temperature"
    SIGMOID = "sigmoid"
    ISOTONIC = "isotonic"
    VENN_ABERS = "venn_abers"


@dataclass(frozen=True)
class TriageRules:
    """What must be certified before a triage product decides a case alone.

    ``confidence`` holds for all risks and all levels of ``protect`` together; ``looks`` is how
    often the calibration cases may certify something, each at its share. A certificate is valid for
    ``valid_days`` (None: as long as nothing changes). Inside what is certified the product clears
    ``only_below`` a score and flags ``only_above`` one (None: wherever it is certified). Of what a
    person gets, cases whose likelier answer has at least the chance ``assist_from`` come with a
    suggestion (None: none does).
    """

    risks: tuple[MaxRisk, ...]
    confidence: float = 0.95
    protect: tuple[SliceRule, ...] = ()
    looks: int = 1
    valid_days: int | None = None
    assist_from: float | None = None
    only_below: float | None = None
    only_above: float | None = None


@dataclass(frozen=True)
class Decision:
    """How a score becomes a decision.

    ``auto`` and ``cost`` choose the threshold on validation data (for the hardest requirement, or
    for the lowest cost); ``cost_ratio`` says that numbers were worked out from the prices.
    ``cheapest_band``: the band that goes to a person is chosen for the lowest cost too.
    ``audit``: which cleared cases a person sees all the same, None: none.
    """

    threshold: float | Literal["auto", "cost"] = 0.5
    referred: Referred | None = None
    refer_between: tuple[float, float] | None = None
    calibrate: Calibrate = Calibrate.NONE
    triage: TriageRules | None = None
    cheapest_band: bool = False
    cost_ratio: bool = False
    audit: Audit | None = None


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
    """A model behind an address: batches of cases are posted, answers come back.

    ``sealed_out``: sealed cases may be sent there, and the verdict says so.
    """

    url: str
    timeout_s: float = 30.0
    batch: int = 256
    sealed_out: bool = False


@dataclass(frozen=True)
class PythonSource:
    """A function of Python, ``package.module:function``: a frame in, a sequence of answers out.

    ``sealed_out``: sealed cases may be handed to it, and the verdict says so.
    """

    python: str
    files: tuple[str, ...] = ()
    sealed_out: bool = False


ModelSource: TypeAlias = CommandSource | UrlSource | PythonSource | OnnxSource | TorchSource


@dataclass(frozen=True)
class Store:
    """Where it is kept what happened: the address of a database, and a folder for its files.

    None: in the workspace beside product.yaml.
    """

    database: str | None = None
    artifacts: str | None = None


@dataclass(frozen=True)
class Product(Shown):
    """Everything product.yaml says; ``models`` are the rungs that training may try, None: all."""

    name: str
    data: Data
    requirements: tuple[Requirement[Any], ...]
    purpose: str = ""
    task: Task = Task.BINARY
    scope: Scope = field(default_factory=Scope)
    guard: Guard | None = None
    environment: Environment | None = None
    marks: MarkRules | None = None
    device: Device | None = None
    costs: Costs | None = None
    running: Running | None = None
    harms: tuple[Harm, ...] = ()
    confidence: Confidence = Confidence()
    decision: Decision = Decision()
    training: TrainRules = TrainRules()
    compress: CompressRules = CompressRules()
    model: ModelSource | None = None
    models: tuple[str, ...] | None = None
    team: Team | None = None
    store: Store | None = None
    worklist: Worklist = field(default_factory=Worklist)
    report: NormalReport = field(default_factory=NormalReport)
    renewal: Renewal = field(default_factory=Renewal)
    file: Path = Path("product.yaml")
    fingerprint: str = ""
    text: str = field(default="", repr=False, compare=False)

    def __repr__(self) -> str:
        count = len(self.requirements)
        return f"<Product {self.name!r}: {count} requirements, from {str(self.file)!r}>"

    @property
    def weights(self) -> Literal["costs"] | None:
        """What training weighs its cases by."""
        return self.training.weights

    @property
    def callers(self) -> tuple[str, ...]:
        """Whose calls are prepared: whom requirements compare with, and who reads in the team.

        What a triage product clears is told against every declared reader.
        """
        wanted = {one.limit.against for one in self.requirements if one.limit.against}
        wanted |= set(self.team.calls if self.team else ())
        wanted |= {calls.name for calls in self.data.calls} if self.decision.triage else set()
        return tuple(sorted(wanted))

    @property
    def folder(self) -> Path:
        return self.file.parent
