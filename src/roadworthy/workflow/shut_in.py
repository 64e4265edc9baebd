"""Who answers on sealed cases: what cannot carry them away, or else the verdict says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from roadworthy.core.errors import Refused
from roadworthy.core.model import Brought
from roadworthy.core.own_net import OnnxSource, TorchSource
from roadworthy.core.product import PythonSource, UrlSource
from roadworthy.models.command import CommandModel
from roadworthy.models.confined import confinement
from roadworthy.models.scored_table import ScoredTable
from roadworthy.workflow.subject import Judged

STANDS_OPEN = (
    "The sealed cases also stand in the product's own table, so that nobody looked at them is its "
    "team's word. `roadworthy seal --take-out` writes the table without them."
)
UPLOADED = (
    "The answers on the sealed cases were handed in, not computed here: that they are this "
    "product's is its team's word (weaker evidence)."
)


def answering(judged: Judged, stands_open: bool) -> Judged:
    """The subject as it may be asked about sealed cases: a command is shut in.

    ``stands_open``: the cases stand in the product's own table, so nothing is left to carry away.

    Raises:
        Refused: a function or an address, which could keep what it is sent.
    """
    model, source = judged.model, judged.product.model
    code = own_code(model)
    if stands_open or not (code or isinstance(model, Brought)):
        return judged
    if code and judged.product.training.sealed_out:
        return judged
    if code:
        raise Refused(
            f"{code} is code that could carry the sealed cases away, and nothing here could stop "
            "it.",
            code="model_reaches_out",
            where=f"{judged.product.file.name}: train.module",
            value=code,
            next_step="Write `sealed: predictions` beside it: the cases are handed to it, and the "
            "verdict says so.",
        )
    if isinstance(model, CommandModel):
        return replace(judged, model=replace(model, before=confinement().before))
    if isinstance(source, OnnxSource):
        return judged
    if isinstance(source, UrlSource | PythonSource | TorchSource) and source.sealed_out:
        return judged
    raise Refused(
        f"{model.name} could carry the sealed cases away, and nothing here could stop it.",
        code="model_reaches_out",
        where=f"{judged.product.file.name}: model",
        value=model.name,
        next_step="Bring a command, `model: {command: }`, which is shut in, or a net as ONNX, "
        "`model: {onnx: }`, which reaches nothing; or write `sealed: predictions` beside it: the "
        "cases are sent out, and the verdict says so.",
    )


def sealed_notes(judged: Judged, stands_open: bool) -> Iterator[str]:
    """What a reader of the verdict must know of how the sealed cases were answered."""
    model = judged.model
    if isinstance(model, ScoredTable) and judged.product.data.truth is not None:
        yield UPLOADED
    if stands_open:
        yield STANDS_OPEN
    elif isinstance(model, CommandModel):
        yield f"{model.name} was run on the sealed cases {confinement().told}."
    elif isinstance(judged.product.model, OnnxSource):
        yield f"{model.name} answered the sealed cases here, in operators that reach nothing else."
    elif isinstance(model, Brought) or own_code(model):
        yield (
            f"The sealed cases were sent to {model.name}, which could keep them: a later look at "
            "this set proves less (weaker evidence)."
        )


def own_code(model: object) -> str:
    """The code of the team inside of a model that was trained here; nothing: there is none."""
    while model is not None:
        if found := getattr(model, "runs_code", ""):
            return str(found)
        model = getattr(model, "inner", None)
    return ""
