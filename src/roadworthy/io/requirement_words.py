"""One requirement as it is written: the words that all share, and the instrument's own."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.requirement import Side, SliceRule, Tier, Whose
from roadworthy.io.grammar import ConfidenceWord, PowerWord
from roadworthy.io.own_words import own_words
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.under_words import UnderWord
from roadworthy.io.words import (
    Column,
    Columns,
    Levels,
    Number,
    Pair,
    Text,
    between,
    choice,
    number,
)

TierWord = Annotated[Tier, choice({tier.value: tier for tier in Tier})]
WhoseWord = Annotated[Whose, choice({whose.value: whose for whose in Whose})]


class _Limited(Words):
    """At most one of the four sides of a limit."""

    at_least: Number | None = None
    """The value, or more, must be proven."""
    at_most: Number | None = None
    """The value, or less, must be proven."""
    max_drop: Number | None = None
    """At most this much worse than `against`."""
    min_gain: Number | None = None
    """At least this much better than `against`."""
    target: Number | None = None
    """What is expected (of a comparison, the gain); plans the sample size, never judges."""

    @property
    def limit(self) -> tuple[Side, float] | None:
        """The side and the value, when one was written."""
        written = [(side, getattr(self, side.value)) for side in Side]
        given = [(side, value) for side, value in written if value is not None]
        return given[0] if given else None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        given = [side.value for side in Side if getattr(self, side.value) is not None]
        if len(given) > 1:
            raise wrong(
                f"has {len(given)} limits: {', '.join(given)}",
                "Keep one; another limit is another requirement.",
                key=given[1],
            )
        return self


def _min_share(value: object) -> float:
    if not 0 <= number(value) < 1:
        raise wrong(f"must be a share below 1, not {shown(value)}", "Write one such as 0.02.")
    return number(value)


class SliceWords(_Limited):
    """Parts of the set on which the requirement must hold as well."""

    by: Columns
    """The column or columns that part the set."""
    ranges: list[Pair] | None = None
    """Ranges of the column, from the first number up to, not including, the second."""
    levels: Levels | None = None
    """Values of the column; by default all of them."""
    tier: TierWord | None = None
    """Whether these parts gate the product."""
    min_share: Annotated[
        float,
        Checked(_min_share, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}),
    ] = 0.02
    """Parts with a smaller share of the cases are not judged one by one."""
    prevalence: Annotated[float, between(0, 1)] | None = None
    """The share of positives in these parts, where the product will work."""

    @model_validator(mode="after")
    def _parts_of_one_column(self) -> Self:
        given = [key for key in ("ranges", "levels") if getattr(self, key) is not None]
        if len(given) == 2:
            raise wrong("has both ranges and levels", "Keep one of them.", key="levels")
        if given and len(self.by) > 1:
            columns = ", ".join(self.by)
            raise wrong(
                f"are of one column, and `by` names {columns}",
                "Name one column, or write one rule a column.",
                key=given[0],
            )
        return self

    @model_validator(mode="after")
    def _ranges_apart(self) -> Self:
        if self.ranges is not None and not self.ranges:
            raise wrong(
                "is an empty list", "Write ranges such as [[40, 50], [50, 60]].", key="ranges"
            )
        ends = sorted(self.ranges or [])
        for one, other in pairwise(ends):
            if other[0] < one[1]:
                raise wrong(
                    f"overlap: {list(one)} and {list(other)}",
                    "A range runs from its first number up to, not including, its second.",
                    key="ranges",
                )
        return self

    def core(self) -> SliceRule:
        """The rule that this describes."""
        return SliceRule(
            by=tuple(self.by),
            ranges=tuple(self.ranges or ()),
            levels=tuple(self.levels or ()),
            limit=None if self.limit is None else self.limit[1],
            target=self.target,
            tier=self.tier,
            min_share=self.min_share,
            prevalence=self.prevalence,
        )


class RequirementWords(_Limited):
    """The words that every requirement may use."""

    metric: Text
    """What is measured."""
    id: Text | None = None
    """A name of its own; by default the metric."""
    of: WhoseWord = Whose.PRODUCT
    """Whose calls are measured: the product's own, or those of product and reader together."""
    under: UnderWord | None = None
    """A perturbation of the cases, such as {noise: 0.05}, under which it must hold."""
    against: Column | None = None
    """Whom to compare with: a name from data.calls, or a column with calls."""
    confidence: ConfidenceWord | None = None
    """How sure this verdict must be; by default the product's."""
    power: PowerWord | None = None
    """How likely to pass at the target; by default the product's."""
    slices: list[SliceWords] = Field(default=[])
    """Parts of the set on which it must hold as well; the whole set is always judged."""
    tier: TierWord = Tier.CRITICAL
    """critical gates the product, advisory is shown only."""
    because: Text = ""
    """Where the number comes from."""
    per: Annotated[Literal["unit"], choice({"unit": "unit"})] | None = None
    """Counts units instead of cases."""
    disagreement: Annotated[float, between(0, 1)] | None = None
    """The share of cases on which both may disagree; plans comparisons."""
    unit: Text = ""
    """The unit of the limit, as text."""


_OWN = "own_"


def words_of(metric: str, instrument: Instrument) -> type[RequirementWords]:
    """What may be written in a requirement of ``metric``.

    Raises:
        BadInput: the instrument names a parameter like a word that every requirement has.
    """
    # a class is hashable, whatever it says of its instances
    return _words_of(metric, instrument.parameters)  # type: ignore[arg-type]


# pydantic looks for the source text of each model that it makes, which takes long
@cache
def _words_of(metric: str, parameters: type[Any]) -> type[RequirementWords]:
    own = own_words(metric, parameters)
    taken = sorted(set(own) & set(RequirementWords.keys()))
    if taken:
        raise BadInput(
            f"The instrument `{metric}` has a parameter `{taken[0]}`, a word of all requirements.",
            code="broken_plugin",
            value=taken[0],
            next_step="Give the parameter another name: repair the instrument.",
        )
    # the prefix keeps a parameter called `copy` or `json` clear of pydantic's own methods
    found: dict[str, Any] = {
        _OWN + name: (one.word, Field(one.default, alias=name, description=one.about))
        for name, one in own.items()
    }
    model: type[RequirementWords] = create_model(metric, __base__=RequirementWords, **found)
    return model


def own_values(words: RequirementWords) -> dict[str, Any]:
    """The instrument's own parameters, by name."""
    names = type(words).model_fields
    return {n.removeprefix(_OWN): getattr(words, n) for n in names if n.startswith(_OWN)}
