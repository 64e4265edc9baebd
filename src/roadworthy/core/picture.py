"""What the dossier draws and tells beside the verdicts, counted on the very cases that were judged.

Nothing here decides anything: verdicts do. Bounds are one-sided at ``Pictures.confidence`` each,
as those of the verdicts are; None stands where no bound holds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """``k`` of ``n`` cases, and between which shares the truth lies."""

    k: int
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Mistakes:
    """How somebody's yes and no came out; ``name`` is empty for the product.

    ``missed`` counts among positives, ``alarms`` among negatives, the two ``_of_all`` and
    ``referred`` among all cases in scope. A case that goes to a person is nobody's mistake here.
    """

    name: str
    missed: Share
    alarms: Share
    missed_of_all: Share
    alarms_of_all: Share
    referred: Share | None = None


@dataclass(frozen=True)
class Wrong:
    """How many of all cases somebody put into the wrong class."""

    name: str
    of_all: Share


@dataclass(frozen=True)
class Span:
    """A value that was seen, and between which the true one lies."""

    seen: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Errors:
    """How far somebody's values are off, in the unit of the truth: the half and nine in ten."""

    name: str
    n: int
    half: Span
    nine_in_ten: Span


@dataclass(frozen=True)
class Roc:
    """Every trade between found positives and false alarms that the score offers.

    ``alarms`` and ``found`` are shares of negatives and of positives, from the highest threshold to
    the lowest. With the stated confidence the whole true curve lies within ``alarms_off`` and
    ``found_off`` of the one seen (None: no band holds). ``at_alarms`` and ``at_found`` are those of
    the threshold, as if no case were referred.
    """

    alarms: tuple[float, ...]
    found: tuple[float, ...]
    positives: int
    negatives: int
    at_alarms: Share
    at_found: Share
    alarms_off: float | None = None
    found_off: float | None = None


@dataclass(frozen=True)
class Froc:
    """Every trade between found lesions and false marks that the marks' scores offer.

    ``false_marks`` are those per image, ``found`` is the share of lesions, from the highest
    threshold to the lowest. ``at_found`` and ``at_false`` are those at ``threshold``.
    """

    false_marks: tuple[float, ...]
    found: tuple[float, ...]
    images: int
    threshold: float
    at_found: Share
    at_false: Span


@dataclass(frozen=True)
class Reliability:
    """What scores promise and what happened: groups of about equally many cases, by score.

    All have one entry a group. With the stated confidence the true shares of all groups together
    lie within ``low`` and ``high`` (empty: no bounds hold).
    """

    score: tuple[float, ...]
    n: tuple[int, ...]
    hits: tuple[int, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Price:
    """What a case costs on average when somebody decides."""

    name: str
    cost: Span


@dataclass(frozen=True)
class CostCurve:
    """What a case would cost on average at other thresholds, in the declared unit.

    ``low`` and ``high`` hold at one threshold that was fixed beforehand (empty: no bounds hold).
    ``now`` is the threshold as judged, ``others`` are people who read every case.
    """

    threshold: tuple[float, ...]
    cost: tuple[float, ...]
    now: Span
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    others: tuple[Price, ...] = ()


@dataclass(frozen=True)
class Pictures:
    """Everything that was counted; what does not fit the product is empty.

    ``confidence`` is that of each bound and of each band. ``threshold`` is the one that was judged.
    ``without`` says why a picture (``roc``, ``reliability``, ``costs``, ``froc``) is not there, and
    why ``bounds`` or a ``band`` are not.
    """

    confidence: float
    threshold: float | None = None
    mistakes: tuple[Mistakes, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    errors: tuple[Errors, ...] = ()
    roc: Roc | None = None
    reliability: Reliability | None = None
    costs: CostCurve | None = None
    froc: Froc | None = None
    without: tuple[tuple[str, str], ...] = ()

    def why_not(self, what: str) -> str:
        """Why something is not there; empty when there is nothing to say."""
        return dict(self.without).get(what, "")
