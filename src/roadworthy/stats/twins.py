"""Equal rows in two tables: chance where few values are possible, the same cases where many are."""

from __future__ import annotations

from scipy.stats import binom

__all__ = ["more_than_chance"]

ERROR = 1e-6


def more_than_chance(shared: int, of: int, own_twins: int, own: int) -> bool:
    """Whether ``shared`` of ``of`` rows have a twin in the other table more often than chance has.

    ``own_twins`` of the ``own`` rows of one table have a twin within it: so often do two different
    cases look alike (one row is added to both, so that none is not never). Rows independent; wrong
    in one of a million comparisons at most (binomial tail).

    >>> more_than_chance(40, of=100, own_twins=0, own=400)
    True
    >>> more_than_chance(40, of=100, own_twins=200, own=400)
    False
    """
    chance = (own_twins + 1.0) / (own + 1.0)
    return bool(binom.sf(shared - 1, of, min(chance, 1.0)) < ERROR) if shared else False
