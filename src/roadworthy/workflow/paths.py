"""The paths to yes: every lever's proposals on open data, the cheapest first, and never none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import polars as pl

from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.lever import AS_IT_IS, Change, Fresh, OtherRung, Rungs
from roadworthy.core.path import Path
from roadworthy.core.policy import Decides
from roadworthy.core.product import Product, Scope, SetName
from roadworthy.core.requirement import Tier
from roadworthy.core.standing import out_of_reach
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words
from roadworthy.io.registry import levers
from roadworthy.io.stable_hash import stable_hash
from roadworthy.store.earlier import opened_before
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import fresh
from roadworthy.workflow.cleared import on_open_cases
from roadworthy.workflow.fresh import Counted
from roadworthy.workflow.incurious import incurious
from roadworthy.workflow.measure import verdicts
from roadworthy.workflow.other_rungs import OtherRungs
from roadworthy.workflow.perturbing import perturbed
from roadworthy.workflow.prepare import decide, in_scope, without_decision
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import Parted, feature_columns
from roadworthy.workflow.studies import Settled
from roadworthy.workflow.team import asked_of, with_calls
from roadworthy.workflow.under import decided_again, under_tables
from roadworthy.workflow.verification import is_designed

# a search judges some dozen times; what it finds is then judged on all cases
MOST_SEARCHED = 50_000


def paths(
    product: Product,
    study: OpenStudy,
    policy: Decides | None,
    found: Sequence[Verdict],
    instruments: Mapping[str, Instrument],
    sealed: int = 0,
    others: OtherRungs | None = None,
) -> tuple[Path, ...]:
    """What to change so that the product passes; ``found`` are the verdicts of the open study.

    ``sealed`` cases stand ready and unopened; ``others`` could be kept instead. There is always at
    least one path: where no lever helps, it says so, and what is left.
    """
    return ways(study, found, rejudging(product, study, policy, instruments, sealed, others))


def ways(study: OpenStudy, found: Sequence[Verdict], rejudge: Rejudging) -> tuple[Path, ...]:
    """Every lever's proposals, the cheapest first, and never none."""
    proposed = [
        path for lever in levers().values() for path in lever.propose(study, found, rejudge)
    ]
    if not any(path.settles for path in proposed):
        proposed += _otherwise(found, rejudge(study), proposed, rejudge.rungs(study))
    if any(verdict.hypothetical for verdict in found if verdict.tier is Tier.CRITICAL):
        proposed = [_on_paper(path) for path in proposed]
    if study.candidates > 1:
        proposed = [_still_paying(path) for path in proposed]
    return tuple(sorted(proposed, key=_cheapest_first))


def rejudging(
    product: Product,
    study: OpenStudy,
    policy: Decides | None,
    instruments: Mapping[str, Instrument],
    sealed: int = 0,
    others: OtherRungs | None = None,
) -> Rejudging:
    """What levers judge ``study`` again with."""
    narrowed = fields(product, study.tables["cases"].schema)
    return Rejudging(product, policy, instruments, narrowed, sealed, others)


@dataclass(frozen=True)
class OpenPaths:
    """Paths of a judgement on sealed cases, which were not used, and a note that says so.

    ``certificate`` is that of a triage product, with what its policy does with the open cases;
    ``unanswered`` says, by table, under which perturbation not every open case was answered.
    """

    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    certificate: Certificate | None = None
    unanswered: Mapping[str, str] = field(default_factory=dict)


NO_OPEN_CASES = Path(
    "otherwise",
    "Open some cases: add a validation set to `data.split`, and run `roadworthy check`.",
    "paths are worked out on open cases alone, and there are none.",
)


