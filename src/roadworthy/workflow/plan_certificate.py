"""What it takes to certify a triage product, and what audits of cleared cases would take."""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import MaxRisk, Risk
from roadworthy.core.plan import PlannedRisk
from roadworthy.core.product import Product, SetName
from roadworthy.stats.triage import STARTS, errors_needed
from roadworthy.workflow.plan_audits import traffic_of
from roadworthy.workflow.source import Parted

ERRORS = (0, 1, 2, 5)
_OF = {
    Risk.FNR: "positives",
    Risk.FPR: "negatives",
    Risk.NPV: "cleared cases",
    Risk.PPV: "flagged cases",
}


def planned_risks(product: Product, parted: Parted | None) -> tuple[PlannedRisk, ...]:
    """Each declared risk; none of a product that is no triage."""
    rules = product.decision.triage
    if rules is None:
        return ()
    delta = round(1.0 - rules.confidence, 12) / rules.looks / len(rules.risks)
    return tuple(_planned(product, parted, one, delta) for one in rules.risks)


def _planned(product: Product, parted: Parted | None, wanted: MaxRisk, delta: float) -> PlannedRisk:
    risk, at_most = wanted.risk, wanted.at_most
    level = delta / STARTS if risk.predictive else delta
    traffic = traffic_of(product, parted) if risk is Risk.FNR else None
    audits = None if traffic is None else traffic.fnr(at_most, delta)
    audited = traffic is not None and product.decision.audit is not None
    return PlannedRisk(
        risk=risk,
        at_most=at_most,
        delta=delta,
        of=_OF[risk],
        counts=tuple((errors, errors_needed(at_most, level, errors)) for errors in ERRORS),
        have=None if risk.predictive or parted is None else _have(product, parted, risk),
        audits=audits,
        prevalence=None if traffic is None else traffic.prevalence,
        cleared=None if traffic is None else traffic.cleared,
        traffic=traffic.cases(audits) if traffic is not None and audited else None,
    )


def _have(product: Product, parted: Parted, risk: Risk) -> int:
    """Independent units of the class among the calibration cases in scope."""
    ill = pl.col(columns.POSITIVE)
    cases = parted.open(SetName.CALIBRATION).filter(pl.col(columns.INSIDE))
    units = cases.group_by(columns.UNIT).agg(ill.any())
    return units.filter(ill if risk is Risk.FNR else ~ill).height
