"""Why a rung was kept, and what the best score would have cost more, told in a sentence or two."""

from __future__ import annotations

from collections.abc import Callable

from roadworthy.core.evidence import Measured
from roadworthy.core.ladder import Ladder, RungResult
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.telling import count


def reason(ladder: Ladder) -> str:
    """Why the kept rung was kept."""
    kept, several = ladder.result, len(ladder.fitted) > 1
    if not kept.gating:
        return _nothing_to_go_by(ladder)
    if not ladder.meets:
        return _none_meets(ladder)
    which = f"the cheapest of {len(ladder.fitted)}" if several else "the only one that was tried"
    found = (
        f"{kept.title} is {which}, and its bounds meet every critical requirement{_paid(ladder)}."
    )
    if kept.reads == 0:
        found += (
            " It gives one answer for all cases: these requirements do not ask a model to tell "
            "cases apart."
        )
    return _sentence(found)


def best(ladder: Ladder) -> str:
    """What the best score would have cost more: the smallest largest p-value is the best score."""
    kept, rungs = ladder.result, ladder.fitted
    if len(rungs) == 1 or not kept.gating:
        return ""
    top = min(rungs, key=_p_values)
    if _p_values(top) == _p_values(kept):
        return "No other model scored better."
    return _sentence(
        f"{top.title} scored best (its hardest requirement is {_hardest(top)}; the kept model's "
        f"is {_hardest(kept)}); it is {_more(top.bytes - kept.bytes, size, 'larger', 'smaller')} "
        f"and takes {_more(top.ms - kept.ms, time, 'longer', 'less')} per case."
    )


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
    who = f"None of the {len(tried)}" if len(tried) > 1 else _sentence(f"{kept.title}")
    can = "can" if len(tried) > 1 else "cannot"
    found = (
        f"{who} {can} be told to meet every critical requirement on {count(ladder.cases)} "
        f"validation cases{_paid(ladder)}."
    )
    if all(rung.outcome is Outcome.FAIL for rung in tried):
        found += " All are shown to miss one." if len(tried) > 1 else " It is shown to miss one."
    if len(tried) > 1:
        found += f" Kept is the nearest to it, {kept.title};"
        return f"{found} its hardest requirement is {_hardest(kept)}."
    return f"{found} Its hardest requirement is {_hardest(kept)}."


def _paid(ladder: Ladder) -> str:
    if ladder.candidates == 1:
        return ""
    pairs = "models" if ladder.candidates == len(ladder.fitted) else "pairs of model and threshold"
    return f", at an alpha divided by the {ladder.candidates} {pairs} that were tried on them"


def _hardest(rung: RungResult) -> str:
    verdict = max(rung.gating, key=_p_value)
    where = "" if not verdict.slice.keys else f" [{verdict.slice}]"
    if not isinstance(verdict.evidence, Measured):
        return f"{verdict.requirement}{where}, which was not measured: {verdict.evidence.reason}"
    needed = 1.0 - verdict.effective_confidence
    return (
        f"{verdict.requirement}{where} with p = {verdict.evidence.p_pass:.2g}, where at most "
        f"{needed:.2g} shows it"
    )


def _p_values(rung: RungResult) -> tuple[float, ...]:
    return tuple(sorted(map(_p_value, rung.gating), reverse=True))


def _p_value(verdict: Verdict) -> float:
    return verdict.evidence.p_pass if isinstance(verdict.evidence, Measured) else 1.0


def _more(difference: float, told: Callable[[float], str], more: str, less: str) -> str:
    return f"{told(abs(difference))} {more if difference >= 0 else less}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
