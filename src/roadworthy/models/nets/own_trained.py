"""A team's own module after training: every image of a case answered, the answers pooled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.models import archive
from roadworthy.models.nets import room, states
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.model import WEIGHTS, TrainedNet
from roadworthy.models.nets.own_module import Sizes, built, called
from roadworthy.models.nets.pooling import pooled
from roadworthy.models.nets.shape import Shape

_MODULE, _CODE = "module", "code"


class Pooled(nn.Module):
    """The team's module, asked once an image: ``forward(images=, numbers=)``, those that there are.

    It is handed images (batch, channels, height, width) and numbers (batch, columns), both
    standardised, and gives logits or values (batch, outputs).
    """

    def __init__(self, source: str, folder: Path, shape: Shape) -> None:
        super().__init__()
        self.source, self.shape = source, shape
        sizes = Sizes(shape.channels, shape.height, shape.width, shape.columns, shape.outputs)
        self.inner, _ = built(source, folder, sizes)

    def forward(self, images: Tensor | None, numbers: Tensor) -> Tensor:
        """The answers, shape (cases, outputs)."""
        if images is None:
            return self._asked({"numbers": numbers}, numbers.shape[0])
        cases, each = images.shape[:2]
        given = {"images": images.flatten(0, 1)}
        if self.shape.columns:
            given["numbers"] = numbers.repeat_interleave(each, dim=0)
        answers: Tensor = self._asked(given, cases * each).unflatten(0, (cases, each))
        return pooled(answers, images, self.shape)

    def _asked(self, given: dict[str, Tensor], rows: int) -> Tensor:
        out = called(self.inner, self.source, given)
        wanted = self.shape.outputs
        if out.ndim != 2 or out.shape[1] != wanted or out.shape[0] != rows:
            raise BadInput(
                f"Its forward gave the shape {tuple(out.shape)} for {rows} images or rows, and "
                f"({rows}, {wanted}) is wanted.",
                code="own_module",
                where=self.source,
                value=str(tuple(out.shape)),
                next_step="Return one row of logits each; the function that builds the module is "
                "handed `outputs`, how many.",
            )
        return out


@dataclass(frozen=True)
class OwnTrained(TrainedNet):
    """The trained net, and which code of the team it is."""

    module: str = ""
    code: str = ""

    @property
    def runs_code(self) -> str:
        """Whose code runs when it answers: it could keep what it sees."""
        return self.module

    def to_bytes(self) -> bytes:
        """Card and weights; of the code, the name and a hash."""
        weights = states.to_bytes(states.arrays_of(self.net.state_dict()))
        said = {**self.card.plain(), _MODULE: self.module, _CODE: self.code}
        return archive.pack(said, {WEIGHTS: weights})


def load(artifact: Path, module: str, code: str, build: Callable[[Shape], nn.Module]) -> OwnTrained:
    """Reads what ``to_bytes`` gave, with the code as it is now.

    Raises:
        BadInput: the file is none, or was trained with other code.
    """
    said, parts, content = archive.unpack(artifact, [WEIGHTS])
    if (said.get(_MODULE), said.get(_CODE)) != (module, code):
        raise BadInput(
            f"The code of {module} is not that which was trained: it was changed since.",
            code="stale_model",
            where=module,
            value=module,
            next_step="Run `roadworthy train` again.",
        )
    try:
        card = Card.read(said)
        net = build(card.shape)
        states.load_into(net, states.from_bytes(parts[WEIGHTS]))
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError) as problem:
        raise archive.unreadable(artifact, problem) from problem
    digest = hashlib.sha256(content).hexdigest()
    return OwnTrained(net.to(room.device()).eval(), card, artifact, digest, module, code)
