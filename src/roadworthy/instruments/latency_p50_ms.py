"""Median latency: half of all requests are answered within it."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.stats.quantile_metric import Quantile


class LatencyP50(Quantile):
    """The median time from a case to its answer, in milliseconds."""

    about = About(
        title="Median latency",
        definition="The time within which half of the timed cases are answered.",
        formula="0.50 quantile of ms",
        source="David & Nagaraja 2003, Order Statistics, section 7.1",
        better="lower",
        unit="ms",
        highest=None,
        table="timings",
        per_unit=False,
        judges_calls=False,
        pitfalls=(
            "Half of the cases take longer, and some of them much longer: see latency_p99_ms.",
            "It holds for the machine and the load it was timed on: `device:` says which.",
        ),
    )
    parameters = NoParameters
    q = 0.50
