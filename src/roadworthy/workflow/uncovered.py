"""A certificate speaks of the parts that it was certified on; a part that came later is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product
from roadworthy.core.requirement import Slice
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.slicing import parts


def covering(certificate: Certificate, product: Product, cases: pl.DataFrame) -> Certificate:
    """The certificate as it stands for ``cases``: no PASS where a protected part was never seen.

    ``cases`` need ``@inside`` and the columns of ``protect``, and no truth. A level that was on no
    calibration or open case when the certificate was made had no say in its thresholds.
    """
    strangers = tuple(uncovered(certificate, product, cases))
    if not strangers:
        return certificate
    named = ", ".join(map(str, strangers))
    told = (
        f"Nothing was certified for {named}, which these cases hold: bring calibration cases of "
        "it, or put it out of scope."
    )
    outcome = Outcome.worst((certificate.outcome, Outcome.INCONCLUSIVE))
    return replace(certificate, outcome=outcome, notes=(*certificate.notes, told))


def uncovered(certificate: Certificate, product: Product, cases: pl.DataFrame) -> Iterator[Slice]:
    """The protected parts that cases in scope belong to, and that nothing was certified for."""
    rules = product.decision.triage
    assert rules is not None
    inside = cases.filter(pl.col(columns.INSIDE))
    for rule in rules.protect:
        for part in parts(rule, inside, None, product.scope):
            known = all(
                str(part) in {str(level.slice) for level in side.protected}
                for side in certificate.sides
            )
            if not known and inside.select(on_slice(part, inside.schema).any()).item():
                yield part
