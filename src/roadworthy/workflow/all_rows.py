"""Judges a table of any size again under a change: levers search a sample, all rows then judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import Instrument
from roadworthy.core.path import Path
from roadworthy.core.policy import Decides
from roadworthy.core.product import Product
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import telling
from roadworthy.workflow.fresh import Counted
from roadworthy.workflow.measure import all_cells, table_of, verdicts
from roadworthy.workflow.paths import Rejudging, fields, ways
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.source import checked
from roadworthy.workflow.stream import Streamed, Table, stream
from roadworthy.workflow.subject import Judged


@dataclass(frozen=True)
class Again:
    """A table with what one pass over it gave; every other judgement takes another pass.

    ``study`` holds the sample, and the other tables whole.
    """

    judged: Judged
    table: Table
    streamed: Streamed
    found: tuple[Verdict, ...]
    study: OpenStudy
    sketch: OpenStudy

    def judge(
        self,
        product: Product,
        policy: Decides | None,
        changed: OpenStudy,
        instruments: Mapping[str, Instrument],
    ) -> tuple[tuple[Verdict, ...], Counted]:
        """The verdicts of all rows, and the cells; as it was judged, they are known."""
        beside = {name: table for name, table in self.study.tables.items() if name != "cases"}
        study = replace(changed, tables=beside)
        if (product, policy) == (self.judged.product, self.judged.policy):
            return self.found, self._counted(product, study, instruments, self.streamed)
        known = changed.open_levels
        others = None if known is None else known.filter(pl.col(columns.INSIDE))
        table = Table(self.table.scan, others, known=True, batch=self.table.batch)
        on_cases = [r for r in product.requirements if table_of(r, instruments) == "cases"]
        judged = replace(self.judged, product=product, policy=policy)
        streamed = stream(judged, on_cases, table, instruments)
        found = verdicts(product, study, instruments, streamed=streamed)
        return found, self._counted(product, study, instruments, streamed)

    def _counted(
        self,
        product: Product,
        study: OpenStudy,
        instruments: Mapping[str, Instrument],
        streamed: Streamed,
    ) -> Counted:
        planned = all_cells(product, study, instruments, streamed)
        return Counted(planned, self.streamed.population.cases)


def paths_of_all_rows(
    judged: Judged,
    table: Table,
    streamed: Streamed,
    found: Sequence[Verdict],
    study: OpenStudy,
    instruments: Mapping[str, Instrument],
    sealed: int = 0,
) -> tuple[Path, ...]:
    """The paths to yes of a table that was judged in one pass; ``study`` lacks its cases.

    Each says in ``assumed`` that it was looked for on a sample.
    """
    assert streamed.sample is not None and streamed.fingerprint is not None
    # every word that was guessed from all rows is said now, so that few rows mean the same
    judged = replace(judged, product=streamed.product)
    cases = in_fixed_order(checked(streamed.sample, judged.product), streamed.fingerprint)
    sample = replace(study, tables={**study.tables, "cases": judged.prepared(cases)})
    again = Again(judged, table, streamed, tuple(found), sample, replace(sample))
    rejudge = Rejudging(
        judged.product,
        judged.policy,
        instruments,
        fields(judged.product, cases.schema),
        sealed,
        all_rows=again,
    )
    said = (
        f"looked for on a random sample of {telling.count(cases.height)} of the "
        f"{telling.count(streamed.population.cases)} cases, which also says how frequent each "
        "kind of case is; what is expected was judged on all of them",
    )
    return tuple(
        replace(path, assumed=(*path.assumed, *said)) for path in ways(sample, found, rejudge)
    )
