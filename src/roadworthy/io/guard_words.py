"""How a guard is written, and the requirements that it brings: few false alarms, and detections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from roadworthy.core.guard import Guard, MustDetect
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import Confidence
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.io.shapes import Words, shown, wrong
from roadworthy.io.words import Columns, Text, Texts, between

Share = Annotated[float, between(0, 1)]


class MustDetectWords(Words):
    """Cases that the guard must turn away."""

    name: Text
    """What kind of cases they are, such as rotated."""
    cases: Text
    """A CSV or Parquet file with the guard's features."""
    at_least: Share
    """The share of such cases that it must be shown to turn away."""

    def core(self) -> MustDetect:
        """The set that this describes."""
        return MustDetect(self.name, self.cases, self.at_least)


class GuardWords(Words):
    """Turns away cases that are too far from those the product learnt from."""

    features: Columns | None = None
    """Columns or patterns such as emb_*; by default the model's numbers, texts and images."""
    methods: Texts = Field(default=["knn", "mahalanobis"])
    """The distances it combines, two or more; by default knn and mahalanobis."""
    false_alarms_at_most: Share = 0.02
    """Of cases in scope, the share that it may turn away."""
    confidence: Annotated[float, between(0.5, 1)] = 0.95
    """How sure that must be, and how sure every detection."""
    must_detect: list[MustDetectWords] = Field(default=[])
    """Sets of cases that it must turn away."""

    @model_validator(mode="after")
    def _several_methods(self) -> Self:
        if len(self.methods) < 2:
            raise wrong(
                f"names {shown(self.methods[0])} alone, and what one distance does not see passes",
                "Combine two or more: [knn, mahalanobis].",
                key="methods",
            )
        return self

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        names = [one.name for one in self.must_detect]
        twice = [name for at, name in enumerate(names) if name in names[:at]]
        if twice:
            raise wrong(
                f"names {shown(twice[0])} twice", "Give every set its own name.", key="must_detect"
            )
        return self

    def core(self) -> Guard:
        """The guard that this describes."""
        return Guard(
            None if self.features is None else tuple(self.features),
            tuple(self.methods),
            self.false_alarms_at_most,
            self.confidence,
            tuple(one.core() for one in self.must_detect),
        )


def implied_ids(guard: Guard) -> tuple[str, ...]:
    """The ids of the requirements that a guard brings."""
    return ("guard-false-alarms", *(f"detects-{one.name}" for one in guard.must_detect))


def implied(
    guard: Guard, confidence: Confidence, instruments: Mapping[str, Instrument]
) -> Iterator[Requirement[object]]:
    """What a guard must be shown to do: all of it must hold, so no confidence is divided."""
    few, *detections = implied_ids(guard)

    def required(name: str, metric: str, limit: Limit, *own: str) -> Requirement[object]:
        parameters = instruments[metric].parameters(*own)
        sure, power = guard.confidence, confidence.power
        return Requirement(name, metric, limit, parameters, confidence=sure, power=power)

    at_most = Limit(Side.AT_MOST, guard.false_alarms_at_most)
    yield required(few, "guard_false_alarms", at_most)
    for name, one in zip(detections, guard.must_detect, strict=True):
        yield required(name, "must_detect", Limit(Side.AT_LEAST, one.at_least), one.name)
