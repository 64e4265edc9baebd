"""What one requirement may not say, although every word of it is well spelled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import About, Instrument
from roadworthy.core.perturbation import ChangesImages
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Limit, Requirement, Side, Whose
from roadworthy.io.own_words import inherited_from
from roadworthy.io.problems import Problem
from roadworthy.io.requirement_reader import Written
from roadworthy.io.team_words import whose_problems
from roadworthy.io.words import (
    as_share,
)
from roadworthy.io.yaml_lines import KeyPath

DECLARE_PREVALENCE = (
    "Add `data: {prevalence: as_sampled}` or the share of positives where the product will work, "
    "such as 0.006."
)


@dataclass(frozen=True)
class _Range:
    """The values that a limit or a target can take."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{self.low:g} or more" if math.isfinite(self.low) else "any number"
        return (
            f"at most {self.high:g}" if math.isinf(self.low) else f"{self.low:g} to {self.high:g}"
        )


def requirement_problems(
    product: Product, written: Written, instruments: Mapping[str, Instrument]
) -> Iterator[Problem]:
    """Everything that is wrong with one requirement."""
    yield from _task(product, written)
    yield from whose_problems(
        written.path,
        product,
        written.requirement,
        instruments[written.requirement.metric],
    )
    yield from _comparison(product, written, instruments)
    yield from _limit(written)
    yield from _target(written.path, written.requirement, written.about)
    yield from _per_unit(product, written)
    yield from _under(product, written)
    yield from _inherited(product, written)
    if written.requirement.slices and not written.about.sliceable:
        message = f"cannot be used: `{written.requirement.metric}` is of the whole, not of a part"
        yield Problem((*written.path, "slices"), message, "Remove them.")
        return
    for place in range(len(written.requirement.slices)):
        yield from _slice(product, written, place)


def _task(product: Product, written: Written) -> Iterator[Problem]:
    if product.task not in written.about.tasks:
        can = " or ".join(sorted(written.about.tasks))
        message = f"is not a metric of the task {product.task.value}"
        yield Problem((*written.path, "metric"), message, f"It is one of the task {can}.")


def _comparison(
    product: Product, written: Written, instruments: Mapping[str, Instrument]
) -> Iterator[Problem]:
    limit, path, metric = written.requirement.limit, written.path, written.requirement.metric
    if limit.compares and limit.against is None:
        message = "compares, and does not say with whom"
        step = "Add `against:` a name from data.calls, or a column with calls."
        yield Problem((*path, limit.side.value), message, step, "missing_key")
    if limit.against is None:
        if written.words.disagreement is not None:
            step = "Remove it, or compare: add `against:` and max_drop or min_gain."
            yield Problem((*path, "disagreement"), "plans comparisons only", step)
        return
    against: KeyPath = (*path, "against")
    if not written.about.comparable:
        can = ", ".join(_comparable(product, instruments)) or "none"
        message = f"cannot be used: `{metric}` cannot be compared case by case"
        yield Problem(against, message, f"Metrics that can: {can}.")
    elif not limit.compares:
        step = "Write max_drop or min_gain, or remove `against`."
        yield Problem(against, f"is given, and the limit is {limit.side.value}", step)
    names = {call.name for call in product.data.calls}
    own = {product.data.truth, product.data.score, product.data.prediction} - {None}
    if limit.against in own - names:
        message = f"is '{limit.against}', a column of the product itself"
        yield Problem(against, message, "Name somebody else's calls.")


def _comparable(product: Product, instruments: Mapping[str, Instrument]) -> list[str]:
    return [name for name in instruments if _can_compare(name, product, instruments)]


def _can_compare(name: str, product: Product, instruments: Mapping[str, Instrument]) -> bool:
    try:
        about = instruments[name].about
    except BadInput:  # a broken stranger is told when it is used, not in a list of suggestions
        return False
    return about.comparable and product.task in about.tasks


