"""What audits and queues need of the product as a whole: ids to draw by, and columns to go by."""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.core.decided import COLUMNS, READING
from roadworthy.core.product import Product, Task
from roadworthy.io.problems import Problem
from roadworthy.io.shapes import shown


def decide_problems(product: Product) -> Iterator[Problem]:
    """What is wrong with `decision.audit` and `worklist`, though both are well formed."""
    audit, binary = product.decision.audit, product.task is Task.BINARY
    step = "Remove it: such answers are not routed."
    if audit is not None and not binary:
        message = f"is of cases that are cleared, and the task is {product.task.value}"
        yield Problem(("decision", "audit"), message, step)
    elif audit is not None and product.data.id is None:
        message = "draws cases by their ids, and no column names them"
        yield Problem(("decision", "audit"), message, "Add `data: {id: COLUMN}`.", "missing_key")
    if product.worklist.queues and not binary:
        message = f"is of cases that are routed, and the task is {product.task.value}"
        yield Problem(("worklist",), message, step)
    for place, queue in enumerate(product.worklist.queues):
        for field in queue.when.fields:
            path = ("worklist", "queues", place, "when")
            if field == product.data.truth:
                message = f"looks at {shown(field)}, the truth, which nobody knows of a new case"
                yield Problem(path, message, "Look at another column.")
            elif field in (*COLUMNS, *READING):
                kept = "the decisions" if field in COLUMNS else "the worklist"
                message = f"looks at {shown(field)}, the name of a column of {kept}"
                yield Problem(path, message, "Rename that column of the cases.")
