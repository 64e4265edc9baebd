"""The net that is compressed: what `train` kept, also after one of its heirs took its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.core.compression import PARENT
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.core.rung import Rung
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.models.guard import FittedGuard
from roadworthy.models.nets.card import Card
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guarding import GUARD, kept_guard
from roadworthy.workflow.source import Parted
from roadworthy.workflow.subject import MODEL, TRAINED, load_model, rungs_of

if TYPE_CHECKING:
    from roadworthy.models.nets.model import TrainedNet

FOLDER = "compressed"
POINT, OF = "point", "parent"
"""The keys of ``trained.json`` that name the point that is kept, and its parent's fingerprint."""
CLAIMS, UNPAID = "claims", "unpaid"
"""What the point was shown for (``workflow.claims``), and by how much alpha is divided further
where that is no more what is asked."""


@dataclass(frozen=True)
class Parent:
    """The parent as `train` left it, and what stands in its place now.

    ``trained`` is what was remembered of the parent; ``present`` is the fingerprint of the
    product's model at present. ``guard`` is the one before that model.
    """

    model: Model
    net: TrainedNet
    rung: Rung
    trained: Mapping[str, Any]
    artifact: bytes
    present: str
    guard: FittedGuard | None

    @staticmethod
    def of(product: Product, workspace: Workspace, parted: Parted) -> Parent:
        """What is in the workspace.

        Raises:
            BadInput: nothing was trained, or it is no net.
        """
        _refuse_brought(product)
        present = load_model(product, workspace, parted.schema)
        kept = workspace.read_json(TRAINED) or {}
        rung = rungs_of(product)[str(kept["rung"])]
        guard = None
        if product.guard is not None:
            guard = kept_guard(product, workspace, parted, present)
        place, trained = workspace.path(MODEL), dict(kept)
        model = present
        if POINT in kept:
            place, trained = parents_place(workspace), _remembered(workspace, str(kept.get(OF)))
            model = _read_back(rung, place, str(kept.get(OF)))
        net = _net_of(model, product)
        return Parent(model, net, rung, trained, place.read_bytes(), present.fingerprint, guard)

    @property
    def candidates(self) -> int:
        """Pairs of model and threshold among which it was chosen on validation cases."""
        found = self.trained.get("candidates")
        if type(found) is int and found >= 1:
            return found
        raise BadInput(
            "it is not known among how many the net was chosen.",
            code="broken_workspace",
            where=TRAINED,
            value=str(found),
            next_step="Run `roadworthy train` again, or restore the file from a backup.",
        )


def parents_place(workspace: Workspace) -> Path:
    """Where the parent waits while an heir is the product's model."""
    return workspace.path(f"{FOLDER}/{PARENT}.model")


def parent_of(model: str | None, workspace: Workspace) -> str | None:
    """The net from which the model with this fingerprint was compressed; None: from none."""
    kept = workspace.read_json(TRAINED) or {}
    return kept.get(OF) if model is not None and kept.get("model") == model else None


def keep_point(
    workspace: Workspace,
    parent: Parent,
    point: str,
    model: str,
    artifact: bytes,
    remembered: Mapping[str, Any],
) -> None:
    """Makes a point the product's model; the parent waits beside it."""
    workspace.write(f"{FOLDER}/{PARENT}.model", parent.artifact)
    workspace.write_json(f"{FOLDER}/{PARENT}.json", dict(parent.trained))
    if parent.guard is not None:
        workspace.write(
            GUARD, replace(parent.guard, card=replace(parent.guard.card, model=model)).to_bytes()
        )
    workspace.write(MODEL, artifact)
    told = {**parent.trained, **remembered, "model": model}
    if point != PARENT:
        told |= {POINT: point, OF: parent.model.fingerprint}
    workspace.write_json(TRAINED, told)


def _remembered(workspace: Workspace, fingerprint: str) -> dict[str, Any]:
    found = workspace.read_json(f"{FOLDER}/{PARENT}.json")
    whole = found is not None and {"rung", "learnt"} <= set(found)
    if found is None or not whole or found.get("model") != fingerprint:
        raise _lost(workspace.path(f"{FOLDER}/{PARENT}.json"))
    return found


def _read_back(rung: Rung, place: Path, fingerprint: str) -> Model:
    if not place.exists():
        raise _lost(place)
    found = rung.load(place)
    if found.fingerprint != fingerprint:
        raise _lost(place)
    return found


def _lost(place: Path) -> BadInput:
    return BadInput(
        "the net that was compressed is not there any more as it was.",
        code="no_parent",
        where=str(place),
        next_step="Restore it from a backup, or run `roadworthy train` again.",
    )


def _refuse_brought(product: Product) -> None:
    column = product.data.score or product.data.prediction
    if product.model is None and column is None and product.data.truth is not None:
        return
    raise BadInput(
        "what is judged was not trained here, so there is no net to compress.",
        code="nothing_to_compress",
        where=str(product.file),
        value="model" if product.model is not None else column,
        next_step="`roadworthy compress` works on the net that `roadworthy train` kept.",
    )


def _net_of(model: Model, product: Product) -> TrainedNet:
    """The net inside; torch is loaded by now, if there is one."""
    inner = model.inner if isinstance(model, CalibratedModel) else model
    if isinstance(getattr(inner, "card", None), Card) and hasattr(inner, "net"):
        return inner  # type: ignore[return-value]
    raise BadInput(
        f"the model that `train` kept is {inner.name}, which is no single net: rules, linear "
        "models and boosting are small and quick as they are, and what asks a net in several ways "
        "is left as it is.",
        code="nothing_to_compress",
        where=str(product.file),
        value=inner.name,
        next_step="Go on with `roadworthy check`; to compress a net, name one: "
        "`models: [small_net]`, and run `roadworthy train`.",
    )
