"""compress: makes the net that `train` kept smaller, as far as the requirements are still met."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.compression import PARENT, Compression, PointResult, Stage
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.guidance import Progress
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName
from roadworthy.io import compression_words
from roadworthy.io.compression_json import compression_from_json, compression_to_json
from roadworthy.io.dossier import render_compression
from roadworthy.io.registry import instruments
from roadworthy.store.seen import fitted_ids, note_open, note_seen
from roadworthy.store.tried import note_tried
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import refuse_fitted
from roadworthy.workflow.claims import claims
from roadworthy.workflow.fitting import Decided
from roadworthy.workflow.guarding import Guarding
from roadworthy.workflow.heirs import Making
from roadworthy.workflow.kept_rungs import Training
from roadworthy.workflow.ladder import OpenCases
from roadworthy.workflow.ledger import note
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.parent import CLAIMS, FOLDER, UNPAID, Parent, keep_point
from roadworthy.workflow.points import Made, Trial, sequenced
from roadworthy.workflow.source import Parted, load_cases, names
from roadworthy.workflow.triage import present_certificate
from roadworthy.workflow.verification import refuse_unverified

POINTS, PAGE = f"{FOLDER}/points.json", f"{FOLDER}/compress.html"
CHAINS, POLICIES = f"{FOLDER}/chains.json", "policies"
Tell = Callable[[str], None]


def compress(
    product: Given,
    *,
    look: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Compression:
    """Makes heirs of the kept net, judges each on validation cases, keeps the smallest that meets.

    Heirs learn from training cases alone. They are tested from big to small, each at the whole
    alpha that its parent had, until one is not shown to meet (``stats.fixed_sequence``). ``look``
    keeps nothing in the parent's place. ``tell`` hears what is being made, ``progress`` the epochs.

    Raises:
        BadInput: there is no net, no validation case, or an extra is missing.
    """
    product = as_product(product)
    workspace, registry = Workspace.beside(product.file), instruments()
    parted = load_cases(product)
    parent = Parent.of(product, workspace, parted)
    validation = _validation(product, parted, parent)
    refuse_fitted(workspace, parent.model, validation, str(SetName.VALIDATION))
    training = Training.of(product, parted)
    cases = OpenCases(training.cases, validation, parted.all_open)
    trial = Trial(product, cases, registry, parent.candidates)
    own = trial.decided(parent.model)
    trial = replace(trial, own=1 if own is None else own.candidates)
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        making = Making(
            product, parent, training, validation, Path(folder), progress, tell or _silent
        )
        heirs, missing = making.heirs()
        # the order is fixed here, by sizes, before a heir has seen one validation case
        heirs.sort(key=lambda made: (-len(made.artifact), made.name))
        chains = _chains(workspace, parent, heirs)
        # each sequence of other heirs is one more that could have been the answer
        trial = replace(trial, candidates=trial.candidates + trial.own * (len(chains) - 1))
        results = list(_judged(trial, [making.parent(), *heirs], tell or _silent))
    margin = product.compress.margin
    points, answer = sequenced([result for result, _ in results], margin)
    policies = {result.point: chosen for result, chosen in results}
    found = Compression(
        product=product.name,
        points=points,
        not_made=missing,
        answer=answer,
        kept=_present(points, parent),
        margin=margin,
        candidates=points[0].candidates,
        cases=int(trial.judged[columns.INSIDE].sum()),
        units=_units(trial.judged),
        unjudged=trial.unjudged,
        reduce_range=making.reduce_range,
        machine=_machine(),
        notes=making.notes,
    )
    artifacts = {made.name: made.artifact for made in heirs} | {PARENT: parent.artifact}
    _note(workspace, parted, found, policies)
    stored = workspace.read_json(CHAINS) or {}
    workspace.write_json(CHAINS, {**stored, found.parent.model: chains})
    spent = _spent(product, workspace, parted, parent, heirs, answer)
    keeps = answer is not None and not look and not spent
    found = replace(found, kept=answer if keeps else found.kept, notes=(*found.notes, *spent))
    found = replace(found, sentence=compression_words.sentence(found))
    for name, artifact in artifacts.items():
        workspace.write(f"{FOLDER}/{name}.model", artifact)
    _write(workspace, product, found, {name: _told(one) for name, one in policies.items()})
    if keeps:
        _keep(workspace, product, parent, found, str(answer), artifacts[str(answer)])
    return found


def keep(product: Given, point: str, *, anyway: bool = False) -> Compression:
    """Makes another point of the last compression the product's model; ``parent`` goes back.

    ``anyway``: also one that was not shown to meet. Which one is kept was then chosen among all
    points by what they showed, and every later `check` on these cases divides alpha by them all.

    Raises:
        BadInput: there is no such point, it was not shown to meet, or its file is not whole.
    """
    product = as_product(product)
    workspace = Workspace.beside(product.file)
    parent = Parent.of(product, workspace, load_cases(product))
    found = compression_of(parent.model.fingerprint, workspace)
    if found is None:
        raise BadInput(
            "the net was not compressed yet, or was trained again since.",
            code="not_compressed",
            where=str(workspace.path(POINTS)),
            next_step="Run `roadworthy compress` first.",
        )
    stored = workspace.read_json(POINTS) or {}
    _require_shown(found, point, anyway, same=stored.get(CLAIMS) == claims(product))
    artifact = _whole(workspace, found.of(point)) if point != PARENT else parent.artifact
    kept = replace(found, kept=point)
    kept = replace(kept, sentence=compression_words.sentence(kept))
    _keep(workspace, product, parent, kept, point, artifact)
    workspace.write_json(POINTS, {**stored, **compression_to_json(kept)})
    workspace.write(PAGE, render_compression(kept, product))
    return kept


def compression_of(parent: str | None, workspace: Workspace) -> Compression | None:
    """What the net with this fingerprint was compressed to; None: it was not.

    Raises:
        BadInput: what was kept of it is not whole.
    """
    stored = workspace.read_json(POINTS)
    found = None if stored is None else compression_from_json(stored)
    return found if found is not None and found.parent.model == parent else None


def _judged(
    trial: Trial, points: list[Made], tell: Tell
) -> Iterator[tuple[PointResult, Decided | None]]:
    beside = None
    for at, made in enumerate(points):
        tell(f"judging {made.title} ({at + 1} of {len(points)})")
        result, entered = trial.result(made, beside)
        beside = beside or entered
        yield result, entered.chosen


def _chains(workspace: Workspace, parent: Parent, heirs: Sequence[Made]) -> list[str]:
    """Hashes of every sequence of heirs of this parent that was ever tested, this one included."""
    told = "\0".join(one.model.fingerprint for one in heirs)
    before = (workspace.read_json(CHAINS) or {}).get(parent.model.fingerprint, [])
    return list(dict.fromkeys([*before, sha256(told.encode()).hexdigest()]))


def _spent(
    product: Product,
    workspace: Workspace,
    parted: Parted,
    parent: Parent,
    heirs: Sequence[Made],
    answer: str | None,
) -> tuple[str, ...]:
    """Why the calibration cases could not certify the answer, which then is not kept.

    In the place of a net that they did certify it could decide nothing.
    """
    model = next((made.model for made in heirs if made.name == answer), None)
    if model is None or product.decision.triage is None:
        return ()
    guard = None if parent.guard is None else Guarding(parent.guard)
    try:
        present_certificate(product, workspace, parted, model, guard)
    except (BadInput, Refused) as problem:
        step = f"{problem.next_step} Then `roadworthy compress --keep {answer}` keeps it."
        return (f"Not kept: {answer}: {problem.message} {step}",)
    return ()


def _validation(product: Product, parted: Parted, parent: Parent) -> pl.DataFrame:
    """The validation cases, in the light of the guard.

    Raises:
        BadInput: there is none in scope, or not every truth is known.
    """
    cases = parted.open(SetName.VALIDATION) if parted.split else parted.open().clear()
    refuse_unverified(product, cases, "compressing")
    if parent.guard is not None:
        cases = Guarding(parent.guard).look(cases, product.scope)
    if cases[columns.INSIDE].any():
        return cases
    raise BadInput(
        "no validation case is in scope to judge smaller nets on.",
        code="no_cases",
        where=f"{product.file.name}: data.split",
        next_step="Give the split a share for validation: `data: {split: {validation: 0.2}}`.",
    )


def _note(
    workspace: Workspace,
    parted: Parted,
    found: Compression,
    policies: Mapping[str, Decided | None],
) -> None:
    """Before any file is there: a model whose training cases are unknown is never judged."""
    fitted_on, chose = (names(parted.open(name)) for name in (SetName.TRAIN, SetName.VALIDATION))
    # heirs hold what their parent learnt, also from cases that are training cases no more
    fitted_on = np.union1d(fitted_on, fitted_ids(workspace, found.parent.model))
    for one in found.points[1:]:
        note_seen(workspace, one.model, fitted_on, chose)
    note_open(workspace, np.union1d(fitted_on, chose))
    thresholds = {
        one.model: 1 if (own := policies[one.point]) is None else own.candidates
        for one in found.points
    }
    note_tried(workspace, chose, thresholds)


def _write(
    workspace: Workspace, product: Product, found: Compression, policies: Mapping[str, Any]
) -> None:
    told = {**compression_to_json(found), "product_yaml": product.fingerprint, POLICIES: policies}
    told[CLAIMS] = claims(product)
    workspace.write_json(POINTS, told)
    workspace.write(PAGE, render_compression(found, product))


def _told(chosen: Decided | None) -> dict[str, Any]:
    """What judging must know of a point's policy; a triage product has none before calibration."""
    policy = None if chosen is None else chosen.policy
    if not isinstance(policy, Policy):
        return {}
    return {"threshold": policy.threshold, "refer_between": policy.refer_between}


