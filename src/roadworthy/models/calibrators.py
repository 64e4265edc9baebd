"""From a score to a probability: scikit-learn's calibrators, fitted to scores of a frozen model.

A calibrator is fitted to scores that were given to cases the model did not learn from; which one
is chosen by a proper score, on such cases alone.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Calibrate
from roadworthy.models.reproducible import reproducible

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV

Floats = NDArray[np.float64]

# from the stiffest to the most flexible: of equally good ones the first is taken
METHODS = (Calibrate.NONE, Calibrate.TEMPERATURE, Calibrate.SIGMOID, Calibrate.ISOTONIC)
FOLDS = 5
LEAST = 2 * FOLDS
_MOST_LOGIT = 36.0
# scikit-learn's own parts of a calibrated classifier, plain numbers all of them
TRUSTED = (
    "roadworthy.models.frozen_score.FrozenScore",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
)


class Calibrator(Protocol):
    """One fitted calibrator; ``method`` is never ``auto``."""

    @property
    def method(self) -> Calibrate:
        """How it calibrates."""

    def __call__(self, scores: ArrayLike) -> Floats:
        """Probabilities of the positive class, shape (cases,), never falling in the score."""

    def interval(self, scores: ArrayLike) -> tuple[Floats, Floats] | None:
        """Two probabilities that enclose each answer; None: this method has no such thing."""

    def parts(self) -> dict[str, Any]:
        """What makes it, for skops."""


class Fitted:
    """A calibrator of scikit-learn; without one the scores are left as they are."""

    def __init__(self, method: Calibrate, fitted: CalibratedClassifierCV | None) -> None:
        self.method = method
        self._fitted = fitted

    def __call__(self, scores: ArrayLike) -> Floats:
        """Probabilities of the positive class, shape (cases,), never falling in the score."""
        given = np.asarray(scores, dtype=np.float64)
        if self._fitted is None or not given.size:
            return given
        found: Floats = self._fitted.predict_proba(logit(given)[:, None])[:, 1]
        return np.clip(found, 0.0, 1.0)

    def interval(self, scores: ArrayLike) -> tuple[Floats, Floats] | None:
        """One probability, and no interval around it."""
        return None

    def parts(self) -> dict[str, Any]:
        """The fitted classifier."""
        return {"fitted": self._fitted}


class VennAbers:
    """Two isotonic fits, one for each truth that the new case may have (Vovk et al. 2015)."""

    method = Calibrate.VENN_ABERS

    def __init__(self, scores: Floats, truth: NDArray[np.bool_]) -> None:
        self._scores, self._truth = scores, truth
        self._fitted = _library().VennAbers()
        with warnings.catch_warnings():
            # the slope beyond the last point is no number, and the package asks for it all the same
            warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
            with np.errstate(invalid="ignore", divide="ignore"):
                self._fitted.fit(_pairs(scores), truth.astype(int))

    def __call__(self, scores: ArrayLike) -> Floats:
        """p1 / (1 - p0 + p1): the minimax answer for the log loss."""
        given = np.asarray(scores, dtype=np.float64)
        if not given.size:
            return given
        found: Floats = self._fitted.predict_proba(_pairs(given))[0][:, 1]
        return np.clip(found, 0.0, 1.0)

    def interval(self, scores: ArrayLike) -> tuple[Floats, Floats] | None:
        """p0 and p1 of every case: one of the two is calibrated, nobody knows which."""
        given = np.asarray(scores, dtype=np.float64)
        if not given.size:
            return given, given
        ends = self._fitted.predict_proba(_pairs(given))[1]
        return ends.min(axis=1), ends.max(axis=1)

    def parts(self) -> dict[str, Any]:
        """The scores and the truth that it compares with."""
        return {"scores": self._scores, "truth": self._truth}


def to_bytes(calibrator: Calibrator) -> bytes:
    """A calibrator as a skops file; the same bytes for the same cases."""
    from skops.io import dumps

    return reproducible(dumps({"method": str(calibrator.method), **calibrator.parts()}))


def from_bytes(content: bytes) -> Calibrator:
    """Reads what ``to_bytes`` gave.

    Raises:
        ValueError: it holds types that are not trusted.
        BadInput: its method is not installed.
    """
    from skops.io import get_untrusted_types, loads

    unknown = sorted(set(get_untrusted_types(data=content)) - set(TRUSTED))
    if unknown:
        raise ValueError(f"it holds types that are not trusted: {', '.join(unknown)}")
    found = loads(content, trusted=list(TRUSTED))
    method = Calibrate(found["method"])
    if method is Calibrate.VENN_ABERS:
        return VennAbers(found["scores"], found["truth"])
    return Fitted(method, found["fitted"])


def fit(method: Calibrate, scores: ArrayLike, truth: ArrayLike) -> Calibrator:
    """The calibrator ``method`` of ``scores`` (cases,), given ``truth`` (cases,) of booleans.

    ``temperature`` divides the log-odds by one number (Guo et al. 2017), ``sigmoid`` scales and
    shifts them (Platt 1999), ``isotonic`` is any rising step function (Zadrozny & Elkan 2002).
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from roadworthy.models.frozen_score import FrozenScore

    s, y = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=bool)
    if method is Calibrate.NONE:
        return Fitted(method, None)
    if method is Calibrate.VENN_ABERS:
        return VennAbers(s, y)
    x = logit(s)[:, None]
    model: Any = FrozenEstimator(FrozenScore().fit(x, y))
    found = CalibratedClassifierCV(model, method=str(method), ensemble=False)
    return Fitted(method, found.fit(x, y))