def _limit(written: Written) -> Iterator[Problem]:
    if written.words.limit is None:
        return
    limit, path = written.requirement.limit, (*written.path, written.requirement.limit.side.value)
    yield from _limit_range(path, limit, written.about)
    wrong_way = Side.AT_MOST if written.about.better == "higher" else Side.AT_LEAST
    if limit.side is wrong_way and written.about.better in ("higher", "lower"):
        other = Side.AT_LEAST if wrong_way is Side.AT_MOST else Side.AT_MOST
        message = (
            f"asks for less: of `{written.requirement.metric}`, {written.about.better} is better"
        )
        yield Problem(path, message, f"Write {other.value}.")


def _limit_range(path: KeyPath, limit: Limit, about: About) -> Iterator[Problem]:
    possible = _limits(limit, about)
    if limit.value in possible:
        if _always_met(limit, possible):
            message = f"is {limit.value:g}, which whatever happens is met: it requires nothing"
            yield Problem(path, message, "Write a limit that a bad product misses.")
        return
    # 90 is meant as a percentage, and 1.9 hardly
    share = possible.high == 1 and 2 <= limit.value < 100
    step = as_share(limit.value) if share else f"Write a value of {possible}."
    yield Problem(path, f"can be {possible}, not {limit.value:g}", step)


def _always_met(limit: Limit, possible: _Range) -> bool:
    if possible.low == possible.high or limit.side is Side.MIN_GAIN:
        return False
    easiest = possible.low if limit.side is Side.AT_LEAST else possible.high
    return limit.value == easiest


def _limits(limit: Limit, about: About) -> _Range:
    low, high = _ends(about)
    return _Range(0.0, high - low) if limit.compares else _Range(low, high)


def _ends(about: About) -> tuple[float, float]:
    low = -math.inf if about.lowest is None else about.lowest
    return low, math.inf if about.highest is None else about.highest


def _target(path: KeyPath, requirement: Requirement[object], about: About) -> Iterator[Problem]:
    if requirement.target is None or requirement.limit.value not in _limits(
        requirement.limit, about
    ):
        return
    limit, target = requirement.limit, requirement.target
    low, high = _ends(about)
    possible = _Range(low - high, high - low) if limit.compares else _Range(low, high)
    if target not in possible:
        share = possible.high == 1 and 1 < target < 100
        step = as_share(target) if share else f"Write a value of {possible}."
        yield Problem((*path, "target"), f"can be {possible}, not {target:g}", step)
    elif not limit.met_by(target) or target == limit.threshold:
        told = f"{limit}" if not limit.compares else f"{limit}, a gain of {limit.threshold:g}"
        yield Problem(
            (*path, "target"),
            f"is {target:g}, and must be better than its limit ({told})",
            "A target is the value expected; it plans how many cases show that the limit is met"
            + (", and of a comparison it is the expected gain." if limit.compares else "."),
        )


def _per_unit(product: Product, written: Written) -> Iterator[Problem]:
    if not written.requirement.per_unit:
        return
    path: KeyPath = (*written.path, "per")
    if product.data.unit is None:
        step = "Add `data: {unit: COLUMN}`, or remove `per: unit`."
        yield Problem(path, "counts units, and the data declare none", step, "missing_key")
    if not written.about.per_unit or product.task is not Task.BINARY:
        message = f"cannot be used: `{written.requirement.metric}` is not counted per unit"
        yield Problem(path, message, "Remove `per: unit`.")