def _keep(
    workspace: Workspace,
    product: Product,
    parent: Parent,
    found: Compression,
    point: str,
    artifact: bytes,
) -> None:
    """Makes a point the product's model."""
    result = found.of(point)
    remembered: dict[str, Any] = {}
    if point != PARENT:
        told = _remembered(workspace, point)
        shown = result.tested is Stage.SHOWN and told[CLAIMS] == claims(product)
        among = len(found.points)
        remembered = {
            **told[POLICIES][point],
            "product": told["product_yaml"],
            "candidates": result.candidates * (1 if shown else among),
            # an order that was tested for one limit is no order for another
            CLAIMS: told[CLAIMS],
            UNPAID: among if shown else 1,
        }
    keep_point(workspace, parent, point, result.model, artifact, remembered)
    note(product, "compressed", {"model": result.model, "point": point})


def _remembered(workspace: Workspace, point: str) -> dict[str, Any]:
    """How a point decides, and what was asked when it was judged."""
    stored = workspace.read_json(POINTS) or {}
    policies = stored.get(POLICIES)
    policy = policies.get(point) if isinstance(policies, dict) else None
    asked = (stored.get("product_yaml"), stored.get(CLAIMS))
    if isinstance(policy, dict) and all(isinstance(one, str) for one in asked):
        return stored
    raise BadInput(
        "this file does not say how the point decides, and what was asked of it.",
        code="broken_compression",
        where=str(workspace.path(POINTS)),
        value=point,
        next_step="Run `roadworthy compress` again.",
    )


