"""A net that answers through ONNX Runtime: the same card, the same answers, and no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.marks import ScoreMap
from roadworthy.models import archive
from roadworthy.models.nets.answering import AnsweringNet, Seen
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.score_maps import no_map, score_maps
from roadworthy.models.onnx.session import Session, opened

GRAPH = "model.onnx"
OUT, MAPS = "out", "maps"


@dataclass(frozen=True)
class OnnxNet(AnsweringNet):
    """The card of a net, and its graph (`roadworthy.models.nets.export.to_onnx`)."""

    card: Card
    graph: bytes
    threads: int = 1
    artifact: Path | None = None
    fingerprint: str = ""

    @cached_property
    def session(self) -> Session:
        """Opened when it is first asked."""
        return opened(self.graph, self.threads)

    def run(
        self, images: NDArray[np.float32] | None, numbers: NDArray[np.float32] | None
    ) -> NDArray[Any]:
        """Logits or values, shape (cases, outputs).

        ``images`` (cases, images a case, channels, height, width) and ``numbers`` (cases, columns);
        what the graph does not read is left aside.
        """
        return self._ask(images, numbers, OUT)

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """As the net that it was made from says where; of its own arithmetic.

        Raises:
            BadInput: its graph gives no map.
        """
        if MAPS not in {port.name for port in self.session.outputs}:
            raise no_map(self.card)
        return score_maps(self.card, cases, lambda one: self._ask(one.images, one.numbers, MAPS))

    def _ask(
        self, images: NDArray[np.float32] | None, numbers: NDArray[np.float32] | None, output: str
    ) -> NDArray[Any]:
        given = {"images": images, "numbers": numbers}
        arrays = {port.name: given[port.name] for port in self.session.inputs}
        return self.session.run(arrays, output)[0]  # type: ignore[arg-type]

    def outputs(self, batches: Iterator[Seen]) -> Iterator[NDArray[np.floating]]:
        for seen in batches:
            yield self.run(seen.images, seen.numbers)

    def to_bytes(self) -> bytes:
        """Card and graph."""
        return archive.pack(self.card.plain(), {GRAPH: self.graph})


def load(artifact: Path, threads: int = 1) -> OnnxNet:
    """Reads what ``to_bytes`` gave.

    Raises:
        BadInput: the file is none, or its graph is not that of its card.
    """
    said, parts, content = archive.unpack(artifact, [GRAPH])
    try:
        card = Card.read(said)
    except (ValueError, KeyError, TypeError) as problem:
        raise archive.unreadable(artifact, problem) from problem
    digest = hashlib.sha256(content).hexdigest()
    found = OnnxNet(card, parts[GRAPH], threads, artifact, digest)
    wanted = {"images"} if card.images else set()
    wanted |= {"numbers"} if card.shape.columns or not card.images else set()
    has = {port.name for port in found.session.inputs}
    gives = {port.name for port in found.session.outputs}
    if has != wanted or OUT not in gives or gives - {OUT, MAPS}:
        differs = f"its graph reads {sorted(has)}, and its card says {sorted(wanted)}"
        raise archive.unreadable(artifact, differs)
    return found