def choose(scores: ArrayLike, truth: ArrayLike, seed: int) -> Calibrate:
    """The stiffest method whose cross-fitted log loss is within a standard error of the best.

    Log loss is a strictly proper score (Gneiting & Raftery 2007); the standard error is that of
    the paired differences, case by case (the one-standard-error rule, Breiman et al. 1984).
    Probabilities are held 1/(2n) away from 0 and 1: n cases justify no more certainty than that.
    Where scores part the classes, a temperature and steps would tell certainty (a chance of 1e-90,
    or 0); the sigmoid's targets, which the number of cases holds off 0 and 1, do not (Platt 1999).
    """
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=bool)
    parted = s[~y].max(initial=-np.inf) < s[y].min(initial=np.inf)
    methods = (Calibrate.NONE, Calibrate.SIGMOID) if parted else METHODS
    losses = np.stack([_losses(method, s, y, seed) for method in methods])
    worse = losses - losses[np.argmin(losses.mean(axis=1))]
    near = worse.mean(axis=1) <= worse.std(axis=1) / np.sqrt(len(s))
    return methods[int(np.argmax(near))]


def require_enough(truth: ArrayLike, where: str) -> None:
    """Refuses to calibrate on a handful of cases of one kind.

    Raises:
        BadInput: fewer than ten positives, or negatives.
    """
    y = np.asarray(truth, dtype=bool)
    for count, kind in ((int(y.sum()), "positives"), (int((~y).sum()), "negatives")):
        if count < LEAST:
            raise BadInput(
                f"there are {count} {kind} to calibrate on, and it takes {LEAST}.",
                code="too_few_to_calibrate",
                where=where,
                value=count,
                next_step="Add cases, or write `decision: {calibrate: none}`.",
            )


def folds(truth: ArrayLike, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to fit on and rows to answer, five times, every fold with its share of positives."""
    from sklearn.model_selection import StratifiedKFold

    y = np.asarray(truth, dtype=bool)
    parting = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return list(parting.split(np.zeros(len(y)), y))


def logit(scores: Floats) -> Floats:
    """Log-odds, shape (cases,); scores of 0 and 1 become very large, not infinite."""
    with np.errstate(divide="ignore"):
        found: Floats = np.log(scores) - np.log1p(-scores)
    return np.clip(found, -_MOST_LOGIT, _MOST_LOGIT)


def _losses(method: Calibrate, scores: Floats, truth: NDArray[np.bool_], seed: int) -> Floats:
    """The log loss of every case, answered by a calibrator that had not seen it."""
    said = np.empty_like(scores)
    for rest, held_out in folds(truth, seed):
        said[held_out] = fit(method, scores[rest], truth[rest])(scores[held_out])
    edge = 1.0 / (2 * len(scores))
    said = np.clip(said, edge, 1.0 - edge)
    return np.asarray(-np.where(truth, np.log(said), np.log1p(-said)), dtype=np.float64)


def _pairs(scores: Floats) -> Floats:
    return np.column_stack([1.0 - scores, scores])


def _library() -> Any:
    try:
        import venn_abers
    except ImportError as missing:
        raise BadInput(
            "Venn-Abers calibration needs a package that is not installed.",
            code="not_installed",
            where="decision.calibrate",
            value="venn_abers",
            next_step="Run `pip install 'roadworthy[venn]'`, or write `calibrate: auto`.",
        ) from missing
    return venn_abers
