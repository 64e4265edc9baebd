"""A certified product that decides less alone than it may: its thresholds drawn in, not looked for.

FNR and FPR hold at every stricter threshold than the certified one, whoever chose it and on
whatever, since both only fall: so a stricter one is no further look at the calibration cases.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from roadworthy.core.certificate import Certificate, CertifiedSide
from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product
from roadworthy.io import certificate_words as words
from roadworthy.stats.triage import Sample
from roadworthy.workflow.calibrate import whole_sample


def drawn_in(product: Product, scored: pl.DataFrame, found: Certificate) -> Certificate:
    """The certificate with the thresholds that product.yaml draws in (`only_below`, `only_above`).

    ``scored`` are the calibration cases; errors beyond the new thresholds are counted among them.
    A threshold with no case beyond it decides nothing, and is none.
    """
    rules = product.decision.triage
    assert rules is not None
    if rules.only_below is None and rules.only_above is None:
        return found
    sample = whole_sample(product, scored)
    limits = {"clear": rules.only_below, "flag": rules.only_above}
    sides = tuple(_side(one, limits[one.side], sample) for one in found.sides)
    if sides == found.sides:
        return found
    passes = all(one.threshold is not None for one in sides)
    outcome = found.outcome if passes else Outcome.INCONCLUSIVE
    return replace(found, outcome=outcome, sides=sides, notes=(*found.notes, words.DRAWN_IN))


def _side(side: CertifiedSide, limit: float | None, sample: Sample) -> CertifiedSide:
    """A side that decides only up to ``limit``; as it is where the certificate is stricter."""
    if limit is None or side.threshold is None:
        return side
    clears = side.side == "clear"
    if not (limit < side.threshold if clears else limit > side.threshold):
        return side
    seen, at = (sample, limit) if clears else (sample.mirrored(), 0.0 - limit)
    beyond = seen.score < at
    k = int((beyond & seen.error).sum())
    if not beyond.any():
        return replace(side, threshold=None, k=k, reason=words.nothing_within(side.side, limit))
    return replace(side, threshold=limit, k=k)
