"""Why a rung was kept, and what the best score would have cost more, told in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Callable

from roadworthy.core.evidence import Measured
from roadworthy.core.ladder import Ladder, RungResult
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.telling import count
from roadworthy.stats.room import room


def reason(ladder: Ladder) -> str:
    """Why the kept rung was kept."""
    kept, several = ladder.result, len(ladder.fitted) > 1
    if not kept.gating:
        return _nothing_to_go_by(ladder)
    if not ladder.meets:
        return _none_meets(ladder)
    found = (
        f"of {len(ladder.fitted)} models, {kept.title} is the cheapest whose bounds meet every "
        f"critical requirement{_paid(ladder)}."
        if several
        else f"{kept.title} meets every critical requirement{_paid(ladder)}."
    )
    if kept.reads == 0:
        found += (
            " It gives one answer for all cases: these requirements do not ask a model to tell "
            "cases apart."
        )
    return _sentence(found)


def best(ladder: Ladder) -> str:
    """What the best score would have cost more: the most room is the best score."""
    kept, rungs = ladder.result, ladder.fitted
    if len(rungs) == 1 or not kept.gating:
        return ""
    top = max(rungs, key=least_room)
    if least_room(top) <= least_room(kept):
        return "No other model scored better."
    return _sentence(
        f"{top.title} scored best: its hardest requirement is {_hardest(top)}, the kept model's is "
        f"{_hardest(kept)}. It is {_more(top.bytes - kept.bytes, size, 'larger', 'smaller')} and "
        f"takes {_more(top.ms - kept.ms, time, 'longer', 'less')} per case."
    )


def least_room(rung: RungResult) -> float:
    """The room of the hardest critical cell, in standard errors; without any, there is none."""
    measured = (v for v in rung.gating if isinstance(v.evidence, Measured))
    return min((_room(verdict) for verdict in measured), default=0.0)


def size(n: float) -> str:
    """Bytes for reading.

    >>> size(812), size(91272), size(4_200_000)
    ('0.8 kB', '91.3 kB', '4,200 kB')
    """
    return f"{n / 1000:,.0f} kB" if n >= 1e6 else f"{n / 1000:.1f} kB"


def time(ms: float) -> str:
    """Milliseconds for reading.

    >>> time(0.0312), time(1.26), time(340.4)
    ('0.031 ms', '1.3 ms', '340 ms')
    """
    return f"{ms:.2g} ms" if ms < 100 else f"{ms:,.0f} ms"


def _nothing_to_go_by(ladder: Ladder) -> str:
    kept = ladder.result.title
    if ladder.cases == 0:
        return _sentence(f"{kept} is the only one that was tried: no validation case judges it.")
    return _sentence(
        f"{kept} is the cheapest: no critical requirement that could be judged here hangs on what "
        "a model says."
    )


def _none_meets(ladder: Ladder) -> str:
    kept, tried = ladder.result, ladder.fitted
    missed = all(rung.outcome is Outcome.FAIL for rung in tried)
    if len(tried) == 1:
        told = "is shown to miss a" if missed else "cannot be told to meet every"
        who, nearest = f"{kept.title} {told}", "Its"
    else:
        told = f"All {len(tried)} are shown to miss a"
        who = told if missed else f"None of the {len(tried)} can be told to meet every"
        nearest = f"The nearest to it was kept: {kept.title}, whose"
    found = f"{who} critical requirement on {count(ladder.cases)} validation cases{_paid(ladder)}."
    found += f" {nearest} hardest requirement is {_hardest(kept)}."
    if ladder.candidates > 1:
        found += " Fresh or sealed cases, on which nothing was chosen, judge it at the whole alpha."
    return _sentence(found)


def _paid(ladder: Ladder) -> str:
    if ladder.candidates == 1:
        return ""
    models = len(ladder.fitted) + ladder.earlier
    pairs = "models" if ladder.candidates == models else "pairs of model and threshold"
    if models == 1:
        pairs = "thresholds"
    told = f", at an alpha divided by the {ladder.candidates} {pairs} that were tried on them"
    return f"{told}, now and earlier" if ladder.earlier else told


def _hardest(rung: RungResult) -> str:
    verdict = min(rung.gating, key=_room)
    where = "" if not verdict.slice.keys else f" [{verdict.slice}]"
    if not isinstance(verdict.evidence, Measured):
        return f"{verdict.requirement}{where} (not measured: {verdict.evidence.reason})"
    needed = 1.0 - verdict.effective_confidence
    p = verdict.evidence.p_pass
    return f"{verdict.requirement}{where} (p = {p:.2g}; {needed:.2g} or less shows it)"


def _room(verdict: Verdict) -> float:
    evidence = verdict.evidence
    return room(evidence, verdict.limit) if isinstance(evidence, Measured) else -math.inf


def _more(difference: float, told: Callable[[float], str], more: str, less: str) -> str:
    return f"{told(abs(difference))} {more if difference >= 0 else less}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
