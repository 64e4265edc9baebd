"""The heirs of a net as they would be shipped: with a calibrator of their own, read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.compression import PARENT, Metered, NotMade
from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Progress
from roadworthy.core.product import Calibrate, Product
from roadworthy.models import calibrators, metering
from roadworthy.models.calibrated import CalibratedModel, chosen
from roadworthy.models.nets import answering
from roadworthy.workflow.guiding import guidance_of
from roadworthy.workflow.kept_rungs import Training
from roadworthy.workflow.parent import Parent
from roadworthy.workflow.points import Made
from roadworthy.workflow.source import truth_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from roadworthy.core.rung import Fitted
    from roadworthy.models.compression import Point
    from roadworthy.models.nets.relearning import Classroom
    from roadworthy.models.onnx.model import OnnxNet

# nets are timed on so many validation cases, in turn
SAMPLED = 16


@dataclass
class Making:
    """Makes the parent and its heirs into points."""

    product: Product
    of: Parent
    training: Training
    validation: pl.DataFrame
    folder: Path
    progress: Progress | None
    tell: Callable[[str], None]
    reduce_range: bool = False
    notes: tuple[str, ...] = ()

    def parent(self) -> Made:
        """The parent itself, as torch runs it."""
        how = "as `roadworthy train` kept it, run by torch"
        return Made(
            PARENT,
            self.of.net.card.name,
            how,
            self.of.artifact,
            self.of.model,
            lambda: self._metered(self.of.net.to_bytes()),
        )

    def heirs(self) -> tuple[list[Made], tuple[NotMade, ...]]:
        """Every heir that could be made, and why the others are not there."""
        from roadworthy.models import compression

        compression.require_everything()
        self.reduce_range, told = compression.range_for_this_cpu()
        self.notes = (f"{told[:1].upper()}{told[1:]}.",)
        room = self._classroom()
        heirs = compression.Heirs(room, self.reduce_range, self.tell)
        found, missing = [], []
        for one in heirs.made():
            if isinstance(one, compression.Missing):
                missing.append(NotMade(one.name, one.title, one.why))
            else:
                found.append(self._shipped(one, room.unfitted))
        return found, tuple(missing)

    def _classroom(self) -> Classroom:
        from roadworthy.models.nets.relearning import Classroom

        cases = self.training.cases
        weights = cases[columns.WEIGHT] if columns.WEIGHT in cases.columns else None
        guidance = guidance_of(self.product, cases, self.progress)
        truth = truth_of(cases, self.product.task)
        return Classroom.of(self.of.net, cases, truth, weights, guidance, self.training.seed)

    def _shipped(self, one: Point, unfitted: pl.DataFrame) -> Made:
        """The point with its own calibrator, written and read back."""
        model: Fitted = one.net
        if self.product.decision.calibrate is not Calibrate.NONE:
            model = self._calibrated(one.net, unfitted)
        artifact, file = model.to_bytes(), self.folder / one.name
        file.write_bytes(artifact)
        graph = one.net.to_bytes()
        loaded = self.of.rung.load(file)
        return Made(one.name, one.title, one.how, artifact, loaded, lambda: self._metered(graph))

    def _calibrated(self, net: OnnxNet, unfitted: pl.DataFrame) -> CalibratedModel:
        """On training cases that no weight was fitted on: the heir has a scale of its own."""
        truth = truth_of(unfitted, self.product.task).to_numpy()
        try:
            calibrators.require_enough(truth, "the training split")
        except BadInput:
            unfitted = self.training.cases
            truth = truth_of(unfitted, self.product.task).to_numpy()
        scores = net.answer(unfitted).to_numpy()
        known = ~np.isnan(scores)
        calibrators.require_enough(truth[known], "the training split")
        method, seed = self.product.decision.calibrate, self.training.seed
        return CalibratedModel(net, chosen(method, scores[known], truth[known], seed))

    def _metered(self, artifact: bytes) -> Metered:
        inside = self.validation.filter(columns.INSIDE).head(SAMPLED)
        seen = list(answering.batches(self.of.net.card, inside, []))
        if not seen:
            raise BadInput(
                "none of the first validation cases has images that can be read, so nothing can "
                "be timed.",
                code="no_readable_image",
                where="the validation split",
                value=inside.height,
                next_step="Run `roadworthy images` to see what is wrong with each file.",
            )
        asked = metering.Asked(threads=self.product.compress.threads)
        return metering.metered(artifact, seen[0].images, seen[0].numbers, asked)
