"""Who gets which of the cases that go to a person: queues by name, and the rule of each."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.scope import Condition

GENERAL = "general"
"""The queue of every case that no rule sends elsewhere."""


@dataclass(frozen=True)
class Queue:
    """A queue takes the cases for which ``when`` holds and that no queue before it took.

    Where a missing value leaves that open the case is not taken.
    """

    name: str
    when: Condition


@dataclass(frozen=True)
class Worklist:
    """The queues in their order; what none of them takes is ``general``."""

    queues: tuple[Queue, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every queue that there is, the general one last."""
        return (*(queue.name for queue in self.queues), GENERAL)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every column that a rule looks at."""
        return tuple(dict.fromkeys(field for queue in self.queues for field in queue.when.fields))
