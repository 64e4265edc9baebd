"""99th percentile of latency: 99 requests of 100 are answered within it."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.stats.quantile_metric import Quantile


class LatencyP99(Quantile):
    """The time within which 99 of 100 cases are answered, in milliseconds."""

    about = About(
        title="99th percentile of latency",
        definition="The time within which 99 of 100 timed cases are answered.",
        formula="0.99 quantile of ms",
        source="David & Nagaraja 2003, Order Statistics, section 7.1",
        better="lower",
        unit="ms",
        highest=None,
        table="timings",
        per_unit=False,
        judges_calls=False,
        pitfalls=(
            "It takes 299 timed cases before any bound exists at 95 %.",
            "It holds for the machine and the load it was timed on: `device:` says which.",
        ),
    )
    parameters = NoParameters
    q = 0.99
