"""The decisions on a table of cases, as counts that a person can take in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from roadworthy.core import decided
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import ExitCode
from roadworthy.core.policy import AUDIT_SAMPLE, Route
from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.workflow.routes import Rules, thresholds


@dataclass(frozen=True)
class Decided:
    """One record a case, what decided them, and why a score is no chance (None: it is one)."""

    product: Product
    table: pl.DataFrame
    rules: Rules
    certificate: Certificate | None
    why_no_chance: str | None


@dataclass(frozen=True)
class Decisions(Shown):
    """What became of the cases of ``source``: counts, and a record of each in ``table``.

    ``routes`` count where cases go, ``counted`` where and why, ``queues`` for whom those wait that
    go to a person. ``audits`` are cleared cases that go to a person all the same, each drawn with
    probability ``audit`` (None: no audit is declared).
    ``expired`` says since when the certificate is no longer valid. ``out`` is the file that was
    written, None: none was.
    """

    product: str
    source: str
    cases: int
    routes: Mapping[Route, int]
    counted: tuple[tuple[Route, str, int], ...]
    queues: Mapping[str, int]
    audits: int
    audit: float | None
    clear_below: float | None
    flag_above: float | None
    certificate: Certificate | None
    expired: str | None
    notes: tuple[str, ...]
    table: pl.DataFrame = field(repr=False, compare=False)
    out: Path | None = None

    def __repr__(self) -> str:
        return f"<Decisions of {self.headline}>"

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """How many cases have each reason, the most frequent first."""
        found: dict[str, int] = {}
        for _, reason, count in self.counted:
            found[reason] = found.get(reason, 0) + count
        return tuple(sorted(found.items(), key=lambda row: (-row[1], row[0])))

    @property
    def counts(self) -> str:
        """How many cases there are, and where they go."""
        told = [
            f"{self.routes.get(route, 0):,} {word}"
            for route, word in WORDS.items()
            if route in self.routes or route in _ALWAYS
        ]
        return f"{self.cases:,} cases: {', '.join(told)}"

    @property
    def headline(self) -> str:
        """The counts in one line."""
        late = "" if self.expired is None else f"certificate expired {self.expired}: "
        return f"{self.product}: {late}{self.counts}"

    @property
    def exit_code(self) -> ExitCode:
        """3 where an expired certificate sent everything to a person."""
        return ExitCode.PASS if self.expired is None else ExitCode.INCONCLUSIVE


WORDS = {
    Route.CLEAR: "cleared",
    Route.FLAG: "flagged",
    Route.ASSIST: "to a person with a suggestion",
    Route.REFER: "to a person",
    Route.REJECT: "rejected",
}
_ALWAYS = (Route.CLEAR, Route.FLAG, Route.REFER)


def summed_up(found: Decided, source: str, notes: tuple[str, ...] = ()) -> Decisions:
    """The counts over all records of the table ``source``."""
    table, certificate = found.table, found.certificate
    clear_below, flag_above = thresholds(found.rules.policy)
    counted = _counted(table)
    queues = table[decided.QUEUE].drop_nulls().value_counts(name="#").sort("#", descending=True)
    return Decisions(
        product=found.product.name,
        source=source,
        cases=table.height,
        routes={route: _sum(counted, route) for route in Route if _sum(counted, route)},
        counted=counted,
        queues=dict(queues.rows()),
        audits=sum(count for _, reason, count in counted if reason == AUDIT_SAMPLE),
        audit=None if found.rules.audit is None else found.rules.audit.share,
        clear_below=clear_below,
        flag_above=flag_above,
        certificate=certificate,
        expired=certificate.expires if certificate and found.rules.expired else None,
        notes=(*notes, *_notes(found)),
        table=table,
    )


def _counted(table: pl.DataFrame) -> tuple[tuple[Route, str, int], ...]:
    """How many cases go where and why: by route, the most frequent reason first."""
    keys = [decided.ROUTE, decided.REASON]
    found = table.group_by(keys).len("#").sort("#", decided.REASON, descending=[True, False])
    rows = [(Route(route), str(reason), int(count)) for route, reason, count in found.rows()]
    return tuple(sorted(rows, key=lambda row: list(Route).index(row[0])))


def _sum(counted: tuple[tuple[Route, str, int], ...], route: Route) -> int:
    return sum(count for known, _, count in counted if known is route)


def _notes(found: Decided) -> tuple[str, ...]:
    told = []
    if found.rules.expired:
        told.append(
            "Bring fresh calibration cases and run `roadworthy check`: what has drifted since the "
            "certificate was made, the old ones cannot show."
        )
    cleared = bool((found.table[decided.POLICY_ROUTE] == Route.CLEAR.value).any())
    if cleared and found.rules.audit is None:
        told.append(
            "No cleared case is audited, so nobody will ever see a miss among them: "
            "`decision: {audit: {share: 0.02}}` hands a share of them to a person."
        )
    if found.why_no_chance is not None:
        told.append(f"There is no probability and no expected cost, because {found.why_no_chance}.")
    return tuple(told)
