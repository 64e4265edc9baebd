"""The rungs of networks: a small and a large one for images, and one for columns alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import archive, image_cases, pipelines
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.room import require_torch

# the part that the archive of a compressed net has in the place of weights
GRAPH = "model.onnx"
# small batches, since a few hundred images must make some hundred steps; and patience, since
# held-out images are answered no better for a while before a net has found what it is shown
ON_IMAGES = Plan(epochs=24, batch=16, patience=16, least_steps=300)


@dataclass(frozen=True)
class _Rung:
    """One kind of net; ``size`` is S, M or L."""

    kind: str
    called: str
    rank: int
    why: str
    size: str
    plan: Plan
    reads_images: bool
    by_default: bool
    # batches are drawn as `train: {sampling: }` says (models.sampled)
    draws = True
    # sums of float32 hang on how many cases are added at once
    precision = 1e-5

    def title(self, task: Task) -> str:
        return f"{self.called} ({self.size})"

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
        files, table = image_cases.apart(features) if self.reads_images else ((), features)
        require_torch()
        from roadworthy.models.nets import fitting

        if not files:
            pipelines.learnable(cases, table)
        ids = pl.Series("id", [str(row) for row in range(cases.height)], dtype=pl.String)
        told = guidance or Guidance(ids=ids, units=ids)
        wanted = fitting.Wanted(self.kind, self.size, self.title(task), self.plan)
        return fitting.fit(wanted, cases, truth, task, files, table, seed, weights, told)

    def load(self, artifact: Path) -> Model:
        """Reads a net, or what `roadworthy compress` made of one, which runs without torch."""
        if archive.holds(artifact, GRAPH):
            from roadworthy.models.onnx import model as graphs

            return graphs.load(artifact)
        require_torch()
        from roadworthy.models.nets import model

        return model.load(artifact)


class SmallNet(_Rung):
    """Plain convolutions."""

    def __init__(self, size: str = "S", plan: Plan | None = None) -> None:
        why = "some ten thousand weights for patterns of pixels"
        plan = plan or ON_IMAGES
        super().__init__("cnn", "small convolutional net", 40, why, size, plan, True, True)


class LargeNet(_Rung):
    """Residual blocks."""

    def __init__(self, size: str = "M", plan: Plan | None = None) -> None:
        why = "some hundred thousand weights for patterns of pixels"
        plan = plan or replace(ON_IMAGES, rate=1e-3)
        super().__init__("resnet", "residual net", 50, why, size, plan, True, True)


class Mlp(_Rung):
    """Layers of columns; tried only where ``models:`` names it."""

    def __init__(self, size: str = "M", plan: Plan | None = None) -> None:
        why = "some thousand weights between columns"
        plan = plan or Plan()
        super().__init__("mlp", "multilayer perceptron", 35, why, size, plan, False, False)
