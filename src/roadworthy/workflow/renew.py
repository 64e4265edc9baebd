"""renew: did the models fall from the old test set to a fresh one, by how much, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product
from roadworthy.core.renewal import (
    Attribution,
    Held,
    ModelDrop,
    Renewed,
    Right,
    Share,
    Span,
)
from roadworthy.core.verdict import Judgement
from roadworthy.io import telling
from roadworthy.stats import attribution, standardised
from roadworthy.stats.multiplicity import holm_adjusted
from roadworthy.stats.standardised import Drop, Mix, Sample
from roadworthy.workflow.both_sets import BothSets, read_both
from roadworthy.workflow.check import check
from roadworthy.workflow.load import Given, as_product, since_loaded

LOOKED_AT = (
    "Both sets have been looked at now, with numbers: neither can be sealed. Seal cases that are "
    "labelled after this, or draw them first: `roadworthy renew --from-production`."
)


def renew(
    product: Given,
    old: object,
    fresh: object,
    models: Sequence[str] = (),
    untouched: Sequence[str] = (),
    tolerated: float = 0.02,
    right: Right = Right.ACCURACY,
    thresholds: Mapping[str, float] | None = None,
    by: Sequence[str] | None = None,
) -> Renewed:
    """Compares an old and a fresh set for every model that answered on both.

    ``old`` and ``fresh`` are paths or frames with the product's truth and one column a model:
    calls, classes or scores. ``untouched`` are those among ``models`` that were never tuned on the
    old set. A drop of at most ``tolerated`` (0.02 is 2 points) is none worth the name.

    Raises:
        BadInput: the tables cannot be compared; see ``read_both``.
        Refused: a table holds sealed cases.
    """
    product = as_product(product)
    named = answering(product, models, untouched)
    require_tolerated(tolerated)
    both = read_both(product, old, fresh, named, right, thresholds or {}, by)
    asked = _Asked(both, _mix(both), tolerated, 1.0 - product.confidence.level)
    drops = asked.drops(untouched)
    again, why_not = _again(product, fresh)
    return Renewed(
        product=product.name,
        old_set=both.old.name,
        fresh_set=both.fresh.name,
        old_cases=both.old.cases,
        fresh_cases=both.fresh.cases,
        right=right,
        tolerated=tolerated,
        confidence=product.confidence.level,
        by=both.by,
        models=drops,
        mix=_shares(asked),
        attribution=_attribution(asked, drops),
        requirements=again,
        not_rechecked=why_not,
        notes=(*both.notes, *_notes(asked), *since_loaded(product), LOOKED_AT),
    )


def require_tolerated(tolerated: float) -> None:
    """Returns when ``tolerated`` is a share below 1.

    Raises:
        BadInput: it is none.
    """
    if not 0.0 <= tolerated < 1.0:
        raise BadInput(
            f"a drop of {tolerated:g} cannot be tolerated: it is no share below 1.",
            code="usage",
            where="--tolerated",
            value=tolerated,
            next_step="Write 2 points as 0.02.",
        )


def answering(product: Product, models: Sequence[str], untouched: Sequence[str]) -> tuple[str, ...]:
    """The columns with the models' answers: those named, or the product's own.

    Raises:
        BadInput: there are none, or an untouched one is not among them.
    """
    own = product.data.score or product.data.prediction
    named = tuple(dict.fromkeys(models or ([own] if own else [])))
    if not named:
        raise BadInput(
            "nothing says which columns hold the models' answers.",
            code="no_models",
            where="--models",
            next_step="Name them: `--models ai_v1,ai_v2`.",
        )
    strange = [name for name in untouched if name not in named]
    if strange:
        raise BadInput(
            f"{strange[0]!r} is said to be untouched, and is none of the models.",
            code="unknown_model",
            where="--untouched",
            value=strange[0],
            next_step=f"Add it to `--models`, or name some of {', '.join(named)}.",
        )
    return named


def _mix(both: BothSets) -> Mix:
    count = len(both.strata)
    return standardised.mix(
        np.bincount(both.old.stratum, minlength=count),
        np.bincount(both.fresh.stratum, minlength=count),
    )


@dataclass(frozen=True)
class _Asked:
    """Both sets, how the old one is re-weighted, and what a verdict must keep to."""

    both: BothSets
    mix: Mix
    tolerated: float
    alpha: float

    def drops(self, untouched: Sequence[str]) -> tuple[ModelDrop, ...]:
        """Every model's drop; several are several chances to be wrong, so Holm, side by side."""
        found = [self.measured(place) for place in range(len(self.both.models))]
        some = [one for one in found if isinstance(one, Drop)]
        dropped = iter(holm_adjusted([one.p_dropped for one in some]) if some else ())
        holds = iter(holm_adjusted([one.p_holds for one in some]) if some else ())
        return tuple(
            self._told(place, name in untouched, one, next(dropped), next(holds))
            if isinstance(one, Drop)
            else self._not_measured(place, name in untouched, one)
            for place, (name, one) in enumerate(zip(self.both.models, found, strict=True))
        )

    def measured(self, place: int) -> Drop | str:
        """The drop of a model at the fresh set's mix, or why there is none."""
        try:
            return self.drop(place, self.tolerated)
        except standardised.TooFewUnitsError as problem:
            return f"not measured: {problem}; gather more units"

    def drop(self, place: int, tolerated: float) -> Drop:
        """The drop of a model at the fresh set's mix, against any tolerance."""
        return standardised.drop(*self._samples(place), self.mix, tolerated, self.alpha)

    def _samples(self, place: int) -> tuple[Sample, Sample]:
        old, fresh = self.both.old, self.both.fresh
        return (
            Sample(old.right[place], old.stratum, old.unit),
            Sample(fresh.right[place], fresh.stratum, fresh.unit),
        )

    def _crude(self, place: int) -> Span:
        found = standardised.crude(*self._samples(place), self.alpha)
        return Span(found.estimate, found.low, found.high)

    def _told(
        self, place: int, untouched: bool, found: Drop, p_dropped: float, p_holds: float
    ) -> ModelDrop:
        old, fresh = self._rates(place)
        outcome, reason = self._outcome(found, float(p_dropped), float(p_holds))
        return ModelDrop(
            model=self.both.models[place],
            untouched=untouched,
            old=old,
            fresh=fresh,
            at_fresh_mix=None if self.mix.gap >= 1.0 else found.old,
            crude=self._crude(place),
            reweighted=None if self.mix.gap >= 1.0 else Span(found.estimate, found.low, found.high),
            p_dropped=float(p_dropped),
            p_holds=float(p_holds),
            outcome=outcome,
            reason=reason,
        )

    def _not_measured(self, place: int, untouched: bool, why: str) -> ModelDrop:
        old, fresh = self._rates(place)
        nothing = (None, None, None, None, None)
        name = self.both.models[place]
        return ModelDrop(name, untouched, old, fresh, *nothing, Held.INCONCLUSIVE, why)

    def _rates(self, place: int) -> tuple[float, float]:
        old, fresh = self.both.old.right[place], self.both.fresh.right[place]
        return float(old.mean()), float(fresh.mean())

    def _outcome(self, found: Drop, p_dropped: float, p_holds: float) -> tuple[Held, str]:
        most = telling.exact(self.tolerated)
        if p_dropped <= self.alpha:
            return Held.DROPPED, f"by more than {most} (p {telling.p_value(p_dropped)})"
        if p_holds <= self.alpha:
            return Held.HOLDS, f"not by more than {most} (p {telling.p_value(p_holds)})"
        return Held.INCONCLUSIVE, self._undecided(found, most)

    def _undecided(self, found: Drop, most: str) -> str:
        if self.mix.gap >= 1.0:
            return "no fresh case has enough old ones like it, so there is nothing to compare with"
        told = f"too few cases to tell whether it fell by more than {most}"
        if not found.low <= self.tolerated <= found.high:
            # several models, and whole counts, ask for more than an interval for display does
            told = f"the interval leaves out {most}, and the exact test over all models does not"
        if self.mix.gap > 0:
            told += f"; {self.mix.gap:.1%} of the fresh cases have no old ones like them"
        return f"{told}; `roadworthy renew --plan` says how many labels would"


