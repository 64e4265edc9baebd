"""What costs, utilities and harms share: an amount a case by what became of it, and its mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.stats import costs
from roadworthy.stats.evidence import from_bounds
from roadworthy.stats.gathered import Share, Tally, WhenDependent
from roadworthy.stats.mean_metric import POSITIVE, MeanLoss
from roadworthy.stats.prices import (
    KINDS,
    MOST_READS,
    READS,
    REFERRED,
    TEAM_KINDS,
    ByClass,
    ByKind,
    Kind,
    Tariff,
    price,
)

OTHERS = "cases of other classes"
# misses, false alarms and referrals
_MOST_AMOUNTS = 3
_OF: Mapping[str, tuple[Kind, ...]] = {
    "cases": tuple(KINDS),
    "positives": ("miss", "found", "refer"),
    "negatives": ("false_alarm", "cleared", "refer"),
}


class PricedMean(MeanLoss):
    """An instrument whose cases lose a declared amount each; where more is better, they gain it.

    A subclass gives the ``tariff``, in losses, and says why there is none (``without``). Few fixed
    amounts are bounded exactly from counts; many of them, amounts that differ from case to case,
    dependent cases and comparisons by betting between the declared ends. The calls of a team cost
    and earn as declared, whoever made them, and every read costs ``refer`` beside them.
    """

    def tariff(self, requirement: Requirement[Any]) -> Tariff | None:
        """What each kind of case loses; None: nobody declared it."""
        raise NotImplementedError(f"{type(self).__name__} must say what a case loses")

    def without(self, requirement: Requirement[Any]) -> str:
        """Why there is no tariff, and what to write."""
        raise NotImplementedError(f"{type(self).__name__} must say what is missing")

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The amount of each case, and, where amounts are fixed, counts by kind of case."""
        tariff = self.tariff(requirement)
        if tariff is None:
            return {}
        losses = super().statistics(requirement)
        unpriced = {OTHERS: Share(~_priced(requirement, tariff), rows=self.rows)}
        others = unpriced if isinstance(tariff, ByClass) else {}
        if not self._by_counts(requirement, tariff):
            return {**losses, **others}
        # counts bound the amounts of independent cases; values are needed for the others only
        losses = {name: WhenDependent(mean) for name, mean in losses.items()}
        return {**losses, **self._counts(requirement, tariff), **others}

    def _by_counts(self, requirement: Requirement[Any], tariff: Tariff) -> bool:
        fixed = isinstance(tariff, ByClass) or tariff.fixed
        parts = self._parts(requirement)
        sharp = all(_sharp(tariff, part, requirement.of) for part in parts)
        return fixed and not requirement.limit.against and sharp

    def _counts(
        self, requirement: Requirement[Any], tariff: Tariff
    ) -> Mapping[str, Statistic[Any]]:
        found = {}
        for part, among in self._parts(requirement).items():
            for amounts in _amounts(tariff, part, requirement.of):
                for kind in _regrets(amounts)[1]:
                    hit = _hit(tariff, kind, requirement.of)
                    found[f"{part}:{kind}"] = Share(hit, among, Rows.INSIDE)
        return found

    def _parts(self, requirement: Requirement[Any]) -> Mapping[str, pl.Expr]:
        if self._weights(requirement) is None:
            return {"cases": pl.lit(True)}
        return {"positives": POSITIVE, "negatives": ~POSITIVE}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds on the counts, added up; betting bounds for dependent or priced cases."""
        tariff = self.tariff(requirement)
        if tariff is None:
            return NotMeasured(self.without(requirement))
        if OTHERS in gathered and (unpriced := gathered[OTHERS].k):
            return NotMeasured(f"{unpriced} cases are of, or called by, a class without a price")
        tallies = {
            name: tally
            for name, tally in gathered.items()
            if isinstance(tally, Tally) and name != OTHERS
        }
        if len(set(self.ends(requirement))) == 1:
            return NotMeasured("every case costs the same, whatever becomes of it")
        dependent = any(tally.units is not None for tally in tallies.values())
        if not tallies or dependent:
            return super().measure(requirement, gathered, regime)
        if regime.anytime:
            return NotMeasured("no bound on counted costs is known here that is valid at any look")
        return self._from_counts(requirement, tariff, tallies, regime)

    def _from_counts(
        self,
        requirement: Requirement[Any],
        tariff: Tariff,
        tallies: Mapping[str, Tally],
        regime: Regime,
    ) -> Evidence:
        """The best that a case can lose, plus the bounded regret over it."""
        weights = self._weights(requirement) or {"cases": 1.0}
        groups, base, n = [], 0.0, 0
        for part, weight in weights.items():
            for number, amounts in enumerate(_amounts(tariff, part, requirement.of)):
                best, regrets = _regrets(amounts)
                counts = [tallies[f"{part}:{kind}"] for kind in regrets]
                if counts[0].n == 0:
                    return NotMeasured(f"there are no {part} to measure it on")
                ks = tuple(float(tally.k) for tally in counts)
                groups.append(costs.Group(ks, tuple(regrets.values()), float(counts[0].n), weight))
                base += weight * best
                n += counts[0].n if number == 0 else 0
        higher = self.about.better == "higher"
        low, high = _bounds(groups, base, higher)
        total = base + costs.estimate(groups)
        counted = ", ".join(f"{n.replace(':', ' ')} {t.k}" for n, t in tallies.items() if t.k)
        return from_bounds(
            requirement.limit,
            regime,
            low,
            high,
            estimate=0.0 - total if higher else total,
            n=n,
            of="cases",
            method=f"sum of simultaneous exact bounds on the counts ({counted or 'no error'})",
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """As for any bounded mean; without a tariff it can never be shown."""
        if self.tariff(requirement) is None:
            return Need("cases", never=self.without(requirement))
        return super().need(requirement, seen, regime, power)

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        tariff = self._known(requirement)
        if isinstance(tariff, ByClass):
            return self._told(_known_only(tariff.of(pl.col(columns.PREDICTED))))
        flagged = pl.col(columns.FLAGGED).fill_null(False)
        if requirement.of is Whose.TEAM:
            return self._told(tariff.of(flagged) + tariff.amount("refer") * READS)
        decided = pl.when(REFERRED).then(tariff.amount("refer")).otherwise(tariff.of(flagged))
        return self._told(decided)

    def loss_of(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        tariff = self._known(requirement)
        if isinstance(tariff, ByClass):
            return self._told(_known_only(tariff.of(call)))
        read = price(tariff.refer) if requirement.parameters.reader_refers else pl.lit(0.0)
        return self._told(tariff.of(call) + read)

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        tariff = self._known(requirement)
        if isinstance(tariff, ByClass):
            low, high = min(tariff.amounts.values()), max(tariff.amounts.values())
        elif requirement.of is Whose.TEAM:
            low, high = _ends_of_team(tariff)
        else:
            both = bool(requirement.limit.against) and requirement.parameters.reader_refers
            low, high = _ends(tariff, both)
        return (0.0 - high, 0.0 - low) if self.about.better == "higher" else (low, high)

    def _told(self, lost: pl.Expr) -> pl.Expr:
        return -lost if self.about.better == "higher" else lost

    def _known(self, requirement: Requirement[Any]) -> Tariff:
        tariff = self.tariff(requirement)
        assert tariff is not None  # without one nothing is asked of the data
        return tariff


def _known_only(lost: pl.Expr) -> pl.Expr:
    """A class without a price is counted apart, and then nothing is measured at all."""
    return lost.fill_null(0.0)


def _bounds(groups: Sequence[costs.Group], base: float, higher: bool) -> tuple[Any, Any]:
    """Lower and upper bound as functions of alpha; of a utility, the loss's mirrored."""

    def low(alpha: float) -> float:
        return (
            0.0 - base - costs.upper(groups, alpha) if higher else base + costs.lower(groups, alpha)
        )

    def high(alpha: float) -> float:
        return (
            0.0 - base - costs.lower(groups, alpha) if higher else base + costs.upper(groups, alpha)
        )

    return low, high


