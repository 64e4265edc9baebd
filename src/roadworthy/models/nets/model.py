"""A trained net as a model: images in batches in, answers out; its file holds numbers and words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import nn

from roadworthy.core.marks import ScoreMap
from roadworthy.models import archive
from roadworthy.models.nets import room, states
from roadworthy.models.nets.answering import AnsweringNet, Seen
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.score_maps import no_map, score_maps
from roadworthy.models.nets.training import forward

WEIGHTS = "weights"


@dataclass(frozen=True)
class TrainedNet(AnsweringNet):
    """A net and its card."""

    net: nn.Module
    card: Card
    artifact: Path | None = None
    fingerprint: str = ""

    def outputs(self, batches: Iterator[Seen]) -> Iterator[NDArray[np.floating]]:
        for out in forward(self.net, map(as_batch, batches)):
            yield out.numpy()

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        with room.steady():
            return super().answer(cases)

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """How suspect each place of each image is, in pixels of the image as it was read.

        Of the map that the answer is pooled from: the probability at each place, what is said of
        the whole image included. The image's own answer is never above the highest of them.

        Raises:
            BadInput: the net has no map, or does not tell one thing from all others.
        """
        if not isinstance(self.net, Net):
            raise no_map(self.card)
        return score_maps(self.card, cases, self._logits)

    def _logits(self, seen: Seen) -> NDArray[np.floating]:
        assert isinstance(self.net, Net)
        batch, device = as_batch(seen), next(self.net.parameters()).device
        assert batch.images is not None
        with room.steady(), torch.inference_mode():
            logits = self.net.eval().maps(batch.images.to(device), batch.numbers.to(device))
        found: NDArray[np.floating] = logits[:, :, 0].cpu().numpy()
        return found

    def to_bytes(self) -> bytes:
        """Card and weights."""
        weights = states.to_bytes(states.arrays_of(self.net.state_dict()))
        return archive.pack(self.card.plain(), {WEIGHTS: weights})


def as_batch(seen: Seen) -> Batch:
    """Arrays as tensors."""
    images = None if seen.images is None else torch.from_numpy(seen.images)
    return Batch(images, torch.from_numpy(seen.numbers))


def load(artifact: Path) -> TrainedNet:
    """Reads what ``to_bytes`` gave: JSON and plain arrays.

    Raises:
        BadInput: the file is none.
    """
    said, parts, content = archive.unpack(artifact, [WEIGHTS])
    try:
        card = Card.read(said)
        net: nn.Module = Net(card.shape)
        states.load_into(net, states.from_bytes(parts[WEIGHTS]))
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError) as problem:
        raise archive.unreadable(artifact, problem) from problem
    digest = hashlib.sha256(content).hexdigest()
    return TrainedNet(net.to(room.device()).eval(), card, artifact, digest)
