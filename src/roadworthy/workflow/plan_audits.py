"""How many cleared cases a person must see all the same, to show how good a product is at work."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import Instrument
from roadworthy.core.plan import PlannedAudit
from roadworthy.core.policy import Route
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.stats.gathered import Share
from roadworthy.stats.triage import errors_needed
from roadworthy.stats.verification import audits_needed
from roadworthy.workflow.source import Parted
from roadworthy.workflow.verification import is_designed

CLEARED = 0.7
# what is cleared and whom it finds decide how many audits; how densely they are drawn hardly does
SHARE = 0.02
_KINDS = pl.DataFrame(
    {
        columns.POSITIVE: [True, True, False, False],
        columns.FLAGGED: [True, False, True, False],
        columns.REFERRED: [False] * 4,
    }
)
# ill and flagged, ill and cleared, well and flagged, well and cleared; None: does not count
_OF_THE_ILL = (True, False, None, None)
_OF_THE_CLEARED = (None, False, None, True)


@dataclass(frozen=True)
class Traffic:
    """What is known, or taken, of the cases at work: shares of all of them, and of the cleared."""

    prevalence: float
    cleared: float
    audited: float

    def cases(self, audits: int | None) -> int | None:
        """How many cases bring so many audits."""
        return None if audits is None else math.ceil(audits / (self.audited * self.cleared))

    def fnr(self, at_most: float, alpha: float) -> int | None:
        """Audits without a miss that show of the positives that at most so many are cleared."""
        found = self.prevalence * (1.0 - at_most)
        return audits_needed(at_most, found, self.cleared, self.audited, alpha)


def traffic_of(product: Product, parted: Parted | None) -> Traffic | None:
    """The traffic of a product; None where nothing is known of its prevalence."""
    prevalence = _prevalence(product, parted)
    if prevalence is None:
        return None
    audit, seen = product.decision.audit, _seen(product, parted)
    cleared, share = (CLEARED, SHARE) if seen is None else seen
    return Traffic(prevalence, cleared, share if audit is None else audit.share)


def planned_audits(
    product: Product, parted: Parted | None, instruments: Mapping[str, Instrument]
) -> tuple[PlannedAudit, ...]:
    """Each requirement that hangs on what the cleared cases are; none where none are audited."""
    if product.decision.audit is None and product.data.verification is None:
        return ()
    traffic = traffic_of(product, parted)
    if traffic is None:
        return ()
    return tuple(
        found
        for requirement in product.requirements
        for found in _planned(requirement, instruments, traffic, product.confidence.looks)
    )


def _planned(
    requirement: Requirement[Any],
    instruments: Mapping[str, Instrument],
    traffic: Traffic,
    looks: int,
) -> Iterator[PlannedAudit]:
    kind = _kind(requirement, instruments[requirement.metric])
    limit = requirement.limit.threshold
    worst = 1.0 - limit if requirement.limit.wants_high else limit
    if kind is None or not 0.0 < worst < 1.0:
        return
    alpha = requirement.alpha / looks
    of_the_ill = kind == _OF_THE_ILL
    audits = traffic.fnr(worst, alpha) if of_the_ill else errors_needed(worst, alpha)
    if audits is not None:
        yield PlannedAudit(
            requirement=requirement.id,
            metric=requirement.metric,
            limit=requirement.limit,
            audits=audits,
            traffic=traffic.cases(audits) or 0,
            share=traffic.audited,
            cleared=traffic.cleared,
            prevalence=traffic.prevalence if of_the_ill else None,
        )


def _kind(requirement: Requirement[Any], instrument: Instrument) -> tuple[bool | None, ...] | None:
    """What the metric counts of the four kinds of cases; None: not just these, or nothing."""
    if requirement.limit.against or requirement.of is not Whose.PRODUCT:
        return None
    statistics = list(instrument.statistics(requirement).values())
    if len(statistics) != 1 or not isinstance(statistics[0], Share):
        return None
    share = statistics[0]
    roots = {*share.hit.meta.root_names(), *share.among.meta.root_names()}
    if not roots <= set(_KINDS.columns):
        return None
    told = _KINDS.select(
        right=share.hit if requirement.limit.wants_high else ~share.hit, among=share.among
    )
    kind = tuple(bool(right) if among else None for right, among in told.rows())
    return kind if kind in (_OF_THE_ILL, _OF_THE_CLEARED) else None


def _seen(product: Product, parted: Parted | None) -> tuple[float, float] | None:
    """The cleared share, and of it the share that was to be audited, in a record of decisions."""
    design = product.data.verification
    if design is None or parted is None or not is_designed(parted.schema):
        return None
    inside = parted.all_open.filter(pl.col(columns.INSIDE))
    cleared = inside.filter(pl.col(design.policy_route) == Route.CLEAR.value)
    share = cleared[columns.CHANCE].mean()
    if not isinstance(share, float) or not share:
        return None
    return cleared.height / inside.height, share


def _prevalence(product: Product, parted: Parted | None) -> float | None:
    declared = product.data.prevalence
    if isinstance(declared, float):
        return declared
    if parted is None or declared is None:
        return None
    inside = parted.all_open.filter(pl.col(columns.INSIDE))
    if columns.CHANCE not in inside.columns:
        share = inside.select(pl.col(columns.POSITIVE).mean()).item()
        return float(share) if share else None
    # each verified case stands for as many as it was drawn from
    drawn = inside.filter(pl.col(columns.VERIFIED) & (pl.col(columns.CHANCE) > 0.0))
    ill = drawn.select((pl.col(columns.POSITIVE) / pl.col(columns.CHANCE)).sum()).item()
    return float(ill) / inside.height if ill else None
