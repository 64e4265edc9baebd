"""What costs, harms and decisions by cost may not say, although every word is well formed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from roadworthy.core.product import Calibrate, Costs, Decision, Harm, Product, Task
from roadworthy.io.cost_words import MULTICLASS_EXAMPLE
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.problems import Page, Problem
from roadworthy.io.requirement_reader import Written
from roadworthy.io.yaml_lines import KeyPath
from roadworthy.stats import cost_thresholds

_OF_BINARY = ("miss", "false_alarm", "refer", "found", "cleared", "profit")
_GAINS = ("found", "cleared")
# what leaves scores where weights have moved them
_NO_SHIFT = (Calibrate.NONE, Calibrate.TEMPERATURE)
PRICED = ("expected_cost", "expected_utility")


def by_ratio(decision: Decision, costs: Costs | None) -> Decision:
    """The numbers that ``cost_ratio`` stands for; unchanged where prices do not give them."""
    if not decision.cost_ratio or costs is None or costs.per_case:
        return decision
    kinds = ("miss", "false_alarm", "found", "cleared")
    prices: dict[str, Any] = {kind: getattr(costs, kind) for kind in kinds}
    if decision.cheapest_band:
        prices["refer"] = costs.refer
    try:
        threshold, band = cost_thresholds.by_ratio(**prices)
    except ValueError:
        return decision
    return replace(decision, threshold=threshold, refer_between=band or decision.refer_between)


def cost_problems(page: Page, product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    """Everything that is wrong with costs, harms, and what rests on them."""
    yield from _words_of_the_task(page, product, ("costs",))
    yield from _gains(page, product)
    yield from _harms(page, product, written)
    for one in written:
        yield from _requirement(page, product, one)
    yield from _decision(page, product)
    yield from _weights(product)


def _words_of_the_task(page: Page, product: Product, path: KeyPath) -> Iterator[Problem]:
    """Binary tasks have misses, several classes a matrix, values neither."""
    keys = page.value(path)
    if not isinstance(keys, dict):
        return
    task = product.task
    if task is not Task.MULTICLASS and "matrix" in keys:
        yield Problem((*path, "matrix"), f"is of several classes, and the task is {task.value}",
                      _instead(product, keys["matrix"]))  # fmt: skip
    for key in _OF_BINARY if task is not Task.BINARY else ():
        if key in keys:
            message = f"is a word of binary tasks, and the task is {task.value}"
            step = f"Write {MULTICLASS_EXAMPLE}." if task is Task.MULTICLASS else "Remove it."
            yield Problem((*path, key), message, step)
    if task is Task.REGRESSION and "gain" in keys:
        message = "is earned by right calls, and a value is neither right nor wrong"
        yield Problem((*path, "gain"), message, "Remove it.")


def _instead(product: Product, matrix: object) -> str:
    """The words of a binary task that say what the matrix says."""
    rows = matrix if isinstance(matrix, dict) else {}
    positive = str(product.data.positive)
    others = [name for name in rows if name != positive]
    if product.task is not Task.BINARY or positive not in rows or len(others) != 1:
        return "Remove it." if product.task is Task.REGRESSION else "Write miss and false_alarm."
    miss, alarm = rows[positive].get(others[0], 0), rows[others[0]].get(positive, 0)
    return f"Write miss: {miss}, false_alarm: {alarm}."


def _gains(page: Page, product: Product) -> Iterator[Problem]:
    gains = page.value(("costs", "gain"))
    if not isinstance(gains, dict) or product.costs is None:
        return
    known: Sequence[str] = _GAINS
    if product.task is Task.MULTICLASS:
        known = () if product.costs.matrix is None else product.costs.matrix.classes
    for key, gain in gains.items():
        path = ("costs", "gain", key)
        if key not in known and product.task is not Task.REGRESSION:
            kind = "gains" if product.task is Task.BINARY else "classes of the matrix"
            yield Problem(path, "is no right call", did_you_mean(key, known, kind), "unknown_key")
        elif product.task is Task.MULTICLASS and isinstance(gain, dict):
            step = "Write a number: amounts that differ from case to case are for binary tasks."
            yield Problem(path, "differs from case to case", step)


def _harms(page: Page, product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    known = [harm.name for harm in product.harms]
    limited, typos = set(), False
    for one in written:
        if one.requirement.metric != "expected_harm":
            continue
        name, own = one.requirement.parameters.harm, one.requirement.parameters.harms
        limited.add(name)
        there = [harm.name for harm in own or ()]
        if name not in there:
            typos = True
            step = did_you_mean(name, there, "harms") if there else _declare(name)
            message = f"is an unknown harm: '{name}'"
            yield Problem((*one.path, "harm"), message, step, "unknown_harm")
    for name in known:
        wrong = list(_words_of_the_task(page, product, ("harms", name)))
        yield from wrong
        if not wrong and product.task is Task.MULTICLASS and not _named(product.harms, name).matrix:
            message = "needs a matrix: the task is multiclass"
            yield Problem(("harms", name), message, f"Write {MULTICLASS_EXAMPLE}.", "missing_key")
        # a misspelt one may well be the one that is missing
        if name not in limited and not typos:
            message = "is limited by no requirement: it would be declared and never looked at"
            step = f"Add {{metric: expected_harm, harm: {name}, at_most: ...}}, or remove it."
            yield Problem(("harms", name), message, step, "unlimited_harm")


def _named(harms: Sequence[Harm], name: str) -> Harm:
    return next(harm for harm in harms if harm.name == name)


def _declare(name: str) -> str:
    return f"Declare it: `harms: {{{name}: {{miss: ...}}}}`."


def _requirement(page: Page, product: Product, one: Written) -> Iterator[Problem]:
    """The costs that a requirement counts are of its task and its unit."""
    metric, costs = one.requirement.metric, getattr(one.requirement.parameters, "costs", None)
    if not isinstance(costs, Costs) or product.task not in one.about.tasks:
        return
    yield from _words_of_the_task(page, product, (*one.path, "costs"))
    if metric in PRICED and product.task is Task.MULTICLASS and costs.matrix is None:
        message = "has no prices to count: several classes need a cost matrix"
        step = f"Add `costs: {{{MULTICLASS_EXAMPLE}}}`."
        yield Problem(one.path, message, step, "missing_key")
    if metric == "profit_per_case" and costs.profit is None:
        message = "has no profit to count"
        step = "Add `costs: {profit: {column: ..., min: ..., max: ..., when: flagged}}`."
        yield Problem(one.path, message, step, "missing_key")
    if one.words.unit and costs.unit and one.words.unit != costs.unit:
        message = f"is '{one.words.unit}', and the costs are in '{costs.unit}'"
        yield Problem((*one.path, "unit"), message, "Write limit and costs in one unit.")


def _decision(page: Page, product: Product) -> Iterator[Problem]:
    decision, costs = product.decision, product.costs
    threshold = page.value(("decision", "threshold"))
    path: KeyPath = ("decision", "threshold")
    if decision.cheapest_band and threshold not in ("cost", "cost_ratio"):
        message = "is cost, and the threshold is not"
        step = "Write `threshold: cost` or `threshold: cost_ratio`, or the band as two numbers."
        yield Problem(("decision", "refer_between"), message, step)
    if threshold not in ("cost", "cost_ratio") or product.task is not Task.BINARY:
        return
    if costs is None or not _stakes(costs):
        message = f"is {threshold}, and no mistake has a price"
        yield Problem(path, message, "Add `costs: {miss: ..., false_alarm: ...}`.", "missing_key")
        return
    if decision.cheapest_band and costs.refer == 0.0:
        message = "is cost, and a person costs nothing: every case would be referred"
        yield Problem(("decision", "refer_between"), message, "Add `costs: {refer: ...}`.")
    if decision.cost_ratio:
        yield from _ratio(path, product, costs)


def _ratio(path: KeyPath, product: Product, costs: Costs) -> Iterator[Problem]:
    """The rule takes a score for the chance of a positive where the product will work."""
    if costs.per_case:
        column = costs.per_case[0].column
        message = f"is cost_ratio, and the amounts in '{column}' differ from case to case"
        yield Problem(path, message, "Write `threshold: cost`: it tries every threshold.")
    calibrate = product.decision.calibrate
    if product.training.moves_scores and calibrate in _NO_SHIFT:
        message = "is cost_ratio, and training weighed by costs: its scores are no chances"
        if product.weights is None:
            message = "is cost_ratio, and `train` moves the scores of nets: they are no chances"
        if calibrate is Calibrate.TEMPERATURE:
            message += ", and a temperature cannot shift them back"
        step = "Write `threshold: cost`, add `calibrate: sigmoid`, or remove `train.weights`."
        yield Problem(path, message, step)
    trains = product.model is None and product.data.score is None
    learns = "model" if trains else "calibrator" if calibrate is not Calibrate.NONE else None
    if learns and isinstance(product.data.prevalence, float):
        message = f"is cost_ratio, and the {learns} learns at another prevalence than it will meet"
        yield Problem(path, message, "Write `threshold: cost`: it weighs the cases.")


def _weights(product: Product) -> Iterator[Problem]:
    if product.weights is None:
        return
    path: KeyPath = ("train", "weights")
    if product.model is not None or product.data.score or product.data.prediction:
        yield Problem(path, "is given, and nothing is trained here", "Remove `train`.")
    elif product.task is Task.REGRESSION:
        yield Problem(path, "is costs, and the task is regression", "Remove `train`.")
    elif product.costs is None or not _stakes(product.costs):
        message = "is costs, and no mistake has a price"
        yield Problem(path, message, "Add `costs: {miss: ..., false_alarm: ...}`.", "missing_key")


def _stakes(costs: Costs) -> bool:
    """Whether something hangs on a call being right."""
    prices = (costs.miss, costs.false_alarm, costs.found, costs.cleared)
    return costs.matrix is not None or any(price != 0.0 for price in prices)
