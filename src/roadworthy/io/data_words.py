"""The part of product.yaml on the data: where cases are, what columns mean, how to part them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from roadworthy.core.product import Calls, Data, SetName, Split, Verification
from roadworthy.io.feature_words import FeatureWords, ImageFeatureWords, named
from roadworthy.io.shapes import AlsoWritten, Checked, Words, shown, wrong
from roadworthy.io.words import (
    Column,
    Levels,
    LevelWord,
    PrevalenceWord,
    Text,
    Texts,
    as_share,
    at_least,
    number,
    several,
)

BY_TIME: Mapping[SetName, float] = {
    SetName.TRAIN: 0.6,
    SetName.VALIDATION: 0.2,
    SetName.SEALED: 0.2,
}
AUTO = "auto"
OF_THE_REST: Mapping[SetName, float] = {SetName.TRAIN: 0.75, SetName.VALIDATION: 0.25}


def _fraction(value: object) -> float:
    found = number(value)
    if found == 0:
        raise wrong("is 0", "Remove it: a set that is not named is not made.")
    if not 0 < found <= 1:
        raise wrong(f"must be a share of the cases, not {shown(value)}", as_share(found))
    return found


Fraction = Annotated[
    float,
    Checked(_fraction, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
Seed = Annotated[int, at_least(0)]


class _Fractions(Words):
    """Shares of the cases; a set that is left out is not made."""

    train: Fraction | None = None
    """Fits the model."""
    validation: Fraction | None = None
    """Selects: rung, calibrator, threshold."""
    calibration: Fraction | None = None
    """Certifies one policy, once."""
    seed: Seed = 0
    """Another seed, another split; the same seed, the same split."""

    def fractions(self) -> dict[SetName, float]:
        """What was written, set by set."""
        written = ((name, getattr(self, name.value, None)) for name in SetName)
        return {name: share for name, share in written if isinstance(share, int | float)}

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = sum(self.fractions().values())
        if self.fractions() and abs(total - 1) > 1e-9:
            names = ", ".join(name.value for name in self.fractions())
            raise wrong(
                f"has fractions ({names}) that sum to {total:.10g}, not 1",
                "Change them so that they sum to 1.",
            )
        return self


class FractionSplit(_Fractions):
    """Parted at random, stratified by truth, units kept whole."""

    sealed: Fraction | None = None
    """Judges; opened as rarely as can be."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.fractions():
            raise wrong(
                "names no set",
                "Write fractions, such as {train: 0.5, validation: 0.1, calibration: 0.2, "
                "sealed: 0.2, seed: 7}.",
            )
        return self

    def core(self) -> Split:
        """The split that this describes."""
        return Split(fractions=self.fractions(), seed=self.seed)


class ColumnSplit(Words):
    """A column says, case by case: train, validation, calibration or sealed."""

    column: Column
    """The column with the name of each case's set."""

    def core(self) -> Split:
        """The split that this describes."""
        return Split(column=self.column)


class TimeSplit(_Fractions):
    """Parted in time: the newest cases are sealed."""

    by: Column
    """A column with dates; a unit goes where its newest case is."""
    sealed: Fraction | None = None
    """The newest cases."""

    def core(self) -> Split:
        """The split that this describes."""
        return Split(fractions=self.fractions() or dict(BY_TIME), seed=self.seed, by=self.by)


def _sealed_levels(value: object) -> object:
    if isinstance(value, float):
        raise wrong(
            f"must name the levels to seal, not {shown(value)}",
            "Write a list such as [C], or leave it out and the seed chooses one.",
        )
    return value if isinstance(value, list) else [value]


SealedLevels = Annotated[
    list[LevelWord],
    AfterValidator(several),
    AlsoWritten({"type": ["string", "integer", "boolean"]}, _sealed_levels),
]


class LeaveOutSplit(_Fractions):
    """Whole levels of a column are sealed, such as one hospital; fractions part the rest."""

    leave_out: Column
    """The column, such as the hospital."""
    sealed: SealedLevels | None = None
    """The levels to seal; left out, the seed chooses one."""

    def core(self) -> Split:
        """The split that this describes."""
        return Split(
            fractions=self.fractions() or dict(OF_THE_REST),
            seed=self.seed,
            leave_out=self.leave_out,
            sealed_levels=tuple(self.sealed or ()),
        )


def _kind_of_split(written: object) -> str:
    keys = written if isinstance(written, dict) else {}
    found = [key for key in ("column", "by", "leave_out") if key in keys]
    return f"<{found[0]}>" if found else "<fractions>"


SplitWords = Annotated[
    Annotated[FractionSplit, Tag("<fractions>")]
    | Annotated[ColumnSplit, Tag("<column>")]
    | Annotated[TimeSplit, Tag("<by>")]
    | Annotated[LeaveOutSplit, Tag("<leave_out>")],
    Discriminator(_kind_of_split),
    AlsoWritten({"type": "string"}, lambda v: {"column": v} if isinstance(v, str) else v),
]