def _shares(asked: _Asked) -> tuple[Share, ...]:
    both, count = asked.both, len(asked.both.strata)
    old = np.bincount(both.old.stratum, minlength=count) / both.old.cases
    fresh = np.bincount(both.fresh.stratum, minlength=count) / both.fresh.cases
    return tuple(
        Share(name, float(old[i]), float(fresh[i]), bool(asked.mix.strange[i]))
        for i, name in enumerate(both.strata)
    )


def _attribution(asked: _Asked, drops: Sequence[ModelDrop]) -> Attribution:
    """What the drops are consistent with; unknown wherever anything is lacking."""
    tuned = np.array([not one.untouched for one in drops])
    if len(drops) < attribution.FEWEST_MODELS:
        return _unknown(f"it takes {attribution.FEWEST_MODELS} models to tell causes apart")
    if tuned.all():
        return _unknown("no model is said to be never tuned on the old set (`--untouched`)")
    if any(one.reweighted is None for one in drops):
        return _unknown("the drops themselves could not be measured")
    at_all = [asked.drop(place, 0.0).p_dropped for place in range(len(drops))]
    fell = holm_adjusted(at_all) <= asked.alpha
    if not fell.any():
        return _unknown("no model was shown to drop at all, so nothing needs a cause")
    slope = _slope(asked, tuned) if tuned.any() else None
    apart = [p for p, mine in zip(at_all, tuned, strict=True) if not mine]
    cause = attribution.cause(slope, bool(fell[tuned].any()), apart, asked.alpha)
    told = _why(cause, slope, min(apart) * len(apart) <= asked.alpha, asked.alpha)
    if slope is None:
        return Attribution(cause.value, told)
    return Attribution(cause.value, told, slope.estimate, slope.low, slope.high)


