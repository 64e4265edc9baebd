"""The grammar of product.yaml, version 1, but for the requirements: what may stand where."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from roadworthy.core.policy import Referred
from roadworthy.core.product import (
    Calibrate,
    Confidence,
    Decision,
    Task,
    TriageRules,
)
from roadworthy.io.compress_words import CompressWords
from roadworthy.io.cost_words import CostsWords, HarmWords
from roadworthy.io.data_words import DataWords
from roadworthy.io.decide_words import AuditWords, WorklistWords
from roadworthy.io.device_words import DeviceWord
from roadworthy.io.environment_words import EnvironmentWords
from roadworthy.io.guard_words import GuardWords
from roadworthy.io.mark_words import MarkWords
from roadworthy.io.model_words import ModelWords
from roadworthy.io.renewal_words import RenewalWords
from roadworthy.io.report_words import ReportWords
from roadworthy.io.scope_words import ScopeWords
from roadworthy.io.shapes import AlsoWritten, Checked, Fault, Words, faults, shown, wrong
from roadworthy.io.store_words import StoreWord
from roadworthy.io.team_words import TeamWords
from roadworthy.io.train_words import TrainWords
from roadworthy.io.triage_words import AssistWords, ClearWords, FlagWords, ModeWord, ProtectWords
from roadworthy.io.words import (
    Pair,
    Text,
    Texts,
    at_least,
    between,
    choice,
    number,
    share_or_end,
)


def _share(value: object) -> float:
    found = number(value)
    if not 0 < found <= 1:
        raise wrong(f"must be a share of the error, not {shown(value)}", "Write it as 0.5.")
    return found


ConfidenceWord = Annotated[float, between(0.5, 1)]
PowerWord = Annotated[float, between(0, 1)]
ShareWord = Annotated[
    float, Checked(_share, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
]
TaskWord = Annotated[Task, choice({task.value: task for task in Task})]
CalibrateWord = Annotated[Calibrate, choice({word.value: word for word in Calibrate})]
ReferredWord = Annotated[Referred, choice({word.value: word for word in Referred})]


class ConfidenceWords(Words):
    """How sure a verdict must be, how likely a good product must pass, how often one may look."""

    level: ConfidenceWord = 0.95
    """How sure a verdict must be."""
    power: PowerWord = 0.80
    """How likely a product that reaches its targets must pass."""
    looks: Annotated[int, at_least(1)] = 1
    """How often the sealed set may be opened."""
    spending: list[ShareWord] = Field(default=[])
    """Which share of the error each look spends, the first look first; by default all the same."""

    @model_validator(mode="after")
    def _a_share_a_look(self) -> Self:
        shares = self.spending
        if shares and len(shares) != self.looks:
            raise wrong(
                f"has {len(shares)} shares, and `looks` is {self.looks}",
                f"Give {self.looks}, one a look, or change `looks`.",
                key="spending",
            )
        if sum(shares) > 1 + 1e-9:
            raise wrong(
                f"has shares that sum to {sum(shares):.10g}, more than the whole error",
                "Make them sum to at most 1, such as [0.5, 0.3, 0.2].",
                key="spending",
            )
        return self

    def core(self) -> Confidence:
        """The confidence that this describes."""
        return Confidence(self.level, self.power, self.looks, tuple(self.spending))


_THRESHOLDS = ("auto", "cost", "cost_ratio")


def _threshold(value: object) -> float | str:
    if isinstance(value, str) and value in _THRESHOLDS:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(
            f"must be a number, auto, cost or cost_ratio, not {shown(value)}",
            "Write 0.5; auto, for the hardest requirement; or cost, for the lowest cost.",
        )
    return share_or_end(value)


ReferBetween = Annotated[
    Pair | Literal["cost"],
    AlsoWritten({"const": "cost"}, lambda value: value),
]


class DecisionWords(Words):
    """How a score becomes a decision."""

    threshold: Annotated[
        float | Literal["auto", "cost", "cost_ratio"],
        Checked(
            _threshold,
            {"anyOf": [{"enum": [*_THRESHOLDS]}, {"type": "number", "minimum": 0, "maximum": 1}]},
        ),
    ] = 0.5
    """Positive when the score is at least this. auto: chosen on validation cases for the hardest
    requirement. cost: chosen there for the lowest cost. cost_ratio: what the prices say, for
    scores that are chances."""
    referred: ReferredWord | None = None
    """How rates count a case that a person decides."""
    refer_between: ReferBetween | None = None
    """Scores from the first number up to the second go to a person; cost: the band that costs
    least, found as the threshold is."""
    calibrate: CalibrateWord = Calibrate.NONE
    """How a score becomes a probability: none, auto, temperature, sigmoid, isotonic, venn_abers."""
    mode: ModeWord | None = None
    """triage: calibration cases certify which scores are cleared or flagged without a person."""
    clear: ClearWords | None = None
    """Triage: what must hold of the cases that are cleared."""
    flag: FlagWords | None = None
    """Triage: what must hold of the cases that are flagged."""
    assist: AssistWords | None = None
    """Triage: which of the cases that go to a person come with a suggestion."""
    confidence: ConfidenceWord | None = None
    """Triage: how sure all of it together must be; by default `confidence.level`."""
    protect: list[ProtectWords] = Field(default=[])
    """Triage: parts of the cases on which every risk must hold by itself."""
    looks: Annotated[int, at_least(1)] = 1
    """Triage: how many policies the calibration cases may certify, each at its share."""
    valid_days: Annotated[int, at_least(1)] | None = None
    """Triage: for how many days a certificate is valid; by default until something changes."""
    audit: AuditWords | None = None
    """Which cleared cases a person sees all the same, when `roadworthy decide` decides."""

    @model_validator(mode="after")
    def _words_of_one_mode(self) -> Self:
        written = self.model_fields_set
        if self.mode is None:
            step = "Add `mode: triage`, or remove it."
            strange = [key for key in _TRIAGE if key in written]
            told = "is a word of triage, and `decision.mode` is not triage"
        else:
            step = "Remove it: what is certified on calibration cases decides, or remove `mode`."
            strange = [key for key in ("threshold", "refer_between") if key in written]
            told = "is no word of triage"
        if strange:
            raise faults(Fault(told, step, key=key) for key in strange)
        if self.mode is not None and self.clear is None and self.flag is None:
            raise wrong(
                "is triage, and neither `clear` nor `flag` says what must be certified",
                "Add `clear: {fnr_at_most: 0.01}`, or `flag: {fpr_at_most: 0.05}`.",
                code="missing_key",
                key="mode",
            )
        return self

    @model_validator(mode="after")
    def _say_how_referred_cases_count(self) -> Self:
        if self.refer_between is None:
            return self
        low, high = (0.0, 1.0) if self.refer_between == "cost" else self.refer_between
        if low < 0 or high > 1:
            raise wrong(
                f"must lie from 0 to 1, not [{low:g}, {high:g}]",
                "Scores lie from 0 to 1, and so do the ends of the band.",
                key="refer_between",
            )
        if self.referred is None:
            raise wrong(
                "refers cases, and `decision.referred` does not say how rates count them",
                "Add `referred: excluded`, `right` or `wrong`.",
                code="missing_key",
                key="refer_between",
            )
        return self

    def core(self, level: float = 0.95) -> Decision:
        """The decision that this describes; ``level`` is the product's own confidence."""
        if self.mode is None:
            return self._of_threshold()
        sides = [side for side in (self.clear, self.flag) if side is not None]
        rules = TriageRules(
            risks=tuple(risk for side in sides for risk in side.risks()),
            confidence=self.confidence or level,
            protect=tuple(rule.core() for rule in self.protect),
            looks=self.looks,
            valid_days=self.valid_days,
            assist_from=None if self.assist is None else self.assist.likely_right,
            only_below=None if self.clear is None else self.clear.only_below,
            only_above=None if self.flag is None else self.flag.only_above,
        )
        referred = self.referred or Referred.EXCLUDED
        audit = None if self.audit is None else self.audit.core()
        return Decision(referred=referred, calibrate=self.calibrate, triage=rules, audit=audit)

    def _of_threshold(self) -> Decision:
        return Decision(
            threshold=0.5 if self.threshold == "cost_ratio" else self.threshold,
            referred=self.referred,
            refer_between=None if self.refer_between == "cost" else self.refer_between,
            calibrate=self.calibrate,
            cheapest_band=self.refer_between == "cost",
            cost_ratio=self.threshold == "cost_ratio",
            audit=None if self.audit is None else self.audit.core(),
        )


