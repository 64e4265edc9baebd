"""Who gets a case that goes to a person: the first queue whose rule holds of it."""

from __future__ import annotations

import polars as pl

from roadworthy.core.worklist import GENERAL, Worklist
from roadworthy.workflow.scoping import holds


def queue_of(cases: pl.DataFrame, worklist: Worklist) -> pl.Expr:
    """The queue's name for each of ``cases``, never null; ``general`` where no rule holds.

    ``cases`` have the columns that the rules look at. What a missing value leaves open does not
    hold.
    """
    found = pl.lit(GENERAL)
    for queue in reversed(worklist.queues):
        takes = holds(cases, queue.when).fill_null(False)
        found = pl.when(takes).then(pl.lit(queue.name)).otherwise(found)
    return found
