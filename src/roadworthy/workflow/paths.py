"""The paths to yes: every lever's proposals on open data, the cheapest first, and never none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.lever import AS_IT_IS, Change, Fresh
from roadworthy.core.need import Need
from roadworthy.core.path import Path
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, Scope, SetName
from roadworthy.core.requirement import Requirement
from roadworthy.core.seal import Seal
from roadworthy.core.standing import out_of_reach
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words
from roadworthy.io.registry import levers
from roadworthy.store.seal import refuse_opened
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import fresh
from roadworthy.workflow.measure import verdicts
from roadworthy.workflow.prepare import decide, in_scope, without_decision
from roadworthy.workflow.source import Parted, feature_columns
from roadworthy.workflow.studies import Settled

MOST_NAMED = 3
# a search judges some dozen times; what it finds is then judged on all cases
MOST_SEARCHED = 50_000


def paths(
    product: Product,
    study: OpenStudy,
    policy: Policy | None,
    found: Sequence[Verdict],
    instruments: Mapping[str, Instrument],
    sealed: int = 0,
) -> tuple[Path, ...]:
    """What to change so that the product passes; ``found`` are the verdicts of the open study.

    ``sealed`` cases stand ready and unopened. There is always at least one path: where no lever
    helps, it says so, and what is left.
    """
    fields = _fields(product, study.tables["cases"].schema)
    rejudge = Rejudging(product, policy, instruments, fields, sealed)
    proposed = [
        path for lever in levers().values() for path in lever.propose(study, found, rejudge)
    ]
    if not any(path.settles for path in proposed):
        proposed += _otherwise(found, rejudge(study), bool(proposed))
    return tuple(sorted(proposed, key=_cheapest_first))


@dataclass(frozen=True)
class OpenPaths:
    """Paths of a judgement on sealed cases, which were not used, and a note that says so."""

    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


NO_PATHS = OpenPaths()


def open_paths(
    product: Product,
    settled: Settled,
    parted: Parted,
    instruments: Mapping[str, Instrument],
    others: Mapping[str, pl.DataFrame],
    missing: Mapping[str, str],
) -> OpenPaths:
    """The paths from a judgement of the validation set alone, worked out before a seal is opened.

    ``others`` and ``missing`` are the tables beside the cases. Afterwards no sealed case is left.
    """
    cases = parted.open(SetName.VALIDATION)
    if cases.height == 0:
        return OpenPaths(tuple(_otherwise((), (), False)))
    judged = settled.judged
    study = OpenStudy(
        subject=judged.subject,
        set=str(SetName.VALIDATION),
        tables={"cases": judged.prepared(cases), **others},
        open_levels=parted.all_open,
        candidates=settled.candidates,
        missing_tables=missing,
    )
    found = verdicts(product, study, instruments)
    note = (
        f"The paths to yes were worked out on the {study.set} set ({cases.height:,} open cases); "
        "no sealed case was used for them."
    )
    return OpenPaths(paths(product, study, judged.policy, found, instruments), (note,))


def _cheapest_first(path: Path) -> tuple[bool, float, float]:
    cases = math.inf if path.cases is None else float(path.cases)
    # what must be done anyway, and costs no case, comes before what is not enough by itself
    return not path.settles and cases > 0, cases, path.per_case.value if path.per_case else 0.0


@dataclass(frozen=True)
class Rejudging:
    """Judges an open study again under a change (see core.lever.Rejudge)."""

    product: Product
    policy: Policy | None
    instruments: Mapping[str, Instrument]
    fields: tuple[str, ...] = ()
    sealed: int = 0
    _judged: dict[tuple[int, Change], tuple[OpenStudy, tuple[Verdict, ...]]] = field(
        default_factory=dict, compare=False
    )

    def __call__(self, study: OpenStudy, change: Change = AS_IT_IS) -> tuple[Verdict, ...]:
        """The verdicts under ``change``, at the full alpha, without sizing any next test."""
        key = (id(study), change)
        if key not in self._judged:
            # the study is kept beside its verdicts, so that its id stays its own
            self._judged[key] = (study, self._judge(study, change))
        return self._judged[key][1]

    def _judge(self, study: OpenStudy, change: Change) -> tuple[Verdict, ...]:
        product, changed = self._changed(study, change)
        quick = {r.metric: _Incurious(self.instruments[r.metric]) for r in product.requirements}
        return verdicts(product, changed, quick)

    def fresh(self, study: OpenStudy, change: Change = AS_IT_IS) -> Fresh:
        """The fresh set that would show every gating requirement under ``change``."""
        product, changed = self._changed(study, change)
        again = self(study, change)
        selected = study.candidates > 1 or change != AS_IT_IS
        return fresh.fresh_set(product, changed, again, self.instruments, self.sealed, selected)

    def sketch(self, study: OpenStudy) -> OpenStudy:
        """The first cases in the order of their ids' hashes, which says nothing of their values."""
        cases = study.tables["cases"]
        if cases.height <= MOST_SEARCHED:
            return study
        return replace(study, tables={**study.tables, "cases": cases.head(MOST_SEARCHED)})

    def enlarged(self, study: OpenStudy, cases: int) -> OpenStudy:
        """The study with its rows repeated until there are ``cases``."""
        return fresh.enlarged(study, cases)

    def _changed(self, study: OpenStudy, change: Change) -> tuple[Product, OpenStudy]:
        if not isinstance(study, OpenStudy):
            raise TypeError(f"a lever may look at open data only, and {study.set!r} is not open")
        product = replace(
            self.product,
            scope=Scope((*self.product.scope.rules, *change.scope)),
            decision=replace(
                self.product.decision, referred=change.referred or self.product.decision.referred
            ),
        )
        known = study.open_levels
        if change.scope and known is not None:
            known = in_scope(known, product.scope)
        cases = study.tables["cases"]
        if change.scope:
            cases = in_scope(cases, product.scope)
        policy = change.policy or self.policy
        if policy is not None:
            cases = decide(cases, policy, product.decision.referred)
        else:
            cases = without_decision(cases)
        tables = {**study.tables, "cases": cases}
        return product, replace(study, tables=tables, open_levels=known, candidates=1)


