"""What `model: {onnx: }` and `model: {torch: }` may not say, although every part is well formed."""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.core.own_net import Gives, NetInput, OnnxSource, TorchSource
from roadworthy.core.product import Product, Task
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.problems import Problem


def net_problems(product: Product) -> Iterator[Problem]:
    """Everything that is wrong with what a net is fed and what it gives."""
    source = product.model
    if not isinstance(source, OnnxSource | TorchSource):
        return
    net, task = source.net, product.task
    if (task is Task.REGRESSION) != (net.gives is Gives.VALUE):
        wanted = "value" if task is Task.REGRESSION else "probability` or `gives: logit"
        message = f"is {net.gives}, and the task is {task}"
        yield Problem(("model", "gives"), message, f"Write `gives: {wanted}`.")
    if task is Task.MULTICLASS and not net.classes:
        step = "Add `classes: [...]`, spelt as in the truth column, in the order of the output."
        yield Problem(("model",), "does not say which class an output is", step, "missing_key")
    if task is not Task.MULTICLASS and net.classes:
        message = f"names classes, and the task is {task}"
        yield Problem(("model", "classes"), message, "Remove it, or write `task: multiclass`.")
    for one in net.inputs:
        yield from _input(product, one)


def _input(product: Product, one: NetInput) -> Iterator[Problem]:
    data, path = product.data, ("model", "inputs", one.name)
    images = () if data.images is None else data.images.columns
    if one.images is not None:
        for name in one.images.columns:
            if name not in images:
                message = f"names the image '{name}', which is not in `data.features`"
                step = did_you_mean(name, images, "images") if images else _DECLARE
                yield Problem((*path, "image"), message, step)
        return
    for name in one.columns:
        if name in images:
            message = f"reads '{name}' as a column, and it holds paths of images"
            yield Problem(path, message, f"Write `{one.name}: {{image: {name}}}`.")
        elif data.features is not None and name not in data.features:
            message = f"reads '{name}', which is not in `data.features`"
            yield Problem(path, message, did_you_mean(name, data.features, "features"))


_DECLARE = "Name the column with their paths: `data: {features: {image: ...}}`."