def _sharp(tariff: Tariff, part: str, whose: Whose) -> bool:
    """Whether few bounds add up to the whole: a bound is paid for once an amount.

    Where right calls lose unlike amounts every case is an amount, each with its own bound: one bet
    on their mean is then far sharper. Amounts are declared beforehand, so the choice is none of the
    data's.
    """
    # what people's reading costs is one amount more, whatever the calls cost
    best, regrets = _regrets(_amounts(tariff, part, whose)[0])
    amounts = set(regrets.values())
    alike = len({amount - best for amount in _of_right_calls(tariff, part)}) == 1
    return len(amounts) == 1 or (alike and len(amounts) <= _MOST_AMOUNTS)


def _of_right_calls(tariff: Tariff, part: str) -> list[float]:
    if isinstance(tariff, ByClass):
        return [amount for (was, said), amount in tariff.amounts.items() if was == said]
    return [tariff.ends(kind)[1] for kind in _OF[part] if kind in ("found", "cleared")]


def _amounts(tariff: Tariff, part: str, whose: Whose) -> list[dict[Any, float]]:
    """What each kind of case of ``part`` loses, added up over the dicts: one kind of each a case.

    A product's case is called or referred. A team's is called, whoever reads it, and read or not.
    """
    if isinstance(tariff, ByClass):
        return [{f"{was} called {said}": amount for (was, said), amount in tariff.amounts.items()}]
    amounts: dict[Any, float] = {kind: tariff.ends(kind)[1] for kind in _OF[part]}
    if whose is Whose.PRODUCT:
        return [amounts]
    read = amounts.pop("refer")
    return [amounts, *({kind: read, "unread": 0.0} for kind in ("refer", "arbiter") if read)]


