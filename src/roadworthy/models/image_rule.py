"""The rungs below nets: a table model on hand-made numbers of images and columns beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.images import Images, Pooling
from roadworthy.core.marks import ScoreMap
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, WeighingRung
from roadworthy.io.images import Picture
from roadworthy.models import archive, hand_made, image_cases
from roadworthy.models.boosting import Boosting
from roadworthy.models.logistic import Logistic
from roadworthy.models.pipelines import TrainedPipeline
from roadworthy.models.places import Places, places

INNER = "model.skops"


@dataclass(frozen=True)
class HandMade:
    """A table model behind numbers that are measured on images."""

    inner: TrainedPipeline
    images: tuple[str, ...]
    rule: Pooling
    artifact: Path | None = None
    fingerprint: str = ""

    @property
    def name(self) -> str:
        return f"{self.inner.name} on image measures"

    @property
    def needs(self) -> tuple[str, ...]:
        own = (name for name in self.inner.needs if name not in hand_made.NAMES)
        return (*own, *self.images)

    @property
    def files(self) -> tuple[Path, ...]:
        return () if self.artifact is None else (self.artifact,)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """As the table model answers; null where an image cannot be read."""
        seen, readable = with_numbers(cases, self.images, self.rule)
        answers = self.inner.answer(seen.filter(readable))
        return image_cases.scattered(answers, readable, self.inner.card.task)

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """How suspect each place would make its image, by ``models.places``.

        Raises:
            BadInput: the product tells more than two classes apart, or a number.
        """
        if self.inner.card.task is not Task.BINARY:
            raise BadInput(
                f"{self.name} answers by {self.inner.card.task}, and marks are of what is suspect.",
                code="no_marks",
                where="marks",
                value=str(self.inner.card.task),
                next_step="Write a binary product, or name a table of marks.",
            )
        shown = image_cases.each(cases, self.images, _places, lambda: None)
        for row, found in zip(cases.iter_slices(1), shown, strict=True):
            yield None if found is None else tuple(self._map(row, one) for one in found)

    def _map(self, case: pl.DataFrame, found: Places | None) -> ScoreMap:
        if found is None:
            return image_cases.NOWHERE
        rows, columns, measures = found.measures.shape
        flat = pl.DataFrame(
            found.measures.reshape(-1, measures), schema=list(hand_made.NAMES), orient="row"
        )
        # columns beside the images are the case's own at every place
        beside = (name for name in self.inner.needs if name not in hand_made.NAMES)
        flat = flat.with_columns(pl.lit(case[name][0]).alias(name) for name in beside)
        scores = self.inner.answer(flat).to_numpy().reshape(rows, columns)
        middle = (found.side - 1) / 2
        return ScoreMap(scores.astype(np.float32), middle, middle, found.side, found.side)

    def to_bytes(self) -> bytes:
        """The table model, and which images it is behind."""
        card = {"images": list(self.images), **self.rule.plain()}
        return archive.pack(card, {INNER: self.inner.to_bytes()})


def _places(picture: Picture) -> Places | None:
    return places(picture)


@dataclass(frozen=True)
class _OnMeasures:
    """A rung of tables, offered measures of images."""

    inner: WeighingRung
    rank: int
    why: str
    reads_images = True

    def title(self, task: Task) -> str:
        return f"{self.inner.title(task)} on image measures"

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
        weights: pl.Series | None = None,
        guidance: Guidance | None = None,
    ) -> Fitted:
        """Cases with an image that cannot be read teach nothing."""
        images, table = image_cases.apart(features)
        rule = (Images(()) if guidance is None else guidance.images).pooling(images)
        seen, readable = with_numbers(cases, images, rule)
        if not readable.any():
            raise image_cases.none_readable(cases.height)
        some = None if weights is None else weights.filter(readable)
        inner = self.inner.fit(
            seen.filter(readable),
            truth.filter(readable),
            task,
            (*table, *hand_made.NAMES),
            seed,
            some,
        )
        assert isinstance(inner, TrainedPipeline)
        return HandMade(inner, images, rule)

    def load(self, artifact: Path) -> Model:
        card, parts, content = archive.unpack(artifact, [INNER])
        try:
            images = tuple(map(str, card["images"]))
            rule = Pooling.read(card, len(images))
        except (KeyError, TypeError, ValueError) as problem:
            raise archive.unreadable(artifact, problem) from problem
        with TemporaryDirectory(prefix="roadworthy-") as folder:
            part = Path(folder) / INNER
            part.write_bytes(parts[INNER])
            inner = self.inner.load(part)
        assert isinstance(inner, TrainedPipeline)
        whole = hashlib.sha256(content).hexdigest()
        return HandMade(replace(inner, artifact=None), images, rule, artifact, whole)


class ImageRule(_OnMeasures):
    """Straight lines through sharpness and brightness."""

    def __init__(self) -> None:
        super().__init__(Logistic(), 12, "one weight for each of 21 measures of an image")


class ImageBoosting(_OnMeasures):
    """Small trees on sharpness and brightness."""

    def __init__(self) -> None:
        super().__init__(Boosting(), 22, "a hundred small trees on 21 measures of an image")


def with_numbers(
    cases: pl.DataFrame, images: tuple[str, ...], rule: Pooling
) -> tuple[pl.DataFrame, pl.Series]:
    """The cases with every measure as a column, and whether their images can be read."""
    found = np.full((cases.height, len(hand_made.NAMES)), np.nan)
    absent = np.empty(0)
    seen = image_cases.each(cases, images, hand_made.measured, lambda: absent)
    for row, measures in enumerate(seen):
        there = [None if one is absent else one for one in measures or ()]
        if any(one is not None for one in there):
            found[row] = rule.of(there)
    numbers = pl.DataFrame(found, schema=list(hand_made.NAMES), orient="row")
    readable = pl.Series(~np.isnan(found).any(axis=1), dtype=pl.Boolean)
    return cases.hstack(numbers), readable
