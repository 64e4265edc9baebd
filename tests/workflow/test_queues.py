"""Who gets a case that goes to a person: the first queue whose rule holds."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.scope import AllOf, OnField
from roadworthy.core.worklist import GENERAL, Queue, Worklist
from roadworthy.workflow.queues import queue_of

DENSE = Queue("dense", OnField("density", None, ("C", "D")))
YOUNG = Queue("young", OnField("age", (20, 40)))
BOTH = Queue("both", AllOf((DENSE.when, YOUNG.when)))


def queues(cases: pl.DataFrame, *rules: Queue) -> list[str]:
    return cases.with_columns(queue_of(cases, Worklist(rules)).alias("q"))["q"].to_list()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "C", "D", None]),
            st.one_of(st.none(), st.floats(0, 100)),
        ),
        min_size=1,
        max_size=12,
    ),
    st.permutations([DENSE, YOUNG, BOTH]),
)
def test_every_case_goes_to_the_first_queue_that_holds_of_it(
    rows: list[tuple[str | None, float | None]], rules: list[Queue]
) -> None:
    schema = {"density": pl.String, "age": pl.Float64}
    cases = pl.DataFrame(rows, schema=schema, orient="row")
    expected = [
        next((rule.name for rule in rules if rule.when.holds(case) is True), GENERAL)
        for case in cases.to_dicts()
    ]
    assert queues(cases, *rules) == expected


def test_without_rules_there_is_one_queue() -> None:
    assert queues(pl.DataFrame({"density": ["C", None]})) == [GENERAL, GENERAL]
