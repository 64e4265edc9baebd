"""What product.yaml may not say of marks, although every word is well spelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadworthy.core.product import Product
from roadworthy.core.requirement import Tier
from roadworthy.io.problems import Problem
from roadworthy.io.requirement_reader import Written

LESIONS, FALSE_MARKS = "lesion_sensitivity", "false_marks_per_image"


def mark_problems(product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    """Marks that are required and not declared, and marks that nothing keeps few."""
    asked = [one for one in written if one.about.judges_marks]
    for one in asked if product.marks is None else ():
        message = f"is about marks, and nothing declares them: `{one.requirement.metric}`"
        step = "Add `marks: {boxes: boxes.csv}`: a table with the true boxes."
        yield Problem(one.path, message, step, "missing_key")
    for one in asked:
        most, limit = _most(product, one), one.requirement.limit
        if one.requirement.metric == FALSE_MARKS and most and limit.value >= most:
            message = f"is {limit.value:g}, and an image has at most {most} marks: it always holds"
            yield Problem((*one.path, "at_most"), message, "Write less, such as 0.5.")
        own = getattr(one.requirement.parameters, "at_most_per_image", None)
        shown = None if product.marks is None else product.marks.at_most_per_image
        if own and shown and own < shown:
            message = f"is {own}, and `marks` shows up to {shown} on an image: no bound would hold"
            step = f"Remove it, or write `marks: {{at_most_per_image: {own}}}`."
            yield Problem((*one.path, "at_most_per_image"), message, step)
    few = any(_gates(one, FALSE_MARKS) for one in asked)
    for one in asked:
        if _gates(one, LESIONS) and not few:
            message = "limits no false marks: a product that marks everything would pass"
            step = "Add {metric: false_marks_per_image, at_most: 0.5} with a limit of yours."
            yield Problem(one.path, message, step, "missing_requirement")


def _most(product: Product, one: Written) -> int | None:
    """How many marks an image can have, where the requirement is about false ones."""
    own = getattr(one.requirement.parameters, "at_most_per_image", None)
    return own or (None if product.marks is None else product.marks.at_most_per_image)


def _gates(one: Written, metric: str) -> bool:
    return one.requirement.metric == metric and one.requirement.tier is Tier.CRITICAL
