"""The guard: it turns cases away that lie too far from what the product learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

# the observation tables that a guard brings
FALSE_ALARMS = "guard"
MUST_DETECT = "must_detect"
STRANGENESS = "strangeness"


@dataclass(frozen=True)
class MustDetect:
    """Cases that the guard must turn away, and the share of such cases that it must reach."""

    name: str
    cases: str
    at_least: float


@dataclass(frozen=True)
class Guard:
    """What product.yaml asks of the guard.

    ``features`` are names of columns or patterns such as ``emb_*``; None: the numbers, texts
    and images that the product learns from. ``methods`` are names of ``roadworthy.guards``. Of
    cases in scope it turns away at most the share ``false_alarms_at_most``, at ``confidence``.
    """

    features: tuple[str, ...] | None = None
    methods: tuple[str, ...] = ("knn", "mahalanobis")
    false_alarms_at_most: float = 0.02
    confidence: float = 0.95
    must_detect: tuple[MustDetect, ...] = ()


class GuardMethod(Protocol):
    """One way to say how far a case is. Announced by an entry point in ``roadworthy.guards``.

    Cases arrive as float64 of shape (cases, features), standardised, without missing values. What
    ``fit`` gives is written to a file: plain values, arrays, and estimators of scikit-learn.
    """

    about: str

    def fit(self, reference: Floats, seed: int) -> Mapping[str, Any]:
        """What must be kept of the ``reference`` cases.

        Raises:
            BadInput: these are too few, or nothing can be learnt from them.
        """

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Floats], Floats]:
        """The distances of cases, shape (cases,), from what was kept; more is farther.

        A case's distance hangs on that case alone, not on those beside it.
        """
