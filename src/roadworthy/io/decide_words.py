"""The words of what becomes of new cases: which cleared ones are audited, who gets the others."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from roadworthy.core.policy import Audit
from roadworthy.core.scope import AllOf
from roadworthy.core.worklist import GENERAL, Queue, Worklist
from roadworthy.io.scope_words import ConditionWords
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import Whole, as_share, number


def _audited(value: object) -> float:
    found = number(value)
    if found == 0:
        raise wrong("is 0, and such an audit looks at nothing", "Write 0.02, or remove `audit`.")
    if not 0 < found <= 1:
        step = as_share(found) if found > 1 else "Write a share such as 0.02."
        raise wrong(f"must be more than 0 and at most 1, not {shown(value)}", step)
    return found


class AuditWords(Words):
    """Cleared cases that a person sees all the same."""

    share: Annotated[
        float, Checked(_audited, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
    ]
    """The share of the cleared cases that is drawn."""
    seed: Whole = 0
    """Another seed draws other cases; the same one always the same."""

    def core(self) -> Audit:
        """The audit that this describes."""
        return Audit(self.share, self.seed)


def _queue_name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"must be text, not {shown(value)}", "Write a word such as specialist.")
    if value.strip() == GENERAL:
        message = f"is {GENERAL}, the queue of all cases that no rule takes"
        raise wrong(message, "Give it another name.")
    return value.strip()


class QueueWords(Words):
    """Some of the cases that go to a person, and for whom they wait."""

    name: Annotated[str, Checked(_queue_name, {"type": "string", "pattern": r"\S"})]
    """Who takes them, such as specialist."""
    when: list[ConditionWords] = Field(json_schema_extra={"minItems": 1})
    """What must hold of a case: every one of these conditions."""

    @model_validator(mode="after")
    def _some_rule(self) -> Self:
        if not self.when:
            step = "Write a condition such as {field: density, in: [C, D]}."
            raise wrong("is an empty list, so the queue would take every case", step, key="when")
        return self

    def core(self) -> Queue:
        """The queue that this describes."""
        parts = tuple(rule.condition() for rule in self.when)
        return Queue(self.name, parts[0] if len(parts) == 1 else AllOf(parts))


class WorklistWords(Words):
    """Who gets the cases that go to a person."""

    queues: list[QueueWords] = Field(json_schema_extra={"minItems": 1})
    """The first queue whose conditions hold takes a case; `general` takes the others."""

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        if not self.queues:
            step = "Add a queue, or remove `worklist`."
            raise wrong("is an empty list", step, key="queues")
        names = [queue.name for queue in self.queues]
        twice = [name for at, name in enumerate(names) if name in names[:at]]
        if twice:
            step = "Give every queue its own name."
            raise wrong(f"names {shown(twice[0])} twice", step, key="queues")
        return self

    def core(self) -> Worklist:
        """The worklist that this describes."""
        return Worklist(tuple(queue.core() for queue in self.queues))
