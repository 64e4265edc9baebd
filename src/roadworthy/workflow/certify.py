"""certify: looks at the sealed set, after everything else is settled and written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.device import TIMINGS
from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Brought
from roadworthy.core.product import Product, SetName
from roadworthy.core.seal import Answered, Look, SealedSet, Told
from roadworthy.core.study import Study
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io.certificate_json import certificate_to_json
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.io.registry import instruments
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.certificates import certified_names
from roadworthy.store.cipher import require_key
from roadworthy.store.keys import vault_key
from roadworthy.store.seen import note_open, open_names, seen_ids
from roadworthy.store.vault import Vault, sealed_sets, write_answer, write_look
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import UNVERIFIED, agreements, hypothetical_notes, keep, notes
from roadworthy.workflow.choosing import Chosen, chosen_set
from roadworthy.workflow.custody import Custody
from roadworthy.workflow.imaging import unread_notes
from roadworthy.workflow.incurious import incurious
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.looking import (
    Ask,
    answered_before,
    ask,
    extra_bits,
    frozen,
    next_look,
    softened,
    softened_since_sealing,
)
from roadworthy.workflow.meaning import read_otherwise
from roadworthy.workflow.measure import population, verdicts, verdicts_and_pictures
from roadworthy.workflow.one_pass import sealed_verdicts
from roadworthy.workflow.paths import OpenPaths, open_paths
from roadworthy.workflow.perturbing import perturbed, refuse_never_asked, refuse_unanswered
from roadworthy.workflow.pictures import Asked
from roadworthy.workflow.rehearsed import Rehearsed, open_answers, refuse_uncertified, rehearse
from roadworthy.workflow.seal import budget_of, enclose, refuse_unfit
from roadworthy.workflow.sealed_files import (
    refuse_shared_files,
    refuse_uncovered,
    unchanged,
)
from roadworthy.workflow.shut_in import answering, own_code, sealed_notes
from roadworthy.workflow.source import Parted, checked, load_cases, names
from roadworthy.workflow.strata import require_hope, strata_of
from roadworthy.workflow.studies import Settled, other_tables, resolve, settle
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.uncovered import covering
from roadworthy.workflow.unmeasurable import refuse_missing, refuse_unmarked
from roadworthy.workflow.unseen import refuse_lacking, refuse_sealed_before, refuse_standing
from roadworthy.workflow.uploaded import uploaded
from roadworthy.workflow.vault import same_rows, vault_if_there, vault_of
from roadworthy.workflow.verification import by_design, is_designed
from roadworthy.workflow.ways import ways as ways_of_working
from roadworthy.workflow.withholding import withheld


def certify(
    product: Given,
    *,
    reveal: str | None = None,
    on: str | None = None,
    predictions: object | None = None,
    vault: str | None = None,
) -> Judgement:
    """Settles everything, writes down what it will look at and why, and only then looks.

    The set is the newest that the vault keeps for the product, or the one called ``on``; a product
    whose split has a sealed part, and of which none is kept, is sealed on the spot. While looks
    remain the answer is PASS or INCONCLUSIVE ("not yet") and no number is told. ``reveal`` is
    ``numbers``, which shows all and retires the set, or ``requirements``, which tells PASS or not
    of each and costs later looks. ``predictions`` is a table of ids and answers, in place of the
    column that product.yaml names. ``vault`` is the address of a custodian's server, which does all
    of this on a set that nobody here holds; the token is in the variable ROADWORTHY_VAULT_TOKEN.

    Raises:
        BadInput: something is wrong with the product, its model or its data.
        Refused: the looks are spent, the cases were seen, or the look could never end in PASS.
    """
    if vault is not None:
        from roadworthy.workflow.custodian import certify_there

        _told(reveal)
        return certify_there(product, vault, reveal=reveal, on=on, predictions=predictions)
    return look_for(as_product(product), None, reveal=reveal, on=on, predictions=predictions)


def look_for(
    product: Product,
    custody: Custody | None,
    *,
    reveal: str | None = None,
    on: str | None = None,
    predictions: object | None = None,
) -> Judgement:
    """What ``certify`` does, here; ``custody``: for somebody who may not hold the sealed rows."""
    told, registry, workspace = _told(reveal), instruments(), Workspace.beside(product.file)
    parted = load_cases(product)
    if custody is not None:
        custody.require_open(product, parted)
    chosen = chosen_set(product, parted, on)
    if custody is not None:
        custody.require_meant(product, chosen.sealed, told, answers_sent=predictions is not None)
    resolve(product, parted.schema, registry)
    brought = None
    if predictions is not None:
        brought = uploaded(product, predictions, chosen.items.ids)
    settled = settle(product, workspace, parted, registry, brought)
    refuse_uncertified(settled.certificate)
    run = _Certifying(product, registry, workspace, parted, chosen, settled, told, custody)
    return run.stored() or run.take()


@dataclass(frozen=True)
class _Beside:
    """What is settled on open cases before anything is opened."""

    asked: Judged
    tables: Mapping[str, pl.DataFrame]
    missing: Mapping[str, str]
    ways: OpenPaths
    rehearsed: Rehearsed | None


@dataclass(frozen=True)
class _Certifying:
    """One run of certify, with everything that is settled before anything is opened."""

    product: Product
    registry: Mapping[str, Instrument]
    workspace: Workspace
    parted: Parted
    chosen: Chosen
    settled: Settled
    told: Told
    custody: Custody | None = None

    @property
    def judged(self) -> Judged:
        return self.settled.judged

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """What is committed to, by hash."""
        certified, model = self.settled.certificate, self.judged.model
        certificate = None if certified is None else certificate_to_json(certified)
        upload = model.digest if isinstance(model, ScoredTable) else ""
        found = frozen(self.judged, certificate, upload)
        if isinstance(model, Brought) or own_code(model):
            # nothing names all that a team's code answers by: its answers are part of who it is
            asked = answering(self.judged, self.chosen.stands_open)
            found["answers"] = open_answers(asked, self.parted)
        return found

    @cached_property
    def ask(self) -> Ask:
        return ask(self.product, self.judged, self.frozen, self.told)

    def stored(self) -> Judgement | None:
        """The answer that the very same got before; it costs nothing. None: it was never asked."""
        sealed = self.chosen.sealed
        look = answered_before(sealed, self.ask) if sealed else None
        if sealed is None or look is None or look.answered is None:
            return None
        with vault_of(self.product) as vault:
            found = from_json(vault.answer(look))
        self._keep(found, sealed)
        told = (
            f"This is the answer of look {look.number}, given on {look.answered.at[:10]}: the very "
            "same was asked again, so it cost nothing."
        )
        return replace(found, notes=(*found.notes, told))

    def take(self) -> Judgement:
        """Takes a look; whatever can fail without one does so first."""
        self._refuse_in_vain()
        beside = self._beside()
        with vault_of(self.product) as vault:
            sealed, look = self._opened(vault)
            raw = vault.rows(sealed, look)
            refuse_shared_files(raw, self.parted.all_open)
            raw = unchanged(raw, self.product, self.judged.model)
            judgement = self._judgement(sealed, look, raw, beside)
            judgement = self._answer(vault, look, judgement)
        if look.told is Told.NUMBERS:
            # whoever saw the numbers has seen the cases, whatever becomes of the vault
            note_open(self.workspace, self.chosen.items.both)
        self._keep(judgement, sealed)
        return judgement

    def _refuse_in_vain(self) -> None:
        """Refuses what could not end in a proof, before anything is run for it."""
        product, sealed, found = self.product, self.chosen.sealed, self.chosen.found
        refuse_never_asked(product, self.judged.model)
        rows = None if found is None else found.raw
        refuse_unmarked(product, sealed, rows, self.judged.model, self.registry)
        if sealed is None:
            assert found is not None
            with vault_if_there(product) as vault:
                sets = vault.sets() if vault else ()
                refuse_unfit(product, vault, sets, found, self.parted.all_open)
            count, strata = found.cases.height, strata_of(found.cases, product)
            sealed = self.chosen.drafted(product, budget_of(product), count, strata)
        else:
            refuse_uncovered(sealed, product)
            refuse_lacking(product, sealed, self.judged.model.needs)
            if found is not None:
                refuse_shared_files(found.raw, self.parted.all_open)
        look = next_look(sealed, self.ask, product)
        require_hope(product, sealed, look.share, look.number, self.registry)
        model = self.judged.model
        seen = np.union1d(open_names(self.workspace), certified_names(self.workspace))
        if model.files and not isinstance(model, Brought):
            seen = np.union1d(seen, seen_ids(self.workspace, model.fingerprint))
        refuse_standing(self.chosen.sealed, self.chosen.items, self.parted.all_open, seen)

    def _beside(self) -> _Beside:
        product, parted = self.product, self.parted
        asked = answering(self.judged, self.chosen.stands_open)
        # timed anew, on open cases: whoever could choose among timings would choose the best
        timed = parted.all_open.filter(pl.col(columns.INSIDE))
        others, missing = other_tables(product, self.judged, self.workspace, self.registry, timed)
        refuse_missing(product, missing, self.registry)
        if product.device is not None and product.device.here and TIMINGS in others:
            others[TIMINGS] = others[TIMINGS].drop(columns.MEASURED, strict=False)
        rehearsed = None
        if self.chosen.stands_open:
            rehearsed = rehearse(self.settled, parted, others, self.registry)
        note_open(self.workspace, names(parted.open(SetName.VALIDATION)))
        ways = open_paths(
            product, self.settled, parted, self.workspace, self.registry, others, missing
        )
        refuse_unanswered(product, ways.unanswered)
        return _Beside(asked, others, missing, ways, rehearsed)

    def _opened(self, vault: Vault) -> tuple[SealedSet, Look]:
        """The look, written down; in the same breath a set that is sealed on the spot."""
        product, found, now = self.product, self.chosen.found, datetime.now(UTC)
        envelope, before = None, self.chosen.sealed
        # a key that is not there must not spend a look
        key = vault_key(vault.folder, create=before is None)
        if before is not None:
            require_key(key, before.key)
        else:
            assert found is not None
            envelope = enclose(product, found, budget_of(product), key, stands_open=True)
        with vault.database.writing() as connection:
            sets = sealed_sets(connection)
            sealed = next((one for one in sets if one.id == self.chosen.id), None)
            if sealed is None and found is not None:
                # somebody else may have sealed the very same meanwhile
                same = (s for s in sets if same_rows(product, vault, s, found))
                sealed = next(same, None)
            if sealed is None:
                assert envelope is not None and found is not None
                refuse_sealed_before(product, vault, sets, found)
                sealed = envelope.keep(vault, connection, now)
            look = next_look(sealed, self.ask, product)
            if look in sealed.looks:
                return sealed, look
            by = {} if self.custody is None else {"asked_by": self.custody.name}
            look = write_look(connection, sealed, look, {**self.frozen, **by}, now)
        return replace(sealed, looks=(*sealed.looks, look)), look

    def _judgement(
        self, sealed: SealedSet, look: Look, raw: pl.DataFrame, beside: _Beside
    ) -> Judgement:
        """What the look says; a look that tells one bit says no more whatever happens."""
        if look.told is Told.NUMBERS:
            with nullcontext() if self.custody is None else self.custody.discreet():
                return self._judge(sealed, look, raw, beside)[0]
        try:
            judgement, cells = self._judge(sealed, look, raw, beside)
        except (MemoryError, OSError):
            raise BadInput(
                "this machine could not finish the look; what it was doing is not told.",
                code="look_interrupted",
                where="the sealed set",
                next_step="Run it again: the same product goes on with the same look.",
            ) from None
        except Exception:
            # what went wrong on sealed cases, and even that it did, would be another bit
            judgement, cells = self._said(sealed, look, beside, Outcome.INCONCLUSIVE), ()
        return withheld(judgement, self.product, sealed, look, cells)

    def _judge(
        self, sealed: SealedSet, look: Look, raw: pl.DataFrame, beside: _Beside
    ) -> tuple[Judgement, tuple[Verdict, ...]]:
        product = self.product
        study = Study(
            subject=self.judged.subject,
            set=str(SetName.SEALED),
            tables=beside.tables,
            open_levels=self.parted.all_open,
            missing_tables=beside.missing,
            certificate=beside.ways.certificate,
            share=look.share,
        )
        quick = incurious(self.registry)
        if look.told is not Told.NUMBERS:
            # the same work whatever the answer: sizing a next test takes longer than a PASS does
            found = sealed_verdicts(beside.asked, raw, study, quick)
            if found is not None:
                return self._said(sealed, look, beside, product_outcome(found)), found
        # the rows were sealed in an order that hangs on no value
        cases = checked(raw, product)
        answered = beside.asked.prepared(cases, self._answers(cases, beside))
        certificate = beside.ways.certificate
        if self.settled.certificate is not None:
            covered = covering(self.settled.certificate, product, answered)
            certificate = certificate if covered.outcome is Outcome.PASS else covered
        under = perturbed(beside.asked, answered, sealed=not self.chosen.stands_open)
        tables = {"cases": answered, **under.tables, **beside.tables}
        missing = {**study.missing_tables, **under.missing}
        study = replace(study, tables=tables, missing_tables=missing, certificate=certificate)
        if look.told is not Told.NUMBERS:
            found = verdicts(product, study, by_design(answered, quick))
            outcome = product_outcome(found, certificate)
            # what a certificate lacks for these cases would be told with the reason
            return self._said(sealed, look, beside, outcome), found
        asked = Asked(self.judged, answered.schema)
        complete = not is_designed(answered)
        registry = by_design(answered, self.registry)
        found, pictures = verdicts_and_pictures(product, study, registry, asked)
        outcome = product_outcome(found, certificate)
        told = self._said(sealed, look, beside, outcome, certificate, found)
        unseen = unread_notes(product, self.judged.model, answered)
        told = replace(told, notes=(*told.notes, *unseen))
        if complete:
            working = ways_of_working(self.judged, answered, self.registry, certificate)
            told = replace(told, ways=working)
        else:
            told = replace(told, notes=(*told.notes, UNVERIFIED))
        people = population(answered)
        return replace(told, verdicts=found, population=people, pictures=pictures), found

    def _answers(self, cases: pl.DataFrame, beside: _Beside) -> pl.Series | None:
        truth = (self.product.data.truth, columns.POSITIVE, columns.TRUTH, columns.BOXES)
        blind = cases.drop([name for name in truth if name], strict=False)
        inputs = beside.asked.guarded(blind)
        if beside.rehearsed is not None:
            same = beside.rehearsed.on(inputs)
            if same is not None:
                return same
        try:
            return beside.asked.answers(inputs)
        except RoadworthyError as problem:
            if self.chosen.stands_open:
                raise
            raise BadInput(
                "the model did not answer every sealed case as it should; what it said is not "
                "told, since it saw sealed cases.",
                code=problem.code,
                where=self.judged.model.name,
                next_step="Try it on open cases: `roadworthy check`. The same product goes on with "
                "the same look.",
            ) from None

    def _said(
        self,
        sealed: SealedSet,
        look: Look,
        beside: _Beside,
        outcome: Outcome,
        certificate: Certificate | None = None,
        found: tuple[Verdict, ...] = (),
    ) -> Judgement:
        """A judgement with everything that is no secret; ``found`` where the verdicts are none."""
        judged, ways = self.judged, beside.ways
        opened = (
            f"The sealed set was opened for this on {look.at[:10]}: look {look.number} of "
            f"{sealed.budget.looks}."
        )
        return Judgement(
            product=self.product.name,
            outcome=outcome,
            set=str(SetName.SEALED),
            subject=judged.subject,
            version=__version__,
            verdicts=(),
            population=Population(sealed.cases, None, None, None),
            fingerprints={
                "product.yaml": self.product.fingerprint,
                "data": self.parted.fingerprint,
                "model": judged.model.fingerprint,
                "sealed set": sealed.root,
                **(judged.guard.fingerprints if judged.guard else {}),
            },
            notes=(
                *notes(self.product, self.settled, 1),
                *agreements(found),
                *hypothetical_notes(found),
                opened,
                *softened(sealed, look),
                *softened_since_sealing(sealed, look.wanted),
                *read_otherwise(sealed, self.product),
                *sealed_notes(judged, self.chosen.stands_open),
                *(ways.notes if outcome is not Outcome.PASS else ()),
                *since_loaded(self.product),
            ),
            paths=ways.paths if outcome is not Outcome.PASS else (),
            certificate=ways.certificate if certificate is None else certificate,
        )

    def _answer(self, vault: Vault, look: Look, judgement: Judgement) -> Judgement:
        """Keeps the answer and writes it down; from now on the look is spent.

        Where another process has answered the same look meanwhile, its answer is the answer.
        """
        content = json.dumps(to_json(judgement), indent=2, allow_nan=False) + "\n"
        now, retired = datetime.now(UTC), ""
        if look.told is Told.NUMBERS:
            retired = f"look {look.number} showed its numbers"
        with vault.database.writing() as connection:
            sealed = next(one for one in sealed_sets(connection) if one.id == look.set)
            first = sealed.looks[look.number - 1]
            if first.answered is not None:
                return from_json(vault.answer(first))
            digest = vault.artifacts.put(connection, content.encode())
            passed = judgement.outcome is Outcome.PASS
            bits = extra_bits(look.told, look.wanted)
            write_answer(connection, look, Answered("", passed, bits, digest), retired, now)
        return judgement

    def _keep(self, judgement: Judgement, sealed: SealedSet) -> None:
        keep(self.workspace, self.product, judgement, "sealed", f"sealed-{sealed.id}")


def _told(reveal: str | None) -> Told:
    words = {None: Told.BIT, "requirements": Told.REQUIREMENTS, "numbers": Told.NUMBERS}
    if reveal in words:
        return words[reveal]
    raise BadInput(
        f"nothing called {reveal!r} can be revealed.",
        code="usage",
        where="reveal",
        value=reveal,
        next_step="`numbers` shows all and retires the set; `requirements` tells PASS or not of "
        "each requirement, and makes every later look stricter.",
    )
