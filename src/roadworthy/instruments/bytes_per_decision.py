"""Bytes of a decision: what must be stored or sent for each case that was decided."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.stats.quantile_metric import Quantile


class BytesPerDecision(Quantile):
    """The bytes within which 99 of 100 records of a decision stay: one line of JSON in UTF-8."""

    about = About(
        title="Bytes of a decision",
        definition="The bytes within which 99 of 100 records of a decision stay.",
        formula="0.99 quantile of bytes",
        source="David & Nagaraja 2003, Order Statistics, section 7.1",
        better="lower",
        unit="bytes",
        highest=None,
        table="decisions",
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "It takes 299 decided cases before any bound exists at 95 %.",
            "It is the record of the decision, not the image that was decided on.",
        ),
    )
    parameters = NoParameters
    q = 0.99
    column = "bytes"
    assumption = "decided cases are like those to come"
