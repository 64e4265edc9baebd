"""The models that could be kept instead of the present one, fitted on training cases alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.ladder import Ladder, NotFitted
from roadworthy.core.lever import OtherRung, Rungs
from roadworthy.core.model import Model
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.rung import Rung, kind
from roadworthy.io.registry import collectors
from roadworthy.models.timing import one_by_one
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.fitting import Candidate, fit
from roadworthy.workflow.kept_rungs import KeptRung, Training, keep_rung, kept_rung
from roadworthy.workflow.ladder import ARTIFACT, TIMED, WARM_UP, asked_for, by_rank
from roadworthy.workflow.parent import parent_of
from roadworthy.workflow.perturbing import Perturbed, perturbations_of, perturbed
from roadworthy.workflow.source import Parted, feature_columns, known, names
from roadworthy.workflow.studies import Settled
from roadworthy.workflow.subject import TRAINED, Judged, ladder_of, rungs_of
from roadworthy.workflow.tune import choose_threshold
from roadworthy.workflow.under import under_tables

# what a check fits must not keep anybody waiting: so many values to learn from at most
MOST_LEARNT = 1_000_000
# a threshold is chosen on so many cases at most
MOST_TUNED = 50_000


@dataclass(frozen=True)
class _Offer:
    """A fitted rung under one policy; ``threshold`` is what product.yaml must say for it."""

    kept: KeptRung
    policy: Policy | None
    threshold: float | Literal["auto", "cost"] | None
    candidates: int


class OtherRungs:
    """What `roadworthy train` could keep instead, worked out when it is first asked for.

    Rungs that `train` fitted are read back; others are fitted here, where that is quick, and kept.
    The model that the product is judged by is never touched.
    """

    def __init__(
        self,
        product: Product,
        workspace: Workspace,
        parted: Parted,
        settled: Settled,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self.product, self.workspace, self.parted = product, workspace, parted
        self.present, self.instruments = settled.judged.model, instruments
        self._judged = settled.judged
        self.untried: dict[str, str] = {}

    def on(self, cases: pl.DataFrame) -> Rungs:
        """What could be judged on ``cases`` instead: nothing that learnt from one of them."""
        training = self._training
        if self.product.decision.triage is not None:
            # another model would have to be certified, and that takes a look at calibration cases
            return Rungs()
        if training is None or known(cases, names(training.cases)).any():
            return Rungs()
        offers = [one for one in self._offers if set(one.kept.model.needs) <= set(cases.columns)]
        ladder = self._ladder
        return Rungs(
            others=tuple(self._told(offer, training) for offer in offers),
            present=None if ladder is None else _present(ladder),
            pairs=1 + sum(offer.candidates for offer in offers),
            untried=tuple(self.untried.items()),
        )

    def answered(self, other: OtherRung, cases: pl.DataFrame) -> pl.DataFrame:
        """The cases with the answers of another rung in the place of the present ones."""
        judged = Judged(self._learning, self._model(other), other.policy)
        answers = judged.answers(cases)
        assert answers is not None
        return cases.with_columns(judged.told(cases, answers))

    def under(self, other: OtherRung, cases: pl.DataFrame) -> Perturbed:
        """The cases as it would answer them under each perturbation; images are not read for it."""
        model = self._model(other)
        if any(map(columns.is_file, model.needs)):
            why = f"{other.title} was not asked about perturbed images yet"
            asked = perturbations_of(self.product)
            return Perturbed({}, {under.table: why for under in asked})
        return perturbed(Judged(self._learning, model, other.policy), cases)

    def tables(
        self, other: OtherRung, present: Mapping[str, pl.DataFrame]
    ) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
        """The tables beside the cases, and why those are missing that the present model made."""
        found: dict[str, pl.DataFrame] = {}
        if ARTIFACT in present and ARTIFACT not in self.product.data.tables:
            found[ARTIFACT] = collectors()[ARTIFACT].collect(self._model(other), pl.DataFrame())
        why = f"it was collected with the present model, and not with {other.title}"
        gone = [name for name in present if name not in ("cases", *found, *under_tables(present))]
        return found, dict.fromkeys(gone, why)

    @cached_property
    def _training(self) -> Training | None:
        if self.product.data.truth is None:
            return None
        try:
            return Training.of(self._learning, self.parted)
        except BadInput:
            return None

    @cached_property
    def _learning(self) -> Product:
        """The product as it would be with a model trained here, whatever it is judged by now."""
        features = feature_columns(self.product, self.parted.schema)
        data = replace(self.product.data, score=None, prediction=None, features=features)
        return replace(self.product, model=None, data=data)

    @cached_property
    def _trained_here(self) -> bool:
        data = self.product.data
        return (self.product.model or data.score or data.prediction) is None

    @cached_property
    def _ladder(self) -> Ladder | None:
        try:
            return (
                ladder_of(self.present.fingerprint, self.workspace) if self._trained_here else None
            )
        except BadInput:
            return None

    @cached_property
    def _fitted(self) -> list[KeptRung]:
        """Every rung that can be fitted, from cheap to costly, save for the present model."""
        assert self._training is not None
        found = []
        for name, rung in by_rank(_loaded(self.product)):
            one = kept_rung(self.workspace, self._training, name, rung)
            one = one or self._fit(name, rung, self._training)
            if one is not None and one.model.fingerprint != self.present.fingerprint:
                found.append(one)
        return found

    def _fit(self, name: str, rung: Rung, training: Training) -> KeptRung | None:
        much = training.cases.height * len(training.features) > MOST_LEARNT
        # images are read, and nets trained, by `roadworthy train` alone: nobody waits for it here
        if much or getattr(rung, "reads_images", False):
            self.untried[name] = rung.title(training.task)
            return None
        note_open(self.workspace, names(training.cases))
        with TemporaryDirectory(prefix="roadworthy-") as folder:
            try:
                one = fit(
                    name,
                    rung,
                    training.task,
                    training.cases,
                    training.features,
                    training.seed,
                    Path(folder),
                    training.guidance,
                )
                if isinstance(one, NotFitted):
                    return None
                ms = self._ms(one)
            except Exception:
                # nobody asked for this rung; whoever does, by `roadworthy train`, hears of it
                return None
        keep_rung(self.workspace, training.key, name, rung, one.artifact, ms, one.took)
        return kept_rung(self.workspace, training, name, rung)

    def _ms(self, one: Candidate) -> float:
        validation = self.parted.open(SetName.VALIDATION)
        shown = validation if validation.height else self.parted.all_open
        return statistics.median(one_by_one(one.model, shown, TIMED, WARM_UP))

    @cached_property
    def _offers(self) -> list[_Offer]:
        return [self._offer(kept) for kept in self._fitted]

    def _offer(self, kept: KeptRung) -> _Offer:
        """Under the threshold of product.yaml, or one of its own.

        A number that was given for the scores of a model from elsewhere says nothing of these.
        """
        decision = self.product.decision
        if self.product.task is not Task.BINARY:
            return _Offer(kept, None, None, 1)
        if isinstance(decision.threshold, str) or not self._trained_here:
            own = self._as_on_the_ladder(kept) or self._own(kept)
            if own is not None:
                return own
        threshold = 0.5 if isinstance(decision.threshold, str) else decision.threshold
        return _Offer(kept, Policy(threshold, decision.refer_between), None, 1)

    def _as_on_the_ladder(self, kept: KeptRung) -> _Offer | None:
        """What `train` chose for it, if product.yaml still says the same."""
        if self.product.decision.cheapest_band:
            # the ladder tells thresholds alone; the band of each is found anew
            return None
        said = self.workspace.read_json(TRAINED) if self._ladder else None
        if self._ladder is None or said is None or said.get("product") != self.product.fingerprint:
            return None
        for step in self._ladder.fitted:
            if step.model == kept.model.fingerprint and step.threshold is not None:
                policy = Policy(step.threshold, self.product.decision.refer_between)
                return _Offer(kept, policy, None, step.candidates)
        return None

    def _own(self, kept: KeptRung) -> _Offer | None:
        """Under the threshold that `auto` or `cost` would choose; None: there is none."""
        validation = self._judged.guarded(self.parted.open(SetName.VALIDATION))
        given = self.product.decision
        by_cost = given.cost_ratio or given.threshold == "cost"
        rule: Literal["auto", "cost"] = "cost" if by_cost else "auto"
        band = None if given.cheapest_band else given.refer_between
        decision = replace(given, threshold=rule, refer_between=band, cost_ratio=False)
        product = replace(self._learning, decision=decision)
        some = validation.head(MOST_TUNED)
        try:
            found = choose_threshold(product, kept.model, some, self.instruments)
        except BadInput:
            # nothing that is required hangs on the threshold, or nobody is in scope
            return None
        word: float | Literal["auto", "cost"] | None = rule
        if some.height < validation.height:
            # `train` would look at all of them, and might choose another one
            word = found.policy.threshold
        elif isinstance(given.threshold, str):
            word = None
        return _Offer(kept, found.policy, word, found.candidates)

    def _told(self, offer: _Offer, training: Training) -> OtherRung:
        kept = offer.kept
        return OtherRung(
            rung=kept.rung,
            title=kept.title,
            model=kept.model.fingerprint,
            bytes=kept.bytes,
            reads=len(kept.model.needs),
            features=tuple(map(columns.shown, training.features)),
            history=self._history(kept),
            policy=offer.policy,
            threshold=offer.threshold,
            ms=kept.ms,
        )

    def _history(self, kept: KeptRung) -> str:
        """What training made of it so far."""
        models, ladder = self.product.models, self._ladder
        if models is not None and kind(kept.rung) not in models:
            return "which `models:` leaves out"
        if kept.model.fingerprint == parent_of(self.present.fingerprint, self.workspace):
            return "which the present model was compressed from"
        if ladder is None:
            return "which was never tried"
        if kept.model.fingerprint in {result.model for result in ladder.fitted}:
            return "which was tried and not kept"
        return "which the present training cases make another model than it was"

    def _model(self, other: OtherRung) -> Model:
        return next(k.model for k in self._fitted if k.model.fingerprint == other.model)


def _present(ladder: Ladder) -> OtherRung:
    kept = ladder.result
    return OtherRung(kept.rung, kept.title, kept.model, kept.bytes, kept.reads, ms=kept.ms)


def _loaded(product: Product) -> dict[str, Rung]:
    """The rungs whose packages can be imported; the others stop only those who name them."""
    found: dict[str, Rung] = {}
    every = rungs_of(product)
    for name in every:
        with suppress(BadInput):
            found[name] = every[name]
    # one that is tried only where it is named would keep everybody else waiting
    named = product.models or ()
    usual = asked_for(replace(product, models=None), found)
    return {name: one for name, one in found.items() if kind(name) in named or name in usual}
