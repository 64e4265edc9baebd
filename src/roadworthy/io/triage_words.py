"""The words of a triage decision: which risks must be certified before a case is decided alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from roadworthy.core.certificate import MaxRisk, Risk
from roadworthy.core.requirement import SliceRule
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import (
    Columns,
    Levels,
    Pair,
    as_share,
    between,
    choice,
    number,
)

ModeWord = Annotated[Literal["triage"], choice({"triage": "triage"})]


def _error_rate(value: object) -> float:
    found = number(value)
    if found == 0:
        message = "is 0, and no number of cases can show that an error never happens"
        raise wrong(message, "Write the largest share that is acceptable, such as 0.01.")
    if not 0 < found < 1:
        step = as_share(found) if found > 1 else "Write a share such as 0.01."
        raise wrong(f"must be more than 0 and less than 1, not {shown(value)}", step)
    return found


def _predictive_value(value: object) -> float:
    found = number(value)
    if found == 1:
        message = "is 1, and no number of cases can show that an error never happens"
        raise wrong(message, "Write the least that is acceptable, such as 0.999.")
    if not 0 < found < 1:
        step = as_share(found) if found > 1 else "Write a share such as 0.999."
        raise wrong(f"must be more than 0 and less than 1, not {shown(value)}", step)
    return found


_OPEN = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
ErrorRate = Annotated[float, Checked(_error_rate, _OPEN)]
Score = Annotated[float, between(0.0, 1.0)]
PredictiveValue = Annotated[float, Checked(_predictive_value, _OPEN)]


def _not_inside(key: str, risk: str) -> PydanticCustomError:
    """A predictive value may fall when less is decided: stricter is not certified with it."""
    return wrong(
        f"stands beside `{risk}`, which a stricter threshold need not keep",
        "Remove it: what is certified for a predictive value is used as it is.",
        key=key,
    )


class ClearWords(Words):
    """What clearing without a person may cost."""

    fnr_at_most: ErrorRate | None = None
    """The largest share of the positives that may be cleared."""
    npv_at_least: PredictiveValue | None = None
    """The least share of negatives among the cleared cases; needs data.prevalence."""
    only_below: Score | None = None
    """Inside what is certified, clear only scores below this; never more than is certified."""

    @model_validator(mode="after")
    def _some_risk(self) -> Self:
        if not list(self.risks()):
            raise wrong("names no risk", "Write {fnr_at_most: 0.01} or {npv_at_least: 0.999}.")
        if self.only_below is not None and self.npv_at_least is not None:
            raise _not_inside("only_below", "npv_at_least")
        return self

    def risks(self) -> Iterator[MaxRisk]:
        """The risks that were written."""
        if self.fnr_at_most is not None:
            yield MaxRisk(Risk.FNR, self.fnr_at_most)
        if self.npv_at_least is not None:
            yield MaxRisk(Risk.NPV, self.npv_at_least)


class FlagWords(Words):
    """What flagging without a person may cost."""

    fpr_at_most: ErrorRate | None = None
    """The largest share of the negatives that may be flagged."""
    ppv_at_least: PredictiveValue | None = None
    """The least share of positives among the flagged cases; needs data.prevalence."""
    only_above: Score | None = None
    """Inside what is certified, flag only scores above this; never more than is certified."""

    @model_validator(mode="after")
    def _some_risk(self) -> Self:
        if not list(self.risks()):
            raise wrong("names no risk", "Write {fpr_at_most: 0.05} or {ppv_at_least: 0.9}.")
        if self.only_above is not None and self.ppv_at_least is not None:
            raise _not_inside("only_above", "ppv_at_least")
        return self

    def risks(self) -> Iterator[MaxRisk]:
        """The risks that were written."""
        if self.fpr_at_most is not None:
            yield MaxRisk(Risk.FPR, self.fpr_at_most)
        if self.ppv_at_least is not None:
            yield MaxRisk(Risk.PPV, self.ppv_at_least)


def _chance(value: object) -> float:
    found = number(value)
    if not 0.5 <= found < 1:
        step = as_share(found) if found > 1 else "Write a chance such as 0.8."
        likelier = "must be at least 0.5, as the likelier of two answers is, and less than 1"
        raise wrong(f"{likelier}, not {shown(value)}", step)
    return found


Chance = Annotated[
    float, Checked(_chance, {"type": "number", "minimum": 0.5, "exclusiveMaximum": 1})
]


class AssistWords(Words):
    """Which of the cases that a person decides come with the product's suggestion."""

    likely_right: Chance
    """The least chance, by the score, that the suggestion is right; needs calibrated scores."""


class ProtectWords(Words):
    """Parts of the cases on which every risk must hold by itself."""

    by: Columns
    """The column or columns that part the cases."""
    levels: Levels | None = None
    """Values of the column; by default all that open cases or the scope name."""
    ranges: list[Pair] | None = Field(default=None, json_schema_extra={"minItems": 1})
    """Ranges of the column, from the first number up to, not including, the second."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [key for key in ("levels", "ranges") if getattr(self, key) is not None]
        if len(given) == 2:
            raise wrong("has both levels and ranges", "Keep one of them.", key="ranges")
        if given and len(self.by) > 1:
            step = "Name one column, or write one rule a column."
            raise wrong(f"are of one column, and `by` names {len(self.by)}", step, key=given[0])
        if self.ranges is not None and not self.ranges:
            raise wrong(
                "is an empty list", "Write ranges such as [[40, 50], [50, 75]].", key="ranges"
            )
        return self

    def core(self) -> SliceRule:
        """The rule that this describes."""
        return SliceRule(tuple(self.by), tuple(self.ranges or ()), tuple(self.levels or ()))