def open_paths(
    product: Product,
    settled: Settled,
    parted: Parted,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
    beside: Mapping[str, pl.DataFrame],
    missing: Mapping[str, str],
) -> OpenPaths:
    """The paths from a judgement of the validation set alone, worked out before a seal is opened.

    ``beside`` and ``missing`` are the tables beside the cases. Afterwards no sealed case is left.
    """
    cases, certificate = parted.open(SetName.VALIDATION), settled.certificate
    if is_designed(cases):
        return OpenPaths(certificate=certificate)
    judged = settled.judged
    if cases.height == 0:
        if certificate is not None:
            its = judged.prepared(parted.open(SetName.CALIBRATION))
            certificate = on_open_cases(certificate, product, its, "calibration", fresh=False)
        return OpenPaths((NO_OPEN_CASES,), certificate=certificate)
    answered, name = judged.prepared(cases), str(SetName.VALIDATION)
    if certificate is not None:
        certificate = on_open_cases(certificate, product, answered, name)
    under = perturbed(judged, answered)
    study = OpenStudy(
        subject=judged.subject,
        set=name,
        tables={"cases": answered, **under.tables, **beside},
        open_levels=parted.all_open,
        candidates=settled.candidates,
        missing_tables={**missing, **under.missing},
        certificate=certificate,
    )
    found = verdicts(product, study, instruments)
    note = (
        f"The paths to yes were worked out on the {study.set} set ({cases.height:,} open cases); "
        "no sealed case was used for them."
    )
    others = OtherRungs(product, workspace, parted, settled, instruments)
    ways = paths(product, study, judged.policy, found, instruments, others=others)
    return OpenPaths(ways, (note,), certificate, under.missing)


def _still_paying(path: Path) -> Path:
    """Who follows a path and checks these cases again is judged more strictly than it told."""
    if not path.selection or path_words.PAYING in path.assumed:
        return path
    return replace(path, assumed=(*path.assumed, path_words.PAYING))


def _on_paper(path: Path) -> Path:
    if path_words.ON_PAPER in path.assumed:
        return path
    return replace(path, assumed=(*path.assumed, path_words.ON_PAPER))


def _cheapest_first(path: Path) -> tuple[bool, float, float]:
    cases = math.inf if path.cases is None else float(path.cases)
    # what must be done anyway, and costs no case, comes before what is not enough by itself
    return not path.settles and cases > 0, cases, path.per_case.value if path.per_case else 0.0


class AllRows(Protocol):
    """Judges all the rows of a table of which ``study`` holds a sample."""

    @property
    def study(self) -> OpenStudy:
        """The study with the sample."""

    @property
    def sketch(self) -> OpenStudy:
        """The sample by itself."""

    def judge(
        self,
        product: Product,
        policy: Decides | None,
        changed: OpenStudy,
        instruments: Mapping[str, Instrument],
    ) -> tuple[tuple[Verdict, ...], Counted]:
        """The verdicts of all rows for a product and a policy that were changed, with the cells."""


@dataclass(frozen=True)
class Rejudging:
    """Judges an open study again under a change (see core.lever.Rejudge)."""

    product: Product
    policy: Decides | None
    instruments: Mapping[str, Instrument]
    fields: tuple[str, ...] = ()
    sealed: int = 0
    others: OtherRungs | None = None
    all_rows: AllRows | None = None
    _judged: dict[tuple[int, Change], tuple[OpenStudy, tuple[Verdict, ...], Counted | None]] = (
        field(default_factory=dict, compare=False)
    )

    def __call__(self, study: OpenStudy, change: Change = AS_IT_IS) -> tuple[Verdict, ...]:
        """The verdicts under ``change``, at the full alpha, without sizing any next test."""
        return self._again(study, change)[0]

    def _again(
        self, study: OpenStudy, change: Change
    ) -> tuple[tuple[Verdict, ...], Counted | None]:
        key = (id(study), change)
        if key not in self._judged:
            # the study is kept beside its verdicts, so that its id stays its own
            self._judged[key] = (study, *self._judge(study, change))
        return self._judged[key][1:]

    def _judge(
        self, study: OpenStudy, change: Change
    ) -> tuple[tuple[Verdict, ...], Counted | None]:
        product, changed = self._changed(study, change)
        quick = incurious(self.instruments, *(r.metric for r in product.requirements))
        if self.all_rows is not None and study is self.all_rows.study:
            return self.all_rows.judge(product, change.policy or self.policy, changed, quick)
        return verdicts(product, changed, quick), None

    def fresh(self, study: OpenStudy, change: Change = AS_IT_IS) -> Fresh:
        """The fresh set that would show every gating requirement under ``change``."""
        product, changed = self._changed(study, change)
        again, all_rows = self._again(study, change)
        selected = study.candidates > 1 or change != AS_IT_IS
        return fresh.fresh_set(
            product, changed, again, self.instruments, self.sealed, selected, all_rows
        )

    def rungs(self, study: OpenStudy) -> Rungs:
        """The models that could be judged on ``study`` instead."""
        _require_open(study)
        return Rungs() if self.others is None else self.others.on(study.tables["cases"])

    def sketch(self, study: OpenStudy) -> OpenStudy:
        """The first cases in the order of their ids' hashes, which says nothing of their values."""
        if self.all_rows is not None and study is self.all_rows.study:
            return self.all_rows.sketch
        if study.tables["cases"].height <= MOST_SEARCHED:
            return study
        some = {
            name: study.tables[name].head(MOST_SEARCHED)
            for name in ("cases", *under_tables(study.tables))
        }
        return replace(study, tables={**study.tables, **some})

    def enlarged(self, study: OpenStudy, cases: int) -> OpenStudy:
        """The study with its rows repeated until there are ``cases``."""
        if self.all_rows is not None and study is self.all_rows.study:
            return study
        return fresh.enlarged(study, cases)

    def _changed(self, study: OpenStudy, change: Change) -> tuple[Product, OpenStudy]:
        _require_open(study)
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
        if change.rung is not None:
            study, cases = self._by(change.rung, study, cases)
        if change.team is not None:
            product = asked_of(product, change.team, self.instruments)
            cases = with_calls(cases, product)
        policy = change.policy or (change.rung.policy if change.rung else self.policy)
        if policy is not None:
            cases = decide(cases, policy, product.decision.referred)
        else:
            cases = without_decision(cases)
        under = decided_again(study, cases, policy, product.decision.referred)
        tables = {**study.tables, **under, "cases": cases}
        return product, replace(study, tables=tables, open_levels=known, candidates=1)

    def _by(
        self, rung: OtherRung, study: OpenStudy, cases: pl.DataFrame
    ) -> tuple[OpenStudy, pl.DataFrame]:
        """The study and its cases as another model would answer them."""
        assert self.others is not None
        tables, why = self.others.tables(rung, study.tables)
        answered = self.others.answered(rung, cases)
        under = self.others.under(rung, answered)
        missing = {**study.missing_tables, **why, **under.missing}
        tables |= under.tables
        return replace(study, tables=tables, missing_tables=missing), answered