class CallsWords(Words):
    """Which values of a column are somebody's positive and negative calls."""

    column: Column
    """The column with the calls."""
    positive: Levels
    """The values that count as a positive call."""
    negative: Levels
    """The values that count as a negative call."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = [value for value in self.positive if value in self.negative]
        if both:
            raise wrong(
                f"counts {shown(both[0])} as positive and as negative",
                "Remove it from one of the two lists.",
            )
        return self

    def core(self, name: str) -> Calls:
        """The calls of ``name``."""
        return Calls(name, self.column, tuple(self.positive), tuple(self.negative))


def _seen_with_model(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip():
        return value
    raise wrong(
        f"must be true, false or a column, not {shown(value)}",
        "Write true if labels were made in sight of a model's answer, or name the column that "
        "says so case by case.",
    )


SeenWord = Annotated[
    bool | str, Checked(_seen_with_model, {"anyOf": [{"type": "boolean"}, {"type": "string"}]})
]


class VerificationWords(Words):
    """Cases of a product at work: truth is known of those a person saw, audits among them.

    `verification: {}` takes the columns by the names that `roadworthy decide` gives them.
    """

    policy_route: Column = "policy_route"
    """The column with the policy's own route: clear, flag, refer."""
    route: Column = "route"
    """The column that says where the case went; an audited case is cleared by the policy only."""
    audit_probability: Column = "audit_probability"
    """The column with the chance with which a cleared case was drawn for an audit."""

    def core(self) -> Verification:
        """The design that this describes."""
        return Verification(self.policy_route, self.route, self.audit_probability)


def _automatic(value: object) -> object:
    """A name or a list of names: text for which each model takes the embedding that suits it."""
    if isinstance(value, dict):
        return value
    return dict.fromkeys(value if isinstance(value, list) else [value], AUTO)


TextWords = Annotated[
    dict[Column, Text],
    AlsoWritten({"type": ["string", "array"], "items": {"type": "string"}}, _automatic),
]


class DataWords(Words):
    """Where the cases are and what their columns mean."""

    cases: Texts
    """CSV or Parquet files, relative to this file; globs are allowed."""
    truth: Column | None = None
    """The column with the truth; needed by every metric that judges calls."""
    id: Column | None = None
    """The column that names each case."""
    unit: Column | None = None
    """The column with the unit of independence, such as the patient; by default the case."""
    positive: LevelWord | None = None
    """The value of the truth that counts as positive (binary tasks)."""
    negative: LevelWord | None = None
    """The value that counts as negative; by default every other one."""
    score: Column | None = None
    """A column with scores from 0 to 1, when no model is needed (binary tasks)."""
    prediction: Column | None = None
    """A column with predictions, when no model is needed (other tasks)."""
    features: FeatureWords | None = None
    """What a model may see: columns, or {image: column, columns: [...]}; by default every column
    that no other key names."""
    text: TextWords = Field(default={})
    """Features that hold text, read by their words: their names, or each with an embedding."""
    prevalence: PrevalenceWord | None = None
    """as_sampled, or the share of positives where the product will work."""
    split: SplitWords | None = None
    """How the cases are parted into train, validation, calibration and sealed."""
    calls: dict[str, CallsWords] = Field(default={})
    """Somebody's own calls on the same cases, by name, to compare with."""
    tables: dict[str, Text] = Field(default={})
    """Other observation tables, by name."""
    verification: VerificationWords | None = None
    """Truth may be missing where a person never looked: how the cases that were seen were drawn."""
    cohort: Text = ""
    """Who these cases are, and what does not follow from them."""
    file: Column | None = None
    """A column with the path of each case's own file, relative to this file, where it is no
    feature: an image whose score was handed in, a recording, a report. Sealing compares them."""
    label_seen_with_model: SeenWord = False
    """true, or a column that says so: labels were made in sight of a model's answer."""

    def core(self) -> Data:
        """The data that this describes."""
        written: dict[str, Any] = {key: getattr(self, key) for key in _AS_WRITTEN}
        return Data(
            **written,
            cases=tuple(self.cases),
            features=named(self.features),
            images=self.features.images() if isinstance(self.features, ImageFeatureWords) else None,
            text={name: None if how == AUTO else how for name, how in self.text.items()},
            split=None if self.split is None else self.split.core(),
            calls=tuple(calls.core(name) for name, calls in self.calls.items()),
            verification=None if self.verification is None else self.verification.core(),
            tables=dict(self.tables),
        )


_AS_WRITTEN = (
    "truth",
    "id",
    "unit",
    "positive",
    "negative",
    "score",
    "prediction",
    "prevalence",
    "cohort",
    "file",
    "label_seen_with_model",
)
