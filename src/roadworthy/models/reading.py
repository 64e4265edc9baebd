"""A rung that reads text: any rung that can, told which of its features are text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, Rung
from roadworthy.models import weighing


@dataclass(frozen=True)
class Reading:
    """``texts`` are columns with the name of their embedding; None: the rung's own choice."""

    inner: Rung
    texts: Mapping[str, str | None]

    @property
    def rank(self) -> int:
        return self.inner.rank

    @property
    def why(self) -> str:
        return self.inner.why

    @property
    def by_default(self) -> bool:
        """As the rung itself has it."""
        return bool(getattr(self.inner, "by_default", True))

    @property
    def reads_images(self) -> bool:
        """As the rung itself has it."""
        return bool(getattr(self.inner, "reads_images", False))

    @property
    def reads_table(self) -> bool:
        """As the rung itself has it."""
        return bool(getattr(self.inner, "reads_table", True))

    def title(self, task: Task) -> str:
        return self.inner.title(task)

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
        """The rung fitted to features of which some are text.

        Raises:
            BadInput: this kind of model reads no text, or cannot be fitted.
        """
        here = {name: how for name, how in self.texts.items() if name in features}
        return weighing.fit(self.inner, cases, truth, task, features, seed, weights, here, guidance)

    def load(self, artifact: Path) -> Model:
        return self.inner.load(artifact)
