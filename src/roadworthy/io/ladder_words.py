"""Why a rung was kept, and what the best score would have cost more, told in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from roadworthy.core.evidence import Measured
from roadworthy.core.ladder import Gain, Ladder, RungResult
from roadworthy.core.product import Running
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
    best = top(ladder)
    if best is None:
        return "No other model scored better."
    found = _sentence(
        f"{best.title} scored best: its hardest requirement is {_hardest(best)}, the kept model's "
        f"is {_hardest(kept)}. It is {_more(best.bytes - kept.bytes, size, 'larger', 'smaller')} "
        f"and takes {_more(best.ms - kept.ms, time, 'longer', 'less')} per case"
        f"{_dearer(ladder, best, kept)}."
    )
    return f"{found}{_gained(ladder.gain)}"


def top(ladder: Ladder) -> RungResult | None:
    """The rung that scored best; None where that is the kept one, or nothing was scored."""
    kept, rungs = ladder.result, ladder.fitted
    if len(rungs) == 1 or not kept.gating:
        return None
    found = max(rungs, key=least_room)
    return found if least_room(found) > least_room(kept) else None


def hardest(rung: RungResult) -> Verdict:
    """The critical cell with the least room to its limit."""
    return min(rung.gating, key=_room)


def training(rung: RungResult) -> str:
    """What fitting it took, on the wall; empty: nobody noted it."""
    return "" if rung.took is None else seconds(rung.took.wall_s)


def seconds(s: float) -> str:
    """Seconds for reading.

    >>> seconds(0.0213), seconds(8.34), seconds(340.4), seconds(8000)
    ('0.021 s', '8.3 s', '5.7 min', '2.2 h')
    """
    if s < 100:
        return f"{s:.2g} s"
    return f"{s / 60:.1f} min" if s < 6000 else f"{s / 3600:.1f} h"


def times(rung: RungResult) -> str:
    """The median time of an answer, and that within which 99 of 100 lie, where it was noted.

    >>> from roadworthy.core.verdict import Outcome
    >>> times(RungResult("a", "a", "", "f", 1, 1, 1, None, Outcome.PASS, (), 1.26, 3.4))
    '1.3 ms (p99 3.4)'
    """
    if rung.ms_p99 is None:
        return time(rung.ms)
    return f"{time(rung.ms)} (p99 {time(rung.ms_p99).removesuffix(' ms')})"


@dataclass(frozen=True)
class Bill:
    """What a rung costs in computing: to train, for 1,000 decisions, and (None: unsaid) a year."""

    training: float
    thousand: float
    year: float | None


def bill(rung: RungResult, running: Running | None) -> Bill | None:
    """What computing costs with a rung; None: no price is declared, or nobody noted its times."""
    if running is None or rung.took is None or rung.ms_mean is None:
        return None
    case = rung.ms_mean / 3.6e6 * running.compute_hour
    year = None if running.cases_per_year is None else case * running.cases_per_year
    return Bill(rung.took.cpu_s / 3600 * running.compute_hour, 1000 * case, year)


def computing(rung: RungResult, running: Running | None) -> str:
    """What computing costs with a rung, in one line; empty: it is not known."""
    found = bill(rung, running)
    if found is None or running is None:
        return ""
    unit = f" {running.unit}" if running.unit else ""
    told = f"{_price(found.thousand)}{unit} for 1,000 decisions, {_price(found.training)}{unit} "
    told += "to train"
    return told if found.year is None else f"{told}, {_price(found.year)}{unit} a year"


def bills(ladder: Ladder) -> list[tuple[str, ...]]:
    """What computing costs, a row a rung, the heads first; empty: it is not known."""
    found = [(rung, bill(rung, ladder.running)) for rung in ladder.fitted]
    rows = [(rung.title, *_told(one)) for rung, one in found if one is not None]
    if not rows or ladder.running is None:
        return []
    unit = ladder.running.unit
    heads = ("computing costs", "to train", "1,000 decisions", "a year")
    heads = (f"computing costs ({unit})" if unit else heads[0], *heads[1:])
    width = 4 if ladder.running.cases_per_year is not None else 3
    return [heads[:width], *(row[:width] for row in rows)]


def _told(found: Bill) -> tuple[str, str, str]:
    return _price(found.training), _price(found.thousand), _price(found.year or 0.0)


def _price(amount: float) -> str:
    """Money for reading: two digits that count below one, and nothing that nobody would miss.

    >>> _price(0), _price(0.0000213), _price(0.213), _price(12.34), _price(1234.5)
    ('0', '<0.0001', '0.21', '12.34', '1,234')
    """
    if amount < 1e-4:
        return "0" if amount == 0 else "<0.0001"
    if amount >= 1:
        return f"{amount:,.0f}" if amount >= 1000 else f"{amount:,.2f}"
    return f"{amount:.{1 - math.floor(math.log10(amount))}f}"


def _dearer(ladder: Ladder, best: RungResult, kept: RungResult) -> str:
    """What more it would cost in computing, in money, where a price is declared."""
    ours, theirs = bill(kept, ladder.running), bill(best, ladder.running)
    if ours is None or theirs is None or ladder.running is None:
        return ""
    unit = f" {ladder.running.unit}" if ladder.running.unit else ""

    def differs(amount: float) -> str:
        return f"{_price(abs(amount))}{unit} {'more' if amount >= 0 else 'less'}"

    found = f"; its computing costs {differs(theirs.thousand - ours.thousand)} for 1,000 decisions"
    found += f", {differs(theirs.training - ours.training)} to train"
    if ours.year is not None and theirs.year is not None:
        found += f", and {differs(theirs.year - ours.year)} a year"
    return found


def _gained(gain: Gain | None) -> str:
    if gain is None:
        return ""
    low = "no bound" if gain.low is None else f"{gain.low:+.3g}"
    high = "no bound" if gain.high is None else f"{gain.high:+.3g}"
    return (
        f" On the same {count(gain.n)} cases it gains {gain.estimate:+.3g} in {gain.requirement} "
        f"(bounds {low} to {high}, each at {100 * gain.confidence:g} %)."
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
    verdict = hardest(rung)
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
