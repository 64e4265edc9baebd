"""A rung that sees some cases more often than others, as product.yaml says.

Nets draw their batches so (``draws``). To every other kind of model a case that is seen three times
as often is one that weighs three times as much: that is what drawing comes to in expectation, and
without the noise of a draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Model
from roadworthy.core.product import Draw, Sampling, Task
from roadworthy.core.rung import APART, Fitted, Rung
from roadworthy.models import weighing


@dataclass(frozen=True)
class Sampled:
    """The rung ``inner`` under one sampling; ``alone``: no other sampling is tried beside it."""

    inner: Rung
    rule: Sampling
    alone: bool = True

    @property
    def rank(self) -> int:
        return self.inner.rank

    @property
    def why(self) -> str:
        return self.inner.why

    @property
    def by_default(self) -> bool:
        return bool(getattr(self.inner, "by_default", True))

    @property
    def reads_images(self) -> bool:
        return bool(getattr(self.inner, "reads_images", False))

    @property
    def reads_table(self) -> bool:
        return bool(getattr(self.inner, "reads_table", True))

    @property
    def draws(self) -> bool:
        """Whether it draws its cases itself, epoch by epoch."""
        return bool(getattr(self.inner, "draws", False))

    @property
    def repeats(self) -> bool:
        """Whether it would fit the very model of another sampling: rules of epochs need epochs."""
        return not self.alone and self.rule.for_nets and not self.draws

    def title(self, task: Task) -> str:
        title = self.inner.title(task)
        return title if self.alone else f"{title}, {self.rule}"

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
        """As the rung fits; what it is told of sampling is this rule alone."""
        told = guidance
        if guidance is not None:
            rules = replace(guidance.training, samplings=(self.rule,))
            told = replace(guidance, training=rules)
        if not self.draws:
            weights = self._weights(truth, weights, guidance)
        return weighing.fit(self.inner, cases, truth, task, features, seed, weights, None, told)

    def load(self, artifact: Path) -> Model:
        return self.inner.load(artifact)

    def _weights(
        self, truth: pl.Series, weights: pl.Series | None, guidance: Guidance | None
    ) -> pl.Series | None:
        if self.rule.for_nets or self.rule.draw is Draw.NATURAL:
            return weights
        given = {} if guidance is None else guidance.shares
        found = shares(self.rule, truth, given)
        if weights is not None:
            found = found * weights.to_numpy()
        return pl.Series(found / found.mean())


def shares(
    rule: Sampling, truth: pl.Series, given: Mapping[Sampling, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """How often each case is seen, against one another, shape (cases,).

    >>> truth = pl.Series([True, False, False, False])
    >>> shares(Sampling(Draw.OVERSAMPLE, 3), truth, {}).tolist()
    [3.0, 1.0, 1.0, 1.0]
    >>> shares(Sampling(Draw.BALANCED), truth, {}).round(2).tolist()
    [1.0, 0.33, 0.33, 0.33]
    """
    if rule in given:
        return given[rule]
    classes = truth.cast(pl.String)
    counts = classes.to_frame("c").select(pl.len().over("c")).to_series().to_numpy()
    if rule.draw is Draw.BALANCED:
        found: NDArray[np.float64] = 1.0 / counts
        return found
    if rule.draw is Draw.OVERSAMPLE:
        return np.where(counts == counts.min(), float(rule.times), 1.0)
    return np.ones(truth.len())


class SampledRungs(Mapping[str, Rung]):
    """The rungs of ``inner`` under every sampling: the first by its name, others as name+rule."""

    def __init__(self, inner: Mapping[str, Rung], rules: tuple[Sampling, ...]) -> None:
        self._inner, self._rules = inner, {rule.slug: rule for rule in rules}
        self._first = next(iter(self._rules))

    def __getitem__(self, name: str) -> Rung:
        inner, _, slug = name.partition(APART)
        rule = self._rules[slug or self._first]
        return Sampled(self._inner[inner], rule, alone=len(self._rules) == 1)

    def __iter__(self) -> Iterator[str]:
        for name in self._inner:
            for slug in self._rules:
                yield name if slug == self._first else f"{name}{APART}{slug}"

    def __len__(self) -> int:
        return len(self._inner) * len(self._rules)

    def __contains__(self, name: object) -> bool:
        inner, _, slug = str(name).partition(APART)
        return inner in self._inner and (not slug or slug in self._rules)
