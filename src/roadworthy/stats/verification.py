"""Rates where the truth of some cases is known by a declared chance only, such as an audit.

Where a person verifies what the product refers, and only some of what it clears, the verified cases
alone flatter it: the misses are among the cases that nobody looked at (Begg & Greenes 1983,
Biometrics 39:207). What a declared design allows is this. Say of every verified case whether it is
a hit or a miss, and with which chance its truth was to become known. Among independent cases, a
hit that is known with chance v and a miss that is known with chance w are seen x and y times, and
x of the x + y is binomial with

    theta = v h / (v h + w m),

h and m being how frequent hits and misses are. So an exact bound on theta (Clopper & Pearson 1934)
is one on the odds h / m: no estimate of the unknown, and no large sample, is needed. Several kinds
of hits or misses are combined by Bonferroni.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.stats import _arguments, binomial

__all__ = ["Known", "audits_needed", "estimate", "lower", "upper"]


@dataclass(frozen=True)
class Known:
    """Verified hits and misses whose truth had this ``chance`` (above 0, at most 1) to be known.

    ``could_hit`` and ``could_miss`` say whether there can be such cases at all: whatever is cleared
    can be a miss of the sensitivity and never a hit.
    """

    chance: float
    hits: int
    misses: int
    could_hit: bool = True
    could_miss: bool = True

    def __post_init__(self) -> None:
        if not 0.0 < self.chance <= 1.0:
            raise ValueError(f"a chance must lie above 0 and at most 1, not {self.chance!r}.")
        if min(self.hits, self.misses) < 0:
            raise ValueError(f"counts must not be negative: {self.hits}, {self.misses}.")
        if (self.hits and not self.could_hit) or (self.misses and not self.could_miss):
            raise ValueError("there are cases of a kind that there cannot be.")

    @property
    def turned(self) -> Known:
        """The same with hits and misses exchanged."""
        return Known(self.chance, self.misses, self.hits, self.could_miss, self.could_hit)


def estimate(known: Sequence[Known]) -> float | None:
    """The share of hits, each case counted for as many as it stands for; None: none is known.

    Source: Horvitz & Thompson 1952 (as a ratio); Begg & Greenes 1983 for one chance a route.

    >>> estimate([Known(1.0, 90, 0), Known(0.1, 0, 1)])
    0.9
    """
    hits = sum(kind.hits / kind.chance for kind in known)
    misses = sum(kind.misses / kind.chance for kind in known)
    return hits / (hits + misses) if hits + misses else None


def lower(known: Sequence[Known], alpha: float) -> float:
    """Lower bound for the share of hits: too high at most alpha often; cases independent.

    Each pair of a kind of hits and a kind of misses is bounded exactly at its share of alpha, and
    the odds are summed. Where every chance is 1 this is Clopper-Pearson.

    Raises ValueError unless 0 < alpha < 1.

    >>> round(lower([Known(1.0, 90, 10)], 0.05), 6)  # as binomial.lower(90, 100, 0.05)
    0.836282

    9 found positives and no miss among the audited tenth of the cleared say little:

    >>> found, audited = Known(1.0, 9, 0, could_miss=False), Known(0.1, 0, 0, could_hit=False)
    >>> round(lower([found, audited], 0.05), 3)
    0.202
    """
    _arguments.between("alpha", alpha)
    hits = [kind for kind in known if kind.could_hit]
    misses = [kind for kind in known if kind.could_miss]
    if not hits:
        return 0.0
    if not misses:
        # a kind that there cannot be here might be there in the cohort, and then be seen least
        least = min(kind.chance for kind in known)
        misses = [Known(least, 0, 0)]
    share = alpha / (len(hits) * len(misses))
    odds = sum(_odds_against(miss, hits, share) for miss in misses)
    return 1.0 / (1.0 + odds)


def upper(known: Sequence[Known], alpha: float) -> float:
    """Upper bound for the share of hits: too low at most alpha often; as ``lower``.

    >>> round(upper([Known(1.0, 90, 10)], 0.05), 4)  # as binomial.upper(90, 100, 0.05)
    0.9447
    """
    return 1.0 - lower([kind.turned for kind in known], alpha)


def _odds_against(miss: Known, hits: Sequence[Known], alpha: float) -> float:
    """Upper bound of how many misses of one kind there are to a hit of any kind."""
    most = sum(_least_odds(hit, miss, alpha) for hit in hits)
    return 1.0 / most if most > 0.0 else math.inf


def _least_odds(hit: Known, miss: Known, alpha: float) -> float:
    seen = hit.hits + miss.misses
    # theta as its complement: near 1 the digits are in the small one
    rest = float(binomial.upper(miss.misses, seen, alpha)) if seen else 1.0
    return (1.0 - rest) / rest * miss.chance / hit.chance


def audits_needed(
    at_most: float, found: float, cleared: float, chance: float, alpha: float
) -> int | None:
    """Audited cleared cases without a miss that show "of the positives, at most so many cleared".

    ``found`` is the share of all cases that are positives whom the product does not clear,
    ``cleared`` the share that it clears, of which each is audited with this ``chance``. Solves
    upper bound <= ``at_most`` for no miss, which is (1 - theta) ** found positives <= alpha. None
    where no number will do (``at_most`` 0, or nothing found).

    Raises ValueError unless the shares lie in 0..1 and 0 < alpha < 1.

    >>> audits_needed(0.01, 0.006 * 0.99, 0.7, 0.02, 0.05)
    34954
    """
    for name, value in (("at_most", at_most), ("found", found), ("cleared", cleared)):
        _arguments.rate(name, value)
    _arguments.between("alpha", alpha)
    if at_most in (0.0, 1.0) or not found or not cleared or not 0.0 < chance <= 1.0:
        return None
    positives = -math.log(alpha) / math.log1p(chance * at_most / (1.0 - at_most))
    return math.ceil(positives * chance * cleared / found)
