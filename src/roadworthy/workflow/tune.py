"""Chooses the threshold on validation data: where the hardest requirement has most room, or cost is
least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Model
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product
from roadworthy.core.requirement import Tier
from roadworthy.core.study import OpenStudy
from roadworthy.stats import cost_thresholds
from roadworthy.workflow.cheapest import cheapest
from roadworthy.workflow.measure import evidence
from roadworthy.workflow.subject import Judged

CANDIDATES = 25


@dataclass(frozen=True)
class Tuned:
    """The chosen policy, and among how many it was chosen."""

    policy: Policy
    candidates: int


def choose_threshold(
    product: Product, model: Model, cases: pl.DataFrame, instruments: Mapping[str, Instrument]
) -> Tuned:
    """With ``threshold: cost`` the cheapest; otherwise the one with the most room, as follows.

    The candidate whose largest ``p_pass`` over the critical requirements is smallest.

    Candidates are at most 25 scores, evenly spaced by rank, of the in-scope validation ``cases``.
    The p-values put requirements of different kinds on one scale; slices are left out, being
    small, and cases are taken as they are. The choice is a selection: judging on the same cases
    must divide alpha by their number.
    """
    if product.decision.threshold == "cost":
        scores = Judged(product, model, None).answers(cases)
        assert scores is not None
        cut = cheapest(product, cases, scores)
        band = (
            cut.refer_between if product.decision.cheapest_band else product.decision.refer_between
        )
        return Tuned(Policy(cut.threshold, band), cut.candidates)
    answers = Judged(product, model, None).answers(cases)
    assert answers is not None
    thresholds = _candidates(answers.filter(cases[columns.INSIDE]))
    whole = _whole_set_only(product, instruments)
    between = product.decision.refer_between
    ranked = []
    for threshold in thresholds:
        policy = Policy(float(threshold), between)
        judged = Judged(whole, model, policy)
        study = OpenStudy(judged.subject, "validation", {"cases": judged.prepared(cases, answers)})
        found = evidence(whole, study, instruments)
        p = [one.p_pass if isinstance(one, Measured) else 1.0 for one in found]
        ranked.append(((max(p), sum(p), abs(float(threshold) - 0.5)), policy))
    return Tuned(min(ranked, key=lambda pair: pair[0])[1], len(thresholds))


def most_candidates(product: Product, cases: pl.DataFrame) -> int:
    """Among how many thresholds (and bands) one model's policy could have been chosen at most."""
    if product.decision.threshold != "cost":
        return CANDIDATES
    inside = int(cases[columns.INSIDE].sum())
    return cost_thresholds.most_candidates(inside, product.decision.cheapest_band)


def _candidates(scores: pl.Series) -> NDArray[Any]:
    distinct = scores.unique().sort().to_numpy()
    if len(distinct) == 0:
        raise BadInput(
            "no validation case is in scope, so no threshold can be chosen.",
            code="no_cases",
            where="the validation split",
            next_step="Widen the scope or the validation split, or give a threshold.",
        )
    ordered = scores.sort().to_numpy()
    ranks = np.linspace(0, len(ordered) - 1, CANDIDATES).round().astype(int)
    return np.unique(ordered[ranks])


def _whole_set_only(product: Product, instruments: Mapping[str, Instrument]) -> Product:
    kept = tuple(
        replace(requirement, slices=(), under=None)
        for requirement in product.requirements
        if requirement.tier is Tier.CRITICAL and instruments[requirement.metric].about.judges_calls
    )
    if not kept:
        raise BadInput(
            "`threshold: auto` needs a critical requirement that hangs on the threshold.",
            code="nothing_to_tune_for",
            where=str(product.file),
            next_step="Add one, such as a sensitivity, or give the threshold as a number.",
        )
    return replace(product, requirements=kept)