def _present(points: Sequence[PointResult], parent: Parent) -> str | None:
    """Which point is the product's model already."""
    return next((one.point for one in points if one.model == parent.present), None)


def _require_shown(found: Compression, point: str, anyway: bool, same: bool) -> None:
    """``same``: product.yaml asks for what the points were tested for."""
    known = [one.point for one in found.points]
    if point not in known:
        raise BadInput(
            f"there is no point {point!r}.",
            code="no_point",
            where="--keep",
            value=point,
            next_step=f"Write one of {', '.join(known)}.",
        )
    result = found.of(point)
    if anyway or point == PARENT or (result.tested is Stage.SHOWN and same):
        return
    first = "Keep one that was shown" if same else "Run `roadworthy compress` again"
    raise BadInput(
        f"{result.title} was not shown to meet ({result.tested}: {result.outcome})."
        if same
        else "product.yaml asks for something else than when the points were tested.",
        code="not_shown",
        where="--keep",
        value=point,
        next_step=f"{first}, or add `--anyway`: later checks then divide alpha by all {len(known)} "
        "points, because what they showed chose it.",
    )


def _whole(workspace: Workspace, point: PointResult) -> bytes:
    path = workspace.path(f"{FOLDER}/{point.point}.model")
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if sha256(content).hexdigest() == point.model:
        return content
    raise BadInput(
        "the file of this point is not there as it was judged.",
        code="no_point",
        where=str(path),
        value=point.point,
        next_step="Run `roadworthy compress` again.",
    )


def _units(cases: pl.DataFrame) -> int | None:
    inside = cases.filter(columns.INSIDE)
    found = inside[columns.UNIT].n_unique()
    return None if found == inside.height else found


def _machine() -> str:
    """What the clocks are of, in a few words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def _silent(told: str) -> None:
    """Nobody listens."""
