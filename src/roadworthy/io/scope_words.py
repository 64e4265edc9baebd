"""How scope rules are written: conditions on columns, alone or together, and what they do."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from roadworthy.core.scope import (
    AllOf,
    AnyOf,
    Condition,
    JointRule,
    Missing,
    OnField,
    Outside,
    Rule,
    ScopeRule,
    WhenThen,
)
from roadworthy.io.shapes import Words, wrong
from roadworthy.io.words import Column, Levels, Pair, choice

_DOES = {"refer": "refer", "reject": "reject"}
MissingWord = Annotated[Missing, choice({**_DOES, "accept": "accept"})]
OutsideWord = Annotated[Outside, choice(_DOES)]


class ConditionWords(Words):
    """A condition on one column (`field` with `between` or `in`), or on several together."""

    field: Column | None = None
    """The column that the condition looks at."""
    between: Pair | None = None
    """Holds from the first number to the second, both included."""
    levels: Levels | None = Field(default=None, alias="in")
    """Holds when it is one of these."""
    all_of: list[ConditionWords] | None = None
    """Holds when every one of these conditions does."""
    any_of: list[ConditionWords] | None = None
    """Holds when at least one of these conditions does."""

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        kinds = [key for key in self._kinds() if getattr(self, key) is not None]
        if len(kinds) != 1:
            found = f"has {' and '.join(kinds)}" if kinds else "says nothing of any column"
            raise wrong(found, f"Write one of {', '.join(self._kinds())}.")
        told = (self.between is not None) + (self.levels is not None)
        if kinds == ["field"] and told != 1:
            raise wrong(
                f"needs exactly one of `between` and `in` for `{self.field}`",
                "Write between: [from, to], or in: [a, b].",
            )
        if kinds != ["field"] and told:
            raise wrong(f"has a range or levels, and `{kinds[0]}`", "Put them beside a `field`.")
        for key in ("all_of", "any_of"):
            parts = getattr(self, key)
            if parts is not None and len(parts) < 2:
                raise wrong("combines fewer than two conditions", "Name two or more.", key=key)
        return self

    @classmethod
    def _kinds(cls) -> tuple[str, ...]:
        return ("field", "all_of", "any_of")

    def condition(self) -> Condition:
        """The condition that this describes."""
        if self.all_of is not None:
            return AllOf(tuple(part.condition() for part in self.all_of))
        if self.any_of is not None:
            return AnyOf(tuple(part.condition() for part in self.any_of))
        assert self.field is not None
        return OnField(
            self.field, self.between, None if self.levels is None else tuple(self.levels)
        )


class ScopeWords(ConditionWords):
    """What must hold of the cases that the product may work on, and what becomes of others."""

    when: ConditionWords | None = None
    """Where this holds, `then` must hold too; elsewhere nothing is asked."""
    then: ConditionWords | None = None
    """What must hold where `when` does."""
    missing: MissingWord = "refer"
    """A case that a missing value leaves open: to a person, no case at all, or in scope."""
    outside: OutsideWord = "refer"
    """A case for which it does not hold: to a person, or no case for the product at all."""

    @model_validator(mode="after")
    def _both_halves(self) -> Self:
        if (self.when is None) != (self.then is None):
            lacks = "then" if self.then is None else "when"
            raise wrong(
                f"lacks `{lacks}`", "Write when: {...}, then: {...}.", code="missing_key", key=lacks
            )
        return self

    @classmethod
    def _kinds(cls) -> tuple[str, ...]:
        return ("field", "all_of", "any_of", "when")

    def condition(self) -> Condition:
        """The condition that this describes."""
        if self.when is None or self.then is None:
            return super().condition()
        return WhenThen(self.when.condition(), self.then.condition())

    def core(self) -> Rule:
        """The rule that this describes."""
        does: dict[str, Any] = {"missing": self.missing, "outside": self.outside}
        found = self.condition()
        if isinstance(found, OnField):
            return ScopeRule(found.field, found.between, found.levels, **does)
        return JointRule(found, **does)
