"""What is the same of all models that ask several nets, or one net in several ways.

Their answers are averaged after the softmax, and the mean is then recalibrated by one temperature.
"""

from __future__ import annotations

import copy
import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.core.product import Task
from roadworthy.models import archive, image_cases, tempering, uncertainty
from roadworthy.models.nets import room, states
from roadworthy.models.nets.answering import AnsweringNet, Seen, batches
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.model import WEIGHTS, as_batch
from roadworthy.models.nets.training import forward

FORMAT = 1
# the middle part of the members that an interval encloses
SHARE = 0.9
_SMALLEST = 1e-30
_TOLD = ("score", "low", "high", "entropy", "mutual_information")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Averaged(AnsweringNet):
    """Nets whose answers are averaged; ``card`` is that of each of them.

    ``temperature`` divides the logarithms of the mean probabilities; 1 leaves them.
    """

    nets: tuple[nn.Module, ...]
    card: Card
    temperature: float = 1.0
    artifact: Path | None = None
    fingerprint: str = ""
    kind: ClassVar[str]

    def members(self, batch: Batch) -> Floats:
        """What each member says, shape (members, cases, classes); values (members, cases, 1)."""
        outs = [next(forward(net, iter([batch]))).double() for net in self.nets]
        return torch.stack([self.said(out) for out in outs]).numpy()

    def mean(self, batch: Batch) -> Floats:
        """What they say together, before it is recalibrated, shape (cases, classes)."""
        return self.both(batch)[0]

    def both(self, batch: Batch) -> tuple[Floats, Floats]:
        """The mean and the members."""
        found = self.members(batch)
        return found.mean(axis=0), found

    def said(self, out: Tensor) -> Tensor:
        """Probabilities of all classes from a net's outputs; values as they are."""
        if self.card.task is Task.REGRESSION:
            return out
        # a binary net's one logit z is the pair (0, z)
        pair = torch.cat([torch.zeros_like(out), out], dim=-1) if out.shape[-1] == 1 else out
        return pair.softmax(dim=-1)

    def outputs(self, batches: Iterator[Seen]) -> Iterator[NDArray[np.floating]]:
        """The logarithm of the mean, over the temperature: logits of what is answered; values."""
        for batch in map(as_batch, batches):
            mean = self.mean(batch)
            if self.card.task is Task.REGRESSION:
                yield mean
            else:
                yield np.log(np.maximum(mean, _SMALLEST)) / self.temperature

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        with room.steady():
            return super().answer(cases)

    def distribution(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Mean, interval, entropy and disagreement; of values no entropy is known.

        Bounds are recalibrated as the mean is; the mutual information is that of the members.
        """
        readable: list[bool] = []
        found: list[pl.DataFrame] = []
        with room.steady():
            for batch in each(self.card, cases, readable):
                found.append(self._spread(*self.both(batch)))
        rows = pl.Series(readable, dtype=pl.Boolean)
        told = pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(_TOLD, pl.Float64))
        # of floats, whatever the task is
        kind = Task.REGRESSION
        return told.select(_TOLD)[:0].vstack(
            pl.DataFrame([image_cases.scattered(told[n], rows, kind).alias(n) for n in _TOLD])
        )

    def chances(self, cases: pl.DataFrame) -> Floats:
        """The recalibrated mean, shape (readable cases, classes)."""
        with room.steady():
            found = [self.mean(batch) for batch in each(self.card, cases, [])]
        return tempering.tempered(np.concatenate(found), self.temperature)

    def features(self, cases: pl.DataFrame) -> pl.DataFrame:
        """What the last layers see: columns ``emb_0`` ..., for a guard; null where nothing is read.

        Where a last layer looks at several places or images it is their mean, and their largest.
        """
        readable: list[bool] = []
        found = [np.empty((0, 0))]
        with room.steady():
            for batch in each(self.card, cases, readable):
                found.append(np.concatenate([seen_last(net, batch) for net in self.nets], axis=1))
        rows = pl.Series(readable, dtype=pl.Boolean)
        seen = np.concatenate(found[1:]) if found[1:] else found[0]
        return pl.DataFrame(
            [
                image_cases.scattered(pl.Series(one), rows, Task.REGRESSION).alias(f"emb_{at}")
                for at, one in enumerate(seen.T)
            ]
        )

    def recalibrated(self, cases: pl.DataFrame, truth: NDArray[np.int64]) -> Self:
        """The same, as sure as it should be on ``cases`` that no member learnt from.

        ``truth`` are numbers of classes, of the readable cases.
        """
        if self.card.task is Task.REGRESSION or not len(truth):
            return self
        found = tempering.best(replace(self, temperature=1.0).chances(cases), truth)
        return replace(self, temperature=found)

    def to_bytes(self) -> bytes:
        """Card and weights: JSON and plain arrays."""
        said = {
            "format": FORMAT,
            "kind": self.kind,
            "temperature": self.temperature,
            "net": self.card.plain(),
        }
        return archive.pack(said, {WEIGHTS: states.to_bytes(self.arrays())})

    @abstractmethod
    def arrays(self) -> states.Arrays:
        """All that is no word, by names of its own."""

    @classmethod
    @abstractmethod
    def built(cls, card: Card, arrays: Mapping[str, NDArray[Any]], **said: Any) -> Self:
        """What ``arrays`` gave.

        Raises:
            ValueError, KeyError: it is none.
        """

    @classmethod
    def load(cls, artifact: Path) -> Self:
        """Reads what ``to_bytes`` gave.

        Raises:
            BadInput: the file is none.
        """
        said, parts, content = archive.unpack(artifact, [WEIGHTS])
        try:
            if (said["format"], said["kind"]) != (FORMAT, cls.kind):
                raise ValueError(f"it is a {said['kind']} of format {said['format']}")
            temperature = float(said["temperature"])
            if not 0.0 < temperature < np.inf:
                raise ValueError(f"its temperature is {temperature}")
            digest = hashlib.sha256(content).hexdigest()
            return cls.built(
                Card.read(said["net"]),
                states.from_bytes(parts[WEIGHTS]),
                temperature=temperature,
                artifact=artifact,
                fingerprint=digest,
            )
        except (ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError) as problem:
            raise archive.unreadable(artifact, problem) from problem

    def _spread(self, mean: Floats, members: Floats) -> pl.DataFrame:
        if self.card.task is Task.REGRESSION:
            given = members[:, :, 0] * self.card.scale + self.card.middle
            value = mean[:, 0] * self.card.scale + self.card.middle
            return uncertainty.around(value, given, SHARE)
        sharper = [tempering.tempered(one, self.temperature) for one in (mean, members)]
        at = 1 if self.card.task is Task.BINARY else None
        told = uncertainty.of_classes(sharper[0], sharper[1], at, SHARE)
        shared = uncertainty.class_mutual_information(members)
        return told.with_columns(mutual_information=pl.Series(shared))


def each(card: Card, cases: pl.DataFrame, readable: list[bool]) -> Iterator[Batch]:
    """The cases as tensors; notes in ``readable`` which of them are handed on."""
    return map(as_batch, batches(card, cases, readable))


def net_of(card: Card, arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
    """One net with its weights, ready to be asked."""
    net: nn.Module = Net(card.shape)
    states.load_into(net, arrays)
    return net.to(room.device()).eval()


def last(net: nn.Module) -> nn.Linear | nn.Conv2d:
    """The layer whose outputs are the net's, but for pooling."""
    found = [one for one in net.modules() if isinstance(one, nn.Linear | nn.Conv2d)][-1]
    if found.bias is None or (isinstance(found, nn.Conv2d) and found.kernel_size != (1, 1)):
        raise ValueError("the last layer is neither linear nor a convolution of single pixels")
    return found


def seen_last(net: nn.Module, batch: Batch) -> Floats:
    """What the last layer is given, shape (cases, features)."""
    asked, seen = sharing(net), list[Tensor]()
    last(asked).register_forward_hook(lambda _, given, __: seen.append(given[0]))
    out = next(forward(asked, iter([batch])))
    given = seen[0].double().cpu()
    # places and images of a case side by side
    many = given.reshape(len(out), -1, *given.shape[1:]).transpose(1, 2).flatten(2)
    if many.shape[2] == 1:
        return many[:, :, 0].numpy()
    return torch.cat([many.mean(dim=2), many.amax(dim=2)], dim=1).numpy()


def sharing(net: nn.Module) -> nn.Module:
    """A net of its own whose weights and running means are the very same tensors."""
    same = {id(one): one for one in (*net.parameters(), *net.buffers())}
    return copy.deepcopy(net, dict(same))


def prefixed(arrays: Mapping[str, NDArray[Any]], prefix: str) -> states.Arrays:
    """Those whose names begin with ``prefix``, without it."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
