"""What product.yaml makes of a sealed set: nobody may read its columns in another way later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement
from roadworthy.core.seal import Meant, SealedSet
from roadworthy.workflow.looking import wanted_of

ANSWERS = ("score", "prediction")
"""The words that name a column of answers: a model of its own needs none."""


def meant(product: Product) -> Meant:
    """What a product says of its columns, and what it asks of its cases."""
    data = product.data
    words = {
        "product": product.name,
        "task": str(product.task),
        "id": repr(data.id),
        "unit": repr(data.unit),
        "truth": repr(data.truth),
        "positive": repr(data.positive),
        "negative": repr(data.negative),
        "prevalence": repr(data.prevalence),
        "calls": repr(data.calls),
        "score": repr(data.score),
        "prediction": repr(data.prediction),
        "scope": repr(product.scope),
        "referred": repr(product.decision.referred),
    }
    if product.marks is not None:
        words["marks"] = repr((product.marks.hit, product.marks.at_most_per_image))
    questions = tuple(sorted({_question(one) for one in product.requirements}))
    return Meant(words, questions, tuple(wanted_of(one) for one in product.requirements))


def changed(before: Meant, now: Meant) -> Iterator[str]:
    """The words of product.yaml that mean something else now."""
    told = {**before.words, **now.words}
    yield from (word for word in told if before.words.get(word) != now.words.get(word))


def read_otherwise(sealed: SealedSet, product: Product) -> Iterator[str]:
    """Which words of product.yaml mean something else than when a set was sealed; a sentence each.

    Whose answers are judged is told as the subject.
    """
    if sealed.meant is None:
        return
    before, now = sealed.meant, meant(product)
    for word in changed(before, now):
        if word not in (*ANSWERS, "product"):
            said, was = (told.words.get(word, "nothing") for told in (now, before))
            day = sealed.at[:10]
            yield f"When the set was sealed ({day}) `{word}` was {was}; now it is {said}."


def _question(requirement: Requirement[Any]) -> str:
    """A metric with its parameters and slices: whose answer it is, whatever the limit."""
    rules = [
        replace(rule, limit=None, target=None, tier=None, min_share=0.0)
        for rule in requirement.slices
    ]
    parts = (
        requirement.metric,
        requirement.parameters,
        requirement.limit.against,
        sorted(map(repr, rules)),
    )
    # what is asked of perturbed cases is a question of its own
    under = () if requirement.under is None else (repr(requirement.under),)
    return repr((*parts, requirement.per_unit, str(requirement.of), *under))