def _require_open(study: OpenStudy) -> None:
    if not isinstance(study, OpenStudy):
        raise TypeError(f"a lever may look at open data only, and {study.set!r} is not open")


def _otherwise(
    found: Sequence[Verdict], again: Sequence[Verdict], proposed: Sequence[Path], rungs: Rungs
) -> list[Path]:
    """What is left where nothing that was tried would settle it."""
    apart = out_of_reach(found) | out_of_reach(again)
    left = [v for v in path_words.still_open(again) if (v.requirement, v.slice) not in apart]
    if not left:
        return [] if proposed else [FRESH]
    who = path_words.names(left)
    tried = [f"no lever ({', '.join(levers())}) is expected to be enough"]
    if rungs.others:
        titles = dict.fromkeys(other.title for other in rungs.others)
        tried.append(f"trained here on the same features, {' and '.join(titles)} would not be")
    return [
        Path(
            "otherwise",
            f"Find a better model for {who}: more or better training cases, other features, or "
            "another kind of model; or question the requirement with whoever set it.",
            f"open data cannot say how much that would bring; {'; '.join(tried)}.",
            assumed=(f"it would have to reach: {path_words.wanted(left)}",),
        )
    ]


FRESH = Path(
    "otherwise",
    "Judge on cases that chose nothing: fresh ones, or the sealed set by `roadworthy certify`.",
    "these cases show every requirement at the whole alpha; but they did the choosing, and pay.",
)


def unopened(product: Product, parted: Parted) -> int:
    """How many sealed cases may still be looked at; known by their ids, not by their rows."""
    names = parted.sealed_names()
    if not len(names) or np.isin(names, sealed_names(product, retired=True)).any():
        return 0
    ids = stable_hash(parted.ids(SetName.SEALED)).to_numpy()
    before = opened_before(Workspace.beside(product.file))
    return 0 if np.isin(ids, before).any() else parted.sizes()[SetName.SEALED]


def fields(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """The columns by which the scope may be narrowed: slices, the scope's own, and features."""
    sliced = [n for r in product.requirements for rule in r.slices for n in rule.by]
    named = product.scope.fields
    try:
        features = feature_columns(product, schema)
    except BadInput:
        features = ()
    asked = dict.fromkeys([*sliced, *named, *features])
    return tuple(n for n in asked if n in schema and n not in product.data.text)
