"""vault explain: why a sealed set answers in one bit, and what more would cost, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.shown import Shown
from roadworthy.stats import adaptive
from roadworthy.stats.binomial import sample_size

LOOKS = (1, 2, 5, 10, 20, 100)
LIMIT, TARGET, ALPHA, POWER = 0.90, 0.95, 0.05, 0.90
FAILING, CASES = 0.899, 300
BOOSTED = (10, 100, 1000)


@dataclass(frozen=True)
class Price:
    """What so many looks cost: positives with which a good product passes each of them."""

    looks: int
    first: int
    safe: int


@dataclass(frozen=True)
class Explained(Shown):
    """What a sealed set is worth after k looks, by how it answers."""

    prices: tuple[Price, ...]
    tries: int
    by_point: float
    by_bound: float
    by_share: float
    boosted: tuple[tuple[int, float], ...]

    @property
    def headline(self) -> str:
        """The lesson in one line."""
        return (
            f"{self.tries} looks at failing products: a false PASS in {self.by_bound:.0%} of teams "
            f"uncorrected, in {self.by_share:.1%} when each look has its share of alpha"
        )


def vault_explain() -> Explained:
    """The numbers, computed anew: nothing here is written down."""
    tries = 20
    return Explained(
        prices=tuple(_price(looks) for looks in LOOKS),
        tries=tries,
        by_point=adaptive.ever_passes_point(LIMIT, FAILING, CASES, tries),
        by_bound=adaptive.ever_passes_bound(LIMIT, FAILING, CASES, tries, ALPHA),
        by_share=adaptive.ever_passes_bound(LIMIT, FAILING, CASES, tries, ALPHA / tries),
        boosted=tuple((k, adaptive.boosted_accuracy(k, 1000)) for k in BOOSTED),
    )


def _price(looks: int) -> Price:
    found = sample_size(LIMIT, TARGET, ALPHA / looks, POWER)
    return Price(looks, found.first, found.safe)
