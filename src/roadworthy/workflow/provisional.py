"""A triage policy before any certificate: half of the validation cases set it, the others judge."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.model import Model
from roadworthy.core.policy import REFERS_ALL, Triage
from roadworthy.core.product import Product
from roadworthy.io.stable_hash import stable_hash
from roadworthy.workflow.calibrate import made_from, thresholds_to_try
from roadworthy.workflow.drawn_in import drawn_in
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.triage import policy_of


def halves(cases: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cases parted in two by the names of their units, so that no unit is parted."""
    first = stable_hash(cases[columns.UNIT], "provisional") % 2 == 0
    return cases.filter(first), cases.filter(~first)


def provisional(
    product: Product, model: Model, cases: pl.DataFrame, training: pl.DataFrame
) -> Triage:
    """The thresholds whose risks on ``cases`` are as likely above as below what is allowed.

    They compare models on *other* cases and certify nothing: at the declared confidence the few
    cases of a half would mostly refer everything, for every model alike.
    """
    rules = product.decision.triage
    assert rules is not None
    even = replace(rules, confidence=1.0 - 0.5 * len(rules.risks), looks=1, protect=())
    changed = replace(product, decision=replace(product.decision, triage=even))
    blind = Judged(changed, model, REFERS_ALL)
    answers = blind.answers(cases)
    assert answers is not None
    scored = cases.with_columns(answers.alias(columns.SCORE))
    tried = thresholds_to_try(changed, blind, [training])
    return policy_of(drawn_in(changed, scored, made_from(changed, scored, cases, tried)), changed)
