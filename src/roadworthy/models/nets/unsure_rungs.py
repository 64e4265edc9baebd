"""The rungs of nets that tell how unsure they are; tried only where ``models:`` names them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import pipelines
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.room import require_torch
from roadworthy.models.nets.rungs import ON_IMAGES


@dataclass(frozen=True)
class _Rung:
    """Nets of plain convolutions where there are images, else of layers of columns.

    ``kind`` is the name of the rung; ``size`` is S, M or L; ``plan`` None: the one of such nets.
    """

    kind: str
    called: str
    rank: int
    why: str
    size: str
    plan: Plan | None
    reads_images = True
    by_default = False
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
        require_torch()
        from roadworthy.models.nets import fitting, unsure

        files = tuple(name for name in features if columns.is_file(name))
        table = tuple(name for name in features if name not in files)
        if not files:
            pipelines.learnable(cases, table)
        ids = pl.Series("id", [str(row) for row in range(cases.height)], dtype=pl.String)
        told = guidance or Guidance(ids=ids, units=ids)
        kind = "cnn" if files else "mlp"
        plan = self.plan or (ON_IMAGES if files else Plan())
        wanted = fitting.Wanted(kind, self.size, self.title(task), plan)
        asked = unsure.Asked(wanted, cases, truth, task, files, table, seed, weights, told)
        return unsure.FITS[self.kind](asked)

    def load(self, artifact: Path) -> Model:
        require_torch()
        from roadworthy.models.nets import unsure

        return unsure.LOADS[self.kind].load(artifact)


class Laplace(_Rung):
    """A Gaussian around the last layer of one net."""

    def __init__(self, size: str = "S", plan: Plan | None = None) -> None:
        why = "one net, and a matrix around its last layer"
        called = "net with a Laplace posterior"
        super().__init__("laplace", called, 41, why, size, plan)


class McDropout(_Rung):
    """One net that is asked with dropout on."""

    def __init__(self, size: str = "S", plan: Plan | None = None) -> None:
        why = "one net, asked thirty times"
        called = "net with Monte Carlo dropout"
        super().__init__("mc_dropout", called, 45, why, size, plan)


class NetEnsemble(_Rung):
    """Nets of five seeds."""

    def __init__(self, size: str = "S", plan: Plan | None = None) -> None:
        why = "five nets, trained and asked"
        called = "deep ensemble"
        super().__init__("net_ensemble", called, 60, why, size, plan)