_TRIAGE = ("clear", "flag", "assist", "confidence", "protect", "looks", "valid_days")


def _version(value: object) -> int:
    if value == 1 and not isinstance(value, bool):
        return 1
    raise wrong(f"is {shown(value)}, and this roadworthy reads version 1", "Write `version: 1`.")


class ProductWords(Words):
    """The whole file; the requirements are read one by one, with their instruments."""

    version: Annotated[int, Checked(_version, {"const": 1})]
    """The version of this grammar."""
    product: Text
    """The name of the product."""
    purpose: Text = ""
    """What it is for."""
    task: TaskWord = Task.BINARY
    """What it does: binary, multiclass or regression."""
    data: DataWords
    """Where the cases are and what their columns mean."""
    model: ModelWords | None = None
    """A model of your own, built elsewhere: a command, an address, a function of Python, an ONNX
    file, or a module of torch."""
    scope: list[ScopeWords] = Field(default=[])
    """The cases on which it may work: every condition must hold."""
    guard: GuardWords | None = None
    """Turns away cases that are too far from those it learnt from."""
    marks: MarkWords | None = None
    """Suspect regions of images, beside the score of a case."""
    environment: EnvironmentWords | None = None
    """Where it will work: a mix of contexts, for `coverage`."""
    device: DeviceWord | None = None
    """The machine that it will work on: a name, `here`, or a mapping."""
    costs: CostsWords | None = None
    """What mistakes and people cost, and what right calls earn."""
    harms: dict[str, HarmWords] = Field(default={})
    """Harm that is not money, kind by kind, each with its own unit and its own requirement."""
    confidence: ConfidenceWords = ConfidenceWords()
    """How sure, how likely to pass, how many looks."""
    decision: DecisionWords = DecisionWords()
    """How a score becomes a decision."""
    team: TeamWords | None = None
    """The product and a person together, for requirements `of: team`."""
    worklist: WorklistWords | None = None
    """Who gets the cases that go to a person."""
    report: ReportWords | None = None
    """What is written of each case that no person sees, by `roadworthy report`."""
    renewal: RenewalWords = RenewalWords()
    """When the sealed set is too old, and what of recent traffic demands a new one."""
    train: TrainWords | None = None
    """What training does beside fitting."""
    compress: CompressWords | None = None
    """What smaller nets must respect beside the requirements, for `roadworthy compress`."""
    models: Texts | None = None
    """The kinds of model that training may try; by default all that are installed."""
    store: StoreWord | None = None
    """Where it is kept what happened: the address of a PostgreSQL database, or a mapping."""
    requirements: list[Any]
    """What must be shown."""

    @model_validator(mode="after")
    def _some_requirement(self) -> Self:
        if not self.requirements:
            raise wrong(
                "is empty: nothing is required, so nothing can be shown",
                "Add one, such as {metric: sensitivity, at_least: 0.9}.",
                code="no_requirement",
                key="requirements",
            )
        return self