def _unknown(why: str) -> Attribution:
    return Attribution(attribution.Cause.UNKNOWN.value, why)


def _slope(asked: _Asked, tuned: NDArray[np.bool_]) -> attribution.Slope:
    both, mix = asked.both, asked.mix
    old = attribution.estimates(both.old.right, mix.weight[both.old.stratum], both.old.unit)
    covered = (~mix.strange)[both.fresh.stratum].astype(np.float64)
    fresh = attribution.estimates(both.fresh.right, covered, both.fresh.unit)
    return attribution.slope(old, fresh, tuned, asked.alpha)


def _why(
    cause: attribution.Cause, slope: attribution.Slope | None, harder: bool, alpha: float
) -> str:
    narrowed = slope is not None and slope.p_narrowed <= alpha
    if cause is attribution.Cause.OVERUSE:
        return (
            "the models tuned on the old set lost of their lead over the untouched, which were "
            "not shown to drop; a change of the world that hits only the tuned ones would look "
            "the same"
        )
    if cause is attribution.Cause.HARDER:
        return (
            "models that were never tuned on the old set dropped too, and the tuned ones were not "
            "shown to drop more; some over-use beside it cannot be ruled out"
        )
    if harder and narrowed:
        return (
            "the untouched models dropped, and the tuned ones dropped more: a harder set and "
            "over-use would both look like this"
        )
    return "neither did the untouched models clearly drop, nor did the tuned ones clearly lose lead"


def _again(product: Product, fresh: object) -> tuple[Judgement | None, str]:
    """The requirements on the fresh set alone, for the subject that product.yaml names."""
    try:
        return check(product, on=_handed(fresh)), ""
    except Refused:
        raise
    except BadInput as problem:
        return None, str(problem)


def _handed(table: object) -> object:
    return Path(table) if isinstance(table, str) else table


def _notes(asked: _Asked) -> list[str]:
    found = []
    if asked.both.old.unit is not None or asked.both.fresh.unit is not None:
        found.append("Cases of one unit may be alike: sets count as their effective sizes.")
    if 0 < asked.mix.gap < 1:
        found.append(
            f"{asked.mix.gap:.1%} of the fresh cases are of kinds with too few old ones to stand "
            "for them: the drop is that of the others, and HOLDS assumes that every old case of "
            "those kinds would have been right."
        )
    return found
