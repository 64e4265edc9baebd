"""Peak memory: what nine fresh processes of ten never need more of than."""

from __future__ import annotations

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.stats.quantile_metric import Quantile


class PeakMemory(Quantile):
    """The memory that 90 % of fresh processes stay within, in megabytes (10^6 bytes).

    A row of ``processes`` is one process that started, loaded the model and decided cases; ``mb``
    is the most it ever held, the interpreter and its packages included. The largest of a handful
    bounds no tail: of n processes the largest lies above the 90 % quantile with confidence
    1 - 0.9^n, so 29 show it at 95 %, and every one of them must stay within the limit (Wilks 1941).
    """

    about = About(
        title="Peak memory",
        definition="The memory within which 9 of 10 fresh processes stay that decide cases.",
        formula="0.9 quantile of mb",
        source="Wilks 1941; David & Nagaraja 2003, Order Statistics, section 7.1",
        better="lower",
        unit="MB",
        highest=None,
        table="processes",
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "It takes 29 fresh processes before any bound exists at 95 %.",
            "It is the whole process: interpreter, packages, model and the largest image it read.",
            "A case that is larger than all that were measured may need more.",
        ),
    )
    parameters = NoParameters
    q = 0.9
    column = "mb"
    assumption = "later processes are like those measured, and no case is larger than theirs"
