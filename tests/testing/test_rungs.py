"""The kit lets every built-in rung through, and catches what would mislead whoever trains."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted
from roadworthy.io.registry import rungs
from roadworthy.models.nets import ensemble, mc_dropout
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.rungs import LargeNet, Mlp, SmallNet
from roadworthy.models.nets.unsure_rungs import Laplace, McDropout, NetEnsemble
from roadworthy.testing import check_rung

# as they are, but for the time that they may take
QUICK: dict[str, Any] = {
    "small_net": SmallNet,
    "large_net": LargeNet,
    "mlp": Mlp,
    "laplace": Laplace,
    "mc_dropout": McDropout,
    "net_ensemble": NetEnsemble,
}
# what they share with the cheaper of their kind is checked there
ONE_TASK = ("large_net", "image_boosting", "laplace", "mc_dropout", "net_ensemble")


@pytest.mark.parametrize("name", sorted(rungs()))
def test_every_installed_rung_keeps_the_promises(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble, "MEMBERS", 2)
    monkeypatch.setattr(mc_dropout, "PASSES", 3)
    found = rungs()[name]
    tasks = [Task.BINARY] if name in ONE_TASK else list(Task)
    check_rung(
        QUICK[name]("S", Plan(epochs=2, least_steps=0)) if name in QUICK else found, tasks=tasks
    )


@dataclass(frozen=True)
class Line:
    """The size, pressed between 0 and 1 around a middle; a gap is in the middle."""

    middle: float
    needs: tuple[str, ...] = ("size",)
    name: str = "a line"
    files: tuple[Path, ...] = ()
    fingerprint: str = ""

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        size = cases["size"].cast(pl.Float64).fill_nan(None).fill_null(self.middle).to_numpy()
        return pl.Series(1.0 / (1.0 + np.exp(self.middle - size)))

    def to_bytes(self) -> bytes:
        return f"line {self.middle!r}".encode()


class Sound:
    """A sound rung to be broken below, for binary tasks."""

    rank, why = 5, "one number"
    model: type[Line] = Line

    def title(self, task: Task) -> str:
        return "line"

    def fit(
        self,
        cases: pl.DataFrame,
        truth: pl.Series,
        task: Task,
        features: tuple[str, ...],
        seed: int,
    ) -> Fitted:
        if cases["size"].null_count() == cases.height:
            raise BadInput("size is empty.", code="empty", next_step="Fill it in.")
        mean = cases["size"].mean()
        assert isinstance(mean, float)
        return self.model(mean + len(features))

    def load(self, artifact: Path) -> Model:
        content = artifact.read_bytes()
        word, _, middle = content.decode(errors="replace").partition(" ")
        try:
            if word != "line" or len(middle) < 16:
                raise ValueError(word)
            found = self.model(float(middle))
        except ValueError as problem:
            raise BadInput("no line.", code="unreadable", next_step="Train again.") from problem
        return replace(found, files=(artifact,), fingerprint=sha256(content).hexdigest())


def test_a_sound_rung_passes() -> None:
    check_rung(Sound(), tasks=[Task.BINARY])


class Unranked(Sound):
    rank: Any = 5.5


class SaysNothing(Sound):
    why = " "


class Salted(Sound):
    def fit(self, *given: Any) -> Fitted:
        return self.model(float(np.random.default_rng().random()))


class Peeks(Sound):
    def fit(self, cases: pl.DataFrame, *given: Any) -> Fitted:
        found = super().fit(cases, *given)
        return self.model(0.123456789012345678) if "unnamed" in cases.columns else found


class LooksAround(Sound):
    @dataclass(frozen=True)
    class model(Line):  # noqa: N801
        def answer(self, cases: pl.DataFrame) -> pl.Series:
            return super().answer(cases) * (1.0 / max(cases.height, 1))


class TakesTheFirstColumn(Sound):
    @dataclass(frozen=True)
    class model(Line):  # noqa: N801
        def answer(self, cases: pl.DataFrame) -> pl.Series:
            first = cases[cases.columns[0]]
            return super().answer(cases.with_columns(size=first.cast(pl.Float64, strict=False)))


class SaysNaN(Sound):
    @dataclass(frozen=True)
    class model(Line):  # noqa: N801
        def answer(self, cases: pl.DataFrame) -> pl.Series:
            return super().answer(cases).replace(pl.Series([0.5]), float("nan")) * 2.0


class StumblesOverGaps(Sound):
    @dataclass(frozen=True)
    class model(Line):  # noqa: N801
        def answer(self, cases: pl.DataFrame) -> pl.Series:
            if cases.height and cases["shape"].null_count() == cases.height:
                raise ValueError("shape is empty")
            return super().answer(cases)


class Crashes(Sound):
    def fit(self, cases: pl.DataFrame, *given: Any) -> Fitted:
        if cases["size"].null_count() == cases.height:
            raise ZeroDivisionError
        return super().fit(cases, *given)


class Forgets(Sound):
    def load(self, artifact: Path) -> Model:
        found = super().load(artifact)
        assert isinstance(found, Line)
        return replace(found, middle=found.middle + 0.1)


class HasNoFingerprint(Sound):
    def load(self, artifact: Path) -> Model:
        found = super().load(artifact)
        assert isinstance(found, Line)
        return replace(found, fingerprint="the same for all")


class TakesAnything(Sound):
    def load(self, artifact: Path) -> Model:
        try:
            return super().load(artifact)
        except BadInput:
            return Line(0.0, files=(artifact,))


class TrustsPickles(Sound):
    def load(self, artifact: Path) -> Model:
        try:
            return super().load(artifact)
        except BadInput:
            content = artifact.read_bytes()
            if content.startswith(b"\x80"):
                pickle.loads(content)
            raise


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (Unranked, "rank must be a whole number"),
        (SaysNothing, "why is empty"),
        (Salted, "other bytes every time"),
        (Peeks, "none of its features"),
        (LooksAround, "a case alone is answered otherwise"),
        (TakesTheFirstColumn, "order of the columns|raised"),
        (SaysNaN, "answers"),
        (StumblesOverGaps, "every case must be answered"),
        (Crashes, "raised ZeroDivisionError"),
        (Forgets, "answers otherwise"),
        (HasNoFingerprint, "another fingerprint"),
        (TakesAnything, "takes an empty file for a model"),
        (TrustsPickles, "executed what stood in a pickle"),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(broken: type[Sound], told: str) -> None:
    with pytest.raises(AssertionError, match=told) as caught:
        check_rung(broken(), tasks=[Task.BINARY])
    assert broken.__name__ in str(caught.value)