def _regrets(amounts: Mapping[Any, float]) -> tuple[float, dict[Any, float]]:
    """The least that a case can lose, and by how much each other kind exceeds it."""
    best = min(amounts.values())
    regrets = {kind: amount - best for kind, amount in amounts.items() if amount > best}
    # where all lose the same, one kind is counted all the same: it tells how many cases there are
    return best, regrets or {next(iter(amounts)): 0.0}


def _hit(tariff: Tariff, kind: Any, whose: Whose) -> pl.Expr:
    if isinstance(tariff, ByKind):
        return KINDS[kind] if whose is Whose.PRODUCT else TEAM_KINDS[kind]
    truth, predicted = pl.col(columns.TRUTH), pl.col(columns.PREDICTED)
    pairs = {f"{was} called {said}": (was, said) for was, said in tariff.amounts}
    was, said = pairs[kind]
    return (truth == was) & (predicted == said)


def _priced(requirement: Requirement[Any], tariff: Tariff) -> pl.Expr:
    """Whether the classes of a case are all in the matrix."""
    if isinstance(tariff, ByKind):
        return pl.lit(True)
    classes = list(tariff.matrix.classes)
    found = pl.col(columns.TRUTH).is_in(classes) & pl.col(columns.PREDICTED).is_in(classes)
    if requirement.limit.against:
        found = found & pl.col(columns.call(requirement.limit.against)).is_in(classes)
    return found


def _ends_of_team(tariff: ByKind) -> tuple[float, float]:
    """The ends of one case's loss, whoever calls it, and read by nobody, one person or two."""
    called = [tariff.ends(kind) for kind in KINDS if kind != "refer"]
    low, high = min(end[0] for end in called), max(end[1] for end in called)
    return low, high + MOST_READS * tariff.ends("refer")[1]


def _ends(tariff: ByKind, both: bool) -> tuple[float, float]:
    """The ends of one case's loss; ``both``: it may be decided and read by a person as well."""
    decided = [tariff.ends(kind) for kind in KINDS if kind != "refer"]
    low, high = min(end[0] for end in decided), max(end[1] for end in decided)
    least, most = tariff.ends("refer")
    if both:
        return min(low + least, low, least), max(high + most, high, most)
    return min(low, least), max(high, most)
