"""A team's own module as a rung: trained by the same loop as our nets, kept, loaded, exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from roadworthy.core import columns
from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.models import shipped
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.room import require_torch

if TYPE_CHECKING:
    from torch import nn

    from roadworthy.models.nets.shape import Shape


@dataclass(frozen=True)
class OwnModule:
    """``source`` is ``module:function``, found beside product.yaml in ``folder``."""

    source: str
    folder: Path
    plan: Plan = field(default_factory=lambda: Plan(rate=1e-3))
    rank = 60
    why = "whatever a net of the team's own is made of"
    reads_images = True
    by_default = True
    # batches are drawn as `train: {sampling: }` says (models.sampled)
    draws = True
    precision = 1e-5

    def title(self, task: Task) -> str:
        return f"own net {self.source}"

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
        from roadworthy.models.nets import fitting, own_trained

        files = tuple(name for name in features if columns.is_file(name))
        table = tuple(name for name in features if name not in files)
        ids = pl.Series("id", [str(row) for row in range(cases.height)], dtype=pl.String)
        told = guidance or Guidance(ids=ids, units=ids)
        code = self.code()
        wanted = fitting.Wanted("own", "S", self.title(task), self.plan, code)
        trained = fitting.fit(
            wanted, cases, truth, task, files, table, seed, weights, told, self._build
        )
        return own_trained.OwnTrained(trained.net, trained.card, module=self.source, code=code)

    def load(self, artifact: Path) -> Model:
        """Reads weights and card; the code is that of the team, and must not have changed.

        Raises:
            BadInput: the file is none, or the code is not that which was trained.
        """
        require_torch()
        from roadworthy.models.nets import own_trained

        return own_trained.load(artifact, self.source, self.code(), self._build)

    def code(self) -> str:
        """A hash of the file that builds the module."""
        from roadworthy.models.callable import imported

        _, files = imported(self.source, self.folder)
        return shipped.digest(self.source, files, self.folder)

    def _build(self, shape: Shape) -> nn.Module:
        from roadworthy.models.nets.own_trained import Pooled

        return Pooled(self.source, self.folder, shape)
