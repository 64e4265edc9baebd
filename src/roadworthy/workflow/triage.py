"""The look at calibration cases: one policy is certified, once, and written down before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.model import Brought, Model
from roadworthy.core.policy import REFERS_ALL, Triage
from roadworthy.core.product import Product, SetName
from roadworthy.io.certificate_json import certificate_from_json, certificate_to_json
from roadworthy.io.fingerprint import fingerprint
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.store import certificates
from roadworthy.store.certificates import Asked, Look
from roadworthy.store.seen import open_names, seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.calibrate import (
    case_costs,
    made_from,
    protected_columns,
    thresholds_to_try,
)
from roadworthy.workflow.drawn_in import drawn_in
from roadworthy.workflow.guarding import Guarding
from roadworthy.workflow.source import Parted, known, names
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.witnessed import (
    note_look,
    note_made,
    refuse_forgotten,
    require_witnessed,
)


def certified(
    product: Product,
    workspace: Workspace,
    parted: Parted,
    model: Model,
    guard: Guarding | None = None,
) -> Certificate:
    """The certificate of this model, guard and decision: the kept one, or a new look at the cases.

    What the guard turns away is out of scope, and certifies nothing.

    Raises:
        BadInput: there is nothing to certify on.
        Refused: the cases were seen, certified something else, or the certificate is no longer
            valid.
    """
    blind = Judged(product, model, REFERS_ALL, guard)
    scored = _scored(blind, parted)
    asked = _asked(product, model, scored, guard)
    now = datetime.now(UTC)
    taken = _look(product, workspace, model, scored, asked, now)
    kept = certificates.answer(workspace, taken)
    if kept is not None:
        kept_one = _valid(_read(product, kept, asked, guard, taken), now.date())
        return drawn_in(product, scored, kept_one)
    note_look(product, taken)
    others = [parted.open(name) for name in (SetName.VALIDATION, SetName.TRAIN)]
    tried = thresholds_to_try(product, blind, others)
    made = made_from(product, scored, parted.all_open, tried, taken.number)
    found = replace(
        made,
        made=taken.at[:10],
        expires=_expires(product, taken),
        fingerprints=_fingerprints(asked, model, guard),
    )
    content = certificate_to_json(found)
    # in this order: one that is kept and unknown would be taken for a forged one
    note_made(product, content)
    certificates.keep_answer(workspace, taken, content)
    return drawn_in(product, scored, found)


def kept_certificate(
    product: Product,
    workspace: Workspace,
    parted: Parted,
    model: Model,
    guard: Guarding | None = None,
) -> Certificate:
    """The certificate that was kept for this model, guard and decision, valid or expired.

    Nothing is looked at for the first time, and nothing is written.

    Raises:
        Refused: nothing was certified, or something else was.
    """
    scored = _scored(Judged(product, model, REFERS_ALL, guard), parted)
    asked = _asked(product, model, scored, guard)
    taken = certificates.same(workspace, names(scored), asked)
    kept = None if taken is None else certificates.answer(workspace, taken)
    if taken is None or kept is None:
        raise _nothing_kept(product, certificates.sharing(workspace, names(scored)), asked)
    return drawn_in(product, scored, _read(product, kept, asked, guard, taken))


def policy_of(certificate: Certificate, product: Product) -> Triage:
    """What the certificate lets the product decide alone; the rest a person does, or with help."""
    rules = product.decision.triage
    assist_from = None if rules is None else rules.assist_from
    return Triage(certificate.threshold("clear"), certificate.threshold("flag"), assist_from)


def present_certificate(
    product: Product,
    workspace: Workspace,
    parted: Parted,
    model: Model,
    guard: Guarding | None = None,
) -> Certificate | None:
    """The certificate that was kept, without taking a look; None: a look may still be taken.

    Raises:
        BadInput: there is nothing to certify on.
        Refused: as ``certified``, which would take the look.
    """
    scored = _scored(Judged(product, model, REFERS_ALL, guard), parted)
    asked = _asked(product, model, scored, guard)
    before = certificates.same(workspace, names(scored), asked)
    if before is None:
        _refuse_seen(workspace, model, scored)
        refuse_forgotten(
            product, names(scored), certificates.refuse_spent(workspace, names(scored), asked)
        )
        return None
    kept = certificates.answer(workspace, before)
    if kept is None:
        return None
    today = datetime.now(UTC).date()
    return drawn_in(product, scored, _valid(_read(product, kept, asked, guard, before), today))


def _scored(blind: Judged, parted: Parted) -> pl.DataFrame:
    """The calibration cases with the scores that would be certified."""
    cases = blind.guarded(parted.open(SetName.CALIBRATION))
    _require_cases(blind.product, cases)
    answers = blind.answers(cases)
    assert answers is not None
    return cases.with_columns(answers.alias(columns.SCORE))


def _require_cases(product: Product, cases: pl.DataFrame) -> None:
    inside = cases.filter(pl.col(columns.INSIDE))
    told = {"clear": ("positive", inside[columns.POSITIVE].sum())}
    told["flag"] = ("negative", inside.height - int(told["clear"][1] or 0))
    assert product.decision.triage is not None
    for one in product.decision.triage.risks:
        kind, count = told[one.risk.side]
        if not count:
            raise BadInput(
                f"none of the {inside.height} calibration cases in scope is {kind}, so nothing can "
                f"be certified for the side that would {one.risk.side}.",
                code="no_calibration_cases",
                where=f"{product.file.name}: data.split",
                value=0,
                next_step="Give `calibration` a larger share, or check `data.positive`.",
            )


def _look(
    product: Product,
    workspace: Workspace,
    model: Model,
    cases: pl.DataFrame,
    asked: Asked,
    now: datetime,
) -> Look:
    """The earlier look that asked the same, or a new one, which nobody may have prepared for."""
    ours = names(cases)
    before = certificates.same(workspace, ours, asked)
    if before is not None:
        return before
    _refuse_seen(workspace, model, cases)
    refuse_forgotten(product, ours, len(certificates.sharing(workspace, ours)))
    return certificates.look(workspace, ours, asked, now)


def _refuse_seen(workspace: Workspace, model: Model, cases: pl.DataFrame) -> None:
    seen = open_names(workspace)
    if model.files and not isinstance(model, Brought):
        seen = np.union1d(seen, seen_ids(workspace, model.fingerprint))
    shared = int(known(cases, seen).sum())
    if shared:
        raise Refused(
            f"{shared} of the {cases.height} calibration cases were open before: trained on, "
            "chosen on or judged in this workspace, under another split or table.",
            code="calibration_seen",
            where="the calibration split",
            value=shared,
            next_step="Restore the split and table as they were, or bring cases that nobody saw.",
        )


def _asked(
    product: Product, model: Model, scored: pl.DataFrame, guard: Guarding | None = None
) -> Asked:
    """What would be certified, by fingerprint; labels are hashed here and not looked at."""
    rules = product.decision.triage
    assert rules is not None
    data, costs = product.data, product.costs
    decision = {
        "risks": [asdict(risk) for risk in rules.risks],
        "confidence": rules.confidence,
        "protect": [asdict(rule) for rule in rules.protect],
        "valid_days": rules.valid_days,
        # profit and labels decide nothing here
        "costs": None
        if costs is None
        else asdict(replace(costs, profit=None, label=None, unit="")),
        "scope": [asdict(rule) for rule in product.scope.rules],
        "prevalence": data.prevalence,
        "unit": data.unit,
    }
    if guard is not None:
        decision["guard"] = guard.guard.fingerprint
    digest = hashlib.sha256(json.dumps(decision, sort_keys=True, default=str).encode())
    own = (columns.ID, columns.UNIT, columns.POSITIVE, columns.INSIDE, columns.SCORE)
    used = dict.fromkeys([*own, *protected_columns(product), *case_costs(product)])
    rows = scored.select(list(used))
    return Asked(model.fingerprint, digest.hexdigest(), fingerprint(rows, columns.ID), rules.looks)


def _fingerprints(asked: Asked, model: Model, guard: Guarding | None) -> dict[str, str | None]:
    calibrator = model.calibrator_fingerprint if isinstance(model, CalibratedModel) else None
    return {
        "data": asked.data,
        "model": asked.model,
        "decision": asked.decision,
        "calibrator": calibrator,
        "guard": None if guard is None else guard.guard.fingerprint,
    }


def _expires(product: Product, taken: Look) -> str | None:
    rules = product.decision.triage
    if rules is None or rules.valid_days is None:
        return None
    last = date.fromisoformat(taken.at[:10]).toordinal() + rules.valid_days
    return date.fromordinal(last).isoformat()


def _read(
    product: Product,
    kept: dict[str, object],
    asked: Asked,
    guard: Guarding | None,
    taken: Look,
) -> Certificate:
    """The kept certificate, if it is whole and about this very subject."""
    try:
        found = certificate_from_json(kept)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise _no_certificate(taken, "cannot be read", "broken_certificate") from problem
    ours: dict[str, str | None] = {
        "data": asked.data,
        "model": asked.model,
        "decision": asked.decision,
        "guard": None if guard is None else guard.guard.fingerprint,
    }
    theirs = {key: found.fingerprints.get(key) for key in ours}
    if theirs != ours or (found.look, found.looks) != (taken.number, asked.looks):
        differs = ", ".join(key for key in ours if theirs[key] != ours[key]) or "looks"
        raise _no_certificate(
            taken, f"belongs to something else: its {differs} differ", "foreign_certificate"
        )
    require_witnessed(product, taken, kept)
    return found


def _valid(found: Certificate, today: date) -> Certificate:
    if found.expired(today):
        raise Refused(
            f"the certificate of {found.made} was valid until {found.expires}.",
            code="certificate_expired",
            where="decision.valid_days",
            value=found.expires,
            next_step="Bring fresh calibration cases: what has drifted since, these cannot show.",
        )
    return found


def _no_certificate(taken: Look, what: str, code: str) -> Refused:
    return Refused(
        f"the kept certificate {what}.",
        code=code,
        where=f".roadworthy/{certificates.CERTIFICATES}/{taken.name}",
        next_step="Restore the folder from a backup, or bring fresh calibration cases.",
    )


def _nothing_kept(product: Product, others: list[Look], asked: Asked) -> Refused:
    """Why there is no certificate for this very subject; a look is not taken on the side."""
    differs = [one for one in others if one.asked != asked]
    if not differs:
        return Refused(
            "nothing is certified yet, so nothing may be decided without a person.",
            code="no_certificate",
            where=f"{product.file.name}: decision",
            next_step="Run `roadworthy check` first: it certifies the policy on the calibration "
            "cases, once.",
        )
    last = differs[-1]
    return Refused(
        f"the certificate of {last.at[:10]} is about {certificates.told(last.asked, asked)}.",
        code="foreign_certificate",
        where=f".roadworthy/{certificates.CERTIFICATES}/{last.name}",
        value=last.at,
        next_step="Restore what was certified, or bring fresh calibration cases and run "
        "`roadworthy check`.",
    )
