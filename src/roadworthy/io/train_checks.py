"""What `train:` may not say: a loss that the task or the costs give no meaning."""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.core.product import Draw, LossName, Product, Task, TrainRules
from roadworthy.io.problems import Problem

_LOSS = ("train", "loss")


def train_problems(product: Product) -> Iterator[Problem]:
    """Everything that is wrong with the loss and the sampling."""
    loss, task = product.training.loss, product.task
    brought = product.model is not None or product.data.score or product.data.prediction
    if brought and product.training != TrainRules(product.weights):
        yield Problem(("train",), "is given, and nothing is trained here", "Remove `train`.")
        return
    if task is Task.REGRESSION and loss is not LossName.LOG:
        message = f"is {loss}, which is of classes, and the task is regression"
        yield Problem(_LOSS, message, "Remove it: nets take squares there.")
    yield from _sampling(product)
    if task is Task.REGRESSION:
        return
    if loss is LossName.SENSITIVITY_AT and task is not Task.BINARY:
        message = f"is of binary tasks, and the task is {task}"
        yield Problem(_LOSS, message, "Write `loss: cost`, or remove it.")
    if loss is LossName.COST and product.costs is None:
        message = "is cost, and no costs are declared"
        step = "Add `costs: {miss: ..., false_alarm: ...}`."
        yield Problem(_LOSS, message, step, "missing_key")
    priced = product.costs
    if loss is LossName.COST and priced and task is Task.MULTICLASS and priced.matrix is None:
        step = "Add `costs: {matrix: {...}}`."
        yield Problem(_LOSS, "is cost, and there is no matrix of costs", step, "missing_key")
    if loss is LossName.PROFIT and (product.costs is None or product.costs.profit is None):
        message = "is profit, and no profit is declared"
        step = "Add `costs: {profit: {column: ..., max: ..., when: flagged}}`."
        yield Problem(_LOSS, message, step, "missing_key")
    if loss in (LossName.COST, LossName.PROFIT) and product.training.weights is not None:
        message = "weighs cases by their costs, and the loss counts these already"
        yield Problem(("train", "weights"), message, "Remove one of the two.")


def _sampling(product: Product) -> Iterator[Problem]:
    rules, path = product.training, ("train", "sampling")
    for one in rules.samplings:
        of_classes = one.draw is not Draw.NATURAL and one.draw is not Draw.HARD
        of_classes &= one.column is None
        if of_classes and product.task is Task.REGRESSION:
            message = f"is {one}, which is of classes, and the task is regression"
            yield Problem(path, message, "Remove it.")
        elif one.draw is Draw.COST and not _priced(product):
            message = "is cost, and what a wrong call costs is not declared"
            yield Problem(
                path, message, "Add `costs: {miss: ..., false_alarm: ...}`.", "missing_key"
            )
        elif one.draw is Draw.COST and (
            rules.weights is not None or rules.loss in (LossName.COST, LossName.PROFIT)
        ):
            message = "is cost, and weights or the loss count the costs already"
            yield Problem(path, message, "Remove one of the two.")
        if one.column in (product.data.truth, product.data.id, product.data.unit) and one.column:
            message = f"names '{one.column}', which is no property of a case"
            yield Problem(path, message, "Leave `column` away to name a class.")


def _priced(product: Product) -> bool:
    costs = product.costs
    return costs is not None and (product.task is Task.BINARY or costs.matrix is not None)