def _under(product: Product, written: Written) -> Iterator[Problem]:
    """A perturbation needs calls to change, and something that it can change."""
    under, path = written.requirement.under, (*written.path, "under")
    if under is None:
        return
    metric, images = written.requirement.metric, product.data.images
    table = getattr(written.requirement.parameters, "table", None) or written.about.table
    if table != "cases" or not written.about.judges_calls:
        message = f"cannot be used: `{metric}` does not hang on what the product says of a case"
        yield Problem(path, message, "Take a metric of its calls, such as sensitivity.")
    if written.requirement.of is Whose.TEAM:
        message = "is of the product, and this requirement is of the team"
        yield Problem(path, message, "Remove `of: team`: nobody saw people read such cases.")
    if isinstance(under.perturbation, ChangesImages):
        if images is None:
            message = f"is {under.name}, which changes images, and the product has none"
            yield Problem(path, message, "Name them: `data: {features: {image: COLUMN}}`.")
        return
    column = under.perturbation.column
    if column in (product.data.truth, product.data.id, product.data.unit):
        message = f"changes '{column}', which the product does not see"
        yield Problem(path, message, "Name a feature, or a column of the scope.")
    if under.name == "missing_view" and (images is None or column not in images.columns):
        known = "none" if images is None else ", ".join(images.columns)
        message = f"takes away '{column}', which is no column of images"
        yield Problem(path, message, f"The columns of images: {known}.")


def _inherited(product: Product, written: Written) -> Iterator[Problem]:
    requirement = written.requirement
    sources = inherited_from(type(requirement.parameters))
    values = {source: getattr(requirement.parameters, name) for name, source in sources.items()}
    if (
        written.about.follows_prevalence
        and values.get("prevalence", product.data.prevalence) is None
    ):
        message = f"lacks a prevalence: {requirement.metric} depends on prevalence"
        yield Problem(written.path, message, DECLARE_PREVALENCE, "missing_key")
    if "costs" in values and values["costs"] is None:
        message = f"has no costs to count: `{requirement.metric}` depends on them"
        step = "Add `costs: {unit: EUR, miss: ..., false_alarm: ..., refer: ...}`."
        yield Problem(written.path, message, step, "missing_key")
    if "environment" in values and values["environment"] is None:
        message = "has no environment to cover"
        step = "Add `environment: {by: [vendor], shares: {A: 0.6, B: 0.4}}`, or name its `file`."
        yield Problem(written.path, message, step, "missing_key")
    for name, source in sources.items():
        own = getattr(written.words, f"own_{name}", None)
        if source == "prevalence" and not _weighable(product, own):
            message = f"is a share of positives, and the task is {product.task.value}"
            yield Problem((*written.path, name), message, "Write as_sampled.")


def _weighable(product: Product, prevalence: object) -> bool:
    return product.task is Task.BINARY or prevalence in (None, "as_sampled")


def _slice(product: Product, written: Written, place: int) -> Iterator[Problem]:
    path: KeyPath = (*written.path, "slices", place)
    words, rule = written.words.slices[place], written.requirement.slices[place]
    side = written.requirement.limit.side
    if words.limit is not None and words.limit[0] is not side:
        message = f"is another side than the requirement's {side.value}"
        yield Problem((*path, words.limit[0].value), message, f"Write {side.value}.")
        return
    if rule.prevalence is not None and not hasattr(written.requirement.parameters, "prevalence"):
        message = f"cannot be used: `{written.requirement.metric}` does not depend on prevalence"
        yield Problem((*path, "prevalence"), message, "Remove it.")
        return
    if not _weighable(product, rule.prevalence):
        message = f"is a share of positives, and the task is {product.task.value}"
        yield Problem((*path, "prevalence"), message, "Remove it.")
    there = written.requirement.on(rule)
    if rule.limit is not None:
        yield from _limit_range((*path, side.value), there.limit, written.about)
    if rule.limit is not None or rule.target is not None:
        yield from _target(path, there, written.about)
    same = [other for other in written.requirement.slices[:place] if _parts(other) == _parts(rule)]
    if same:
        yield Problem(path, "names the same parts as a rule before it", "Remove one of them.")


def _parts(rule: object) -> tuple[object, ...]:
    return tuple(getattr(rule, name) for name in ("by", "ranges", "levels"))
