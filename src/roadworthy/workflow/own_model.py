"""A model that the team brings: which columns it is sent, and what is taken on trust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Brought, Model
from roadworthy.core.own_net import OnnxSource, TorchSource
from roadworthy.core.product import CommandSource, Product, UrlSource
from roadworthy.io.nearest import did_you_mean
from roadworthy.models import callable as function
from roadworthy.models.command import CommandModel
from roadworthy.models.http import HttpModel
from roadworthy.models.nets.room import require_torch
from roadworthy.models.onnx import own as graph
from roadworthy.workflow.source import feature_columns

SHOWN = 8


def own_model(product: Product, schema: pl.Schema) -> Model:
    """The model that product.yaml names, ready to be asked; nothing is run yet.

    It is sent the features of ``schema`` and no other column: neither the truth, nor other
    people's calls, nor the set that a case is in.
    """
    source, needs = product.model, feature_columns(product, schema)
    if isinstance(source, OnnxSource | TorchSource):
        return _own_net(product, source, needs)
    if isinstance(source, CommandSource):
        model = CommandModel(source, product.folder, product.task, needs)
        _refuse_cases(product, model.files)
        return model
    if isinstance(source, UrlSource):
        return HttpModel(source, product.task, needs)
    assert source is not None
    return function.named(source, product.folder, product.task, needs)


def _own_net(product: Product, source: OnnxSource | TorchSource, allowed: tuple[str, ...]) -> Model:
    """A net; what it reads must be among the columns that a model may see."""
    for name in source.net.reads:
        if name not in allowed:
            raise BadInput(
                f"The net reads '{name}', which is none of the columns that a model may see.",
                code="not_a_feature",
                where=f"{product.file.name}: model.inputs",
                value=name,
                next_step=did_you_mean(name, allowed, "features"),
            )
    asked = product.folder, product.task, product.data.images
    if isinstance(source, OnnxSource):
        return graph.named(source, *asked)
    require_torch()
    from roadworthy.models.nets import own

    return own.named(source, *asked)


def handed_model(
    product: Product, schema: pl.Schema, found: Callable[[pl.DataFrame], Any]
) -> Model:
    """A callable that the caller hands in, where product.yaml names nothing to judge.

    Raises:
        BadInput: product.yaml names a model or answers, or it is no callable.
    """
    if (product.model or product.data.score or product.data.prediction) is not None:
        raise BadInput(
            "The file names what to judge, and a model was handed in as well.",
            code="two_models",
            where=str(product.file),
            next_step="Leave `model=` away, or take the other out of the file.",
        )
    if not callable(found):
        raise BadInput(
            f"A {type(found).__name__} was handed in as the model, and it cannot be called.",
            code="not_callable",
            where="model=",
            value=type(found).__name__,
            next_step="Hand in a function: `check(..., model=lambda cases: ...)`.",
        )
    return function.handed_in(found, product.task, feature_columns(product, schema))


def brought_notes(model: Brought) -> tuple[str, ...]:
    """What it saw of the cases, and what nobody here can know."""
    more = f" and {len(model.needs) - SHOWN} more" if len(model.needs) > SHOWN else ""
    shown = map(columns.shown, model.needs[:SHOWN])
    return (
        f"{model.name} was sent the columns {', '.join(shown)}{more}, and no truth. "
        "It was built elsewhere: that it learnt from none of these cases is its builders' word.",
    )


def _refuse_cases(product: Product, files: tuple[Path, ...]) -> None:
    """A command that is handed the table can read the truth in it."""
    for pattern in product.data.cases:
        table = (product.folder / pattern).resolve()
        for path in files:
            if path.resolve() == table or path.resolve().match(str(table)):
                raise BadInput(
                    f"The command names '{path.name}', the table of cases, which holds the truth.",
                    code="truth_in_reach",
                    where=f"{product.file.name}: model",
                    value=path.name,
                    next_step="Leave it out: the command reads its cases on standard input.",
                )
