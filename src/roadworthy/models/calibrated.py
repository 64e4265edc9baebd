"""A model whose scores are made into probabilities: any rung, with a calibrator behind it.

The calibrator learns from cases of the training split that the model which scored them had not
seen (cross-fitting): the validation cases stay fresh for the choice between rungs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.model import Brought, Model, Uncertain
from roadworthy.core.product import Calibrate, Task
from roadworthy.core.rung import Fitted, Rung
from roadworthy.models import calibrators, uncertainty, weighing
from roadworthy.models.calibrators import Calibrator, Floats

MODEL, CALIBRATOR = "model", "calibrator.skops"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class CalibratedModel:
    """A model with its calibrator; ``artifact`` is the file that holds both."""

    inner: Model
    calibrator: Calibrator
    artifact: Path | None = None
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """The model's own name, and how it was calibrated."""
        return f"{self.inner.name}{said_of(self.calibrator.method)}"

    @property
    def needs(self) -> tuple[str, ...]:
        return self.inner.needs

    @property
    def files(self) -> tuple[Path, ...]:
        return self.inner.files if self.artifact is None else (self.artifact,)

    @property
    def calibrator_fingerprint(self) -> str:
        """A hash of the calibrator alone."""
        return hashlib.sha256(calibrators.to_bytes(self.calibrator)).hexdigest()

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """Calibrated probabilities; what is no score from 0 to 1 is left for the judge to see."""
        return self.through(self.inner.answer(cases))

    def distribution(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Bounds go through the calibrator too, which never turns their order round.

        The mutual information stays that of the members before they were calibrated.
        """
        if not isinstance(self.inner, Uncertain):
            return self.around(self.inner.answer(cases))
        found = self.inner.distribution(cases)
        mapped = [self.through(found[name]) for name in ("score", "low", "high")]
        return uncertainty.of_scores(*mapped).with_columns(found["mutual_information"])

    def around(self, scores: pl.Series) -> pl.DataFrame:
        """The distribution of cases to which the inner model gives one score each."""
        ends = self.calibrator.interval(scores.to_numpy()) or (None, None)
        return uncertainty.of_scores(self.through(scores), *ends)

    def through(self, scores: pl.Series) -> pl.Series:
        """The inner model's scores, calibrated."""
        given = scores.cast(pl.Float64)
        proper = given.is_between(0.0, 1.0).fill_null(False)
        calibrated = pl.Series(self.calibrator(given.filter(proper).to_numpy()), dtype=pl.Float64)
        place = (proper.cum_sum().cast(pl.Int64) - 1).clip(0)
        if calibrated.is_empty():
            return given
        return calibrated.gather(place).zip_with(proper, given)

    def to_bytes(self) -> bytes:
        """The model's own artefact and the calibrator, in one archive without dates."""
        inner: Fitted = self.inner  # type: ignore[assignment]  # fitted here: it can be written
        parts = {MODEL: inner.to_bytes(), CALIBRATOR: calibrators.to_bytes(self.calibrator)}
        found = BytesIO()
        with ZipFile(found, "w") as archive:
            for name, content in parts.items():
                archive.writestr(ZipInfo(name, date_time=_LONG_AGO), content)
        return found.getvalue()


@dataclass(frozen=True)
class CalibratedBrought(CalibratedModel):
    """A model from elsewhere, calibrated here."""

    inner: Brought

    @property
    def notes(self) -> tuple[str, ...]:
        return self.inner.notes

    def why_not(self, table: str) -> str | None:
        """What cannot be collected of the model itself cannot be here."""
        return self.inner.why_not(table)


@dataclass(frozen=True)
class Calibrated:
    """A rung that calibrates what another one fits; ``method`` may be ``auto``."""

    inner: Rung
    method: Calibrate

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
        return f"{self.inner.title(task)}, calibrated"

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
        """The rung fitted to all ``cases``, the calibrator to answers on cases held out.

        ``weights`` are the rung's alone. The calibrator takes every case as one case, so it makes
        chances of scores that weights have moved.
        """
        model = weighing.fit(
            self.inner, cases, truth, task, features, seed, weights, None, guidance
        )
        y = truth.to_numpy()
        calibrators.require_enough(y, "the training split")
        scores = np.empty(len(y))
        for rest, held_out in calibrators.folds(y, seed):
            some = None if weights is None else weights[rest]
            told = None if guidance is None else guidance.of(rest)
            part = weighing.fit(
                self.inner, cases[rest], truth[rest], task, features, seed, some, None, told
            )
            scores[held_out] = part.answer(cases[held_out]).to_numpy()
        # a case that was not answered, such as one without a readable image, teaches nothing
        known = ~np.isnan(scores)
        calibrators.require_enough(y[known], "the training split")
        return CalibratedModel(model, chosen(self.method, scores[known], y[known], seed))

    def load(self, artifact: Path) -> Model:
        """Reads both parts; the inner rung reads its own from a file beside the archive."""
        try:
            content = artifact.read_bytes()
            with ZipFile(BytesIO(content)) as archive:
                inner, calibrator = archive.read(MODEL), archive.read(CALIBRATOR)
            found = calibrators.from_bytes(calibrator)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as problem:
            raise BadInput(
                f"the calibrated model cannot be read: {problem}.",
                code="unreadable_model",
                where=str(artifact),
                next_step="Run `roadworthy train` again.",
            ) from problem
        digest = hashlib.sha256(content).hexdigest()
        return CalibratedModel(self._inner(inner), found, artifact, digest)

    def _inner(self, content: bytes) -> Model:
        with TemporaryDirectory(prefix="roadworthy-") as folder:
            part = Path(folder) / MODEL
            part.write_bytes(content)
            return self.inner.load(part)


def chosen(method: Calibrate, scores: Floats, truth: NDArray[np.bool_], seed: int) -> Calibrator:
    """The calibrator of ``method`` for ``scores`` (cases,); ``auto`` chooses by log loss."""
    if method is Calibrate.AUTO:
        method = calibrators.choose(scores, truth, seed)
    return calibrators.fit(method, scores, truth)


def said_of(method: Calibrate) -> str:
    """How a model's name says that its scores were calibrated."""
    names = {Calibrate.TEMPERATURE: "temperature", Calibrate.VENN_ABERS: "Venn-Abers"}
    known = names.get(method, str(method))
    return "" if method is Calibrate.NONE else f", {known} calibration"
