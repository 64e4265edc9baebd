"""Hypotheses tested one after the other in an order fixed in advance, each at the whole alpha."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["shown"]


def shown(rejected: Iterable[bool]) -> int:
    """How many hypotheses count as rejected: all up to the first that is not.

    ``rejected`` says of each, in the order that was fixed before anybody saw the data, whether its
    own test rejects it at alpha. Some true hypothesis is rejected at most alpha often, however the
    tests depend on each other: let t be the first true one in the order; whatever is wrongly
    rejected, t is, and t is rejected at most alpha often. Nothing is paid for the number of
    hypotheses; the price is that testing stops at the first that is not rejected.
    Source: Maurer, Hothorn & Lehmacher 1995; Westfall & Krishen 2001.

    >>> shown([True, True, False, True])
    2
    """
    count = 0
    for one in rejected:
        if not one:
            break
        count += 1
    return count