class _Incurious:
    """An instrument that measures and does not size the next test, which takes most of the time."""

    def __init__(self, measures: Instrument) -> None:
        self.about, self.parameters = measures.about, measures.parameters
        self.statistics, self.measure = measures.statistics, measures.measure

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        return Need("cases")


def _otherwise(found: Sequence[Verdict], again: Sequence[Verdict], proposed: bool) -> list[Path]:
    """What is left where nothing that was tried would settle it."""
    apart = out_of_reach(found) | out_of_reach(again)
    left = [v for v in path_words.still_open(again) if (v.requirement, v.slice) not in apart]
    if not left and proposed:
        return []
    who = " and ".join(map(path_words.name, left[:MOST_NAMED])) or "the product"
    return [
        Path(
            "otherwise",
            f"Find a better model for {who}: more or better training cases, other features, or "
            "another kind of model; or question the requirement with whoever set it.",
            "open data cannot say how much that would bring, and no lever "
            f"({', '.join(levers())}) is expected to be enough.",
        )
    ]


def unopened(workspace: Workspace, parted: Parted) -> int:
    """How many sealed cases nobody has looked at yet; known by their ids, not by their rows."""
    ids = parted.sealed_ids()
    try:
        refuse_opened(workspace, Seal("", len(ids), 1), ids)
    except Refused:
        return 0
    return len(ids)


def _fields(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """The columns by which the scope may be narrowed: slices, the scope's own, and features."""
    sliced = [n for r in product.requirements for rule in r.slices for n in rule.by]
    named = product.scope.fields
    try:
        features = feature_columns(product, schema)
    except BadInput:
        features = ()
    return tuple(n for n in dict.fromkeys([*sliced, *named, *features]) if n in schema)
