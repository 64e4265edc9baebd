"""A fitted guard: several distances, one score, one threshold, one file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.io.registry import guards
from roadworthy.models.guard_features import Encoding, encoding
from roadworthy.models.reproducible import reproducible
from roadworthy.stats.false_alarms import Threshold, threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.core.guard import Floats
    from roadworthy.core.model import Model

# of every five training cases one tells how far reference cases are from the other four
_SCALED_BY = 5
_MOST_SCALES = 5_000
# the last digits of a distance hang on how many cases are asked about at once
_DIGITS = 6
TRUSTED = ("numpy.dtype",)


@dataclass(frozen=True)
class Measure:
    """One method as it was fitted, and the distances of in-scope cases that it had not seen."""

    name: str
    fitted: Mapping[str, Any]
    scale: Floats

    @cached_property
    def _distances(self) -> Callable[[Floats], Floats]:
        return guards()[self.name].ready(self.fitted)

    def surprise(self, cases: Floats) -> Floats:
        """How surprising distances are, shape (cases,): it never falls as a distance grows.

        Up to the farthest of the scale, the share of the scale that is nearer (one minus the
        conformal p-value); beyond, 1 and more, by how much farther.
        """
        found = np.round(self._distances(cases), _DIGITS)
        nearer = np.searchsorted(self.scale, found, side="left") / (len(self.scale) + 1)
        farthest = float(self.scale[-1])
        beyond = np.maximum(found - farthest, 0.0) / (farthest or 1.0)
        return np.asarray(nearer + beyond, dtype=np.float64)


@dataclass(frozen=True)
class Card:
    """What belongs to a guard beside its numbers.

    ``said`` is a hash of what product.yaml asked for, ``model`` the fingerprint of the model that
    it stands before, ``reference`` how many cases it knows. The last three are of its threshold.
    """

    said: str
    reference: int
    model: str = ""
    at: float = 0.0
    spent: int = 0
    n: int = 0


@dataclass(frozen=True)
class FittedGuard:
    """Turns away cases whose largest surprise over all methods lies above a threshold."""

    encoding: Encoding
    measures: tuple[Measure, ...]
    card: Card
    artifact: Path | None = field(default=None, compare=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.encoding.needs

    @property
    def threshold(self) -> Threshold:
        """Above which score it turns away, and from how many cases that was taken."""
        return Threshold(self.card.at, self.card.spent, self.card.n)

    def scores(self, cases: pl.DataFrame) -> Floats:
        """How unfamiliar cases are, shape (cases,); the maximum over the methods.

        0 where an image cannot be read: the guard does not know, and the model has no answer.
        """
        encoded, found = self.encoding.of(cases), np.zeros(cases.height)
        known = _readable(encoded)
        if known.any():
            found[known] = np.max([m.surprise(encoded[known]) for m in self.measures], axis=0)
        return found

    def turned_away(self, cases: pl.DataFrame) -> pl.Series:
        """Which cases it turns away."""
        if cases.height == 0:
            return pl.Series(columns.UNFAMILIAR, [], dtype=pl.Boolean)
        return pl.Series(columns.UNFAMILIAR, self.scores(cases) > self.card.at)

    def set_on(self, scores: Sequence[float], at_most: float, alpha: float) -> FittedGuard:
        """The same guard with the threshold that independent in-scope ``scores`` allow."""
        found = threshold(scores, at_most, alpha)
        return replace(self, card=replace(self.card, at=found.at, spent=found.spent, n=found.n))

    def before(self, model: str) -> FittedGuard:
        """The same guard, for the model with this fingerprint."""
        return replace(self, card=replace(self.card, model=model))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that its answers depend on."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Everything in one skops file; the same bytes for the same guard."""
        from skops.io import dumps

        measures = [
            {"name": one.name, "fitted": dict(one.fitted), "scale": one.scale}
            for one in self.measures
        ]
        told = {"encoding": self.encoding.plain(), "measures": measures, "card": asdict(self.card)}
        return reproducible(dumps(told))


def fit_guard(
    cases: pl.DataFrame,
    features: tuple[str, ...],
    methods: tuple[str, ...],
    said: str,
    seed: int,
    texts: Mapping[str, str | None] | None = None,
) -> FittedGuard:
    """A guard without a threshold, from training cases in scope.

    Four of five are the reference; the distances of the others put the methods on one scale, so
    that no case is near itself. Which is which hangs on ``seed`` alone.

    Raises:
        BadInput: there are too few cases, or the features tell nothing.
    """
    known = encoding(cases, features, texts, seed)
    encoded = known.of(cases)
    encoded = encoded[_readable(encoded)]
    order = np.random.default_rng(seed).permutation(len(encoded))
    cut = min(max(len(encoded) // _SCALED_BY, 1), _MOST_SCALES)
    scale, reference = encoded[np.sort(order[:cut])], encoded[np.sort(order[cut:])]
    measures = []
    for name in methods:
        fitted = guards()[name].fit(reference, seed)
        found = np.round(guards()[name].ready(fitted)(scale), _DIGITS)
        measures.append(Measure(name, fitted, np.sort(found)))
    return FittedGuard(known, tuple(measures), Card(said, len(reference)))


def _readable(encoded: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(encoded).any(axis=1), dtype=np.bool_)


def load_guard(artifact: Path) -> FittedGuard:
    """Reads what ``to_bytes`` gave; a file with types that skops does not trust is refused.

    Raises:
        BadInput: the file is not such a guard, or is not safe to read.
    """
    from skops.io import get_untrusted_types, loads

    try:
        content = artifact.read_bytes()
        unknown = sorted(set(get_untrusted_types(data=content)) - set(TRUSTED))
        if unknown:
            raise _unreadable(artifact, f"it holds types that are not trusted: {unknown}")
        told = loads(content, trusted=list(TRUSTED))
        return FittedGuard(
            Encoding.read(told["encoding"]),
            tuple(Measure(**one) for one in told["measures"]),
            Card(**told["card"]),
            artifact,
        )
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as problem:
        raise _unreadable(artifact, str(problem)) from problem


def _unreadable(artifact: Path, why: str) -> BadInput:
    return BadInput(
        f"the guard cannot be read: {why}.",
        code="unreadable_guard",
        where=str(artifact),
        next_step="Run `roadworthy train` again.",
    )


@dataclass(frozen=True)
class Guarded:
    """A model with its guard before it, as it is shipped, weighed and timed."""

    model: Model
    guard: FittedGuard

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def fingerprint(self) -> str:
        both = f"{self.model.fingerprint}\0{self.guard.fingerprint}"
        return hashlib.sha256(both.encode()).hexdigest()

    @property
    def files(self) -> tuple[Path, ...]:
        own = () if self.guard.artifact is None else (self.guard.artifact,)
        return (*self.model.files, *own)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.model.needs, *self.guard.needs)))

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """The model's answers; the guard has looked at the cases too."""
        self.guard.turned_away(cases)
        return self.model.answer(cases)
