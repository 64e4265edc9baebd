"""Queues by name: which there are, and which columns they look at."""

from __future__ import annotations

from roadworthy.core.scope import AllOf, OnField
from roadworthy.core.worklist import GENERAL, Queue, Worklist


def test_the_general_queue_is_always_there_and_the_last_one() -> None:
    assert Worklist().names == (GENERAL,)
    assert Worklist((Queue("specialist", OnField("density", None, ("C",))),)).names == (
        "specialist",
        GENERAL,
    )


def test_every_column_that_a_rule_looks_at_is_told_once() -> None:
    both = AllOf((OnField("density", None, ("C",)), OnField("age", (40, 50))))
    worklist = Worklist((Queue("a", both), Queue("b", OnField("age", (50, 60)))))
    assert worklist.fields == ("density", "age")
