"""Every rung that was fitted here is kept, so that it can be judged later without a new fit."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.ladder import Took
from roadworthy.core.model import Model
from roadworthy.core.product import Calibrate, Product, SetName, Task
from roadworthy.core.rung import Rung
from roadworthy.io.row_sums import rows_fingerprint
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guiding import guidance_of
from roadworthy.workflow.imaging import digests_of, without_places
from roadworthy.workflow.source import Parted, model_columns, truth_of
from roadworthy.workflow.weights import weighed

FOLDER = "rungs"


@dataclass(frozen=True)
class Training:
    """What a rung is fitted on: cases in scope, the features, and the seed."""

    task: Task
    cases: pl.DataFrame
    features: tuple[str, ...]
    seed: int
    calibrate: Calibrate = Calibrate.NONE
    texts: Mapping[str, str | None] = field(default_factory=dict)
    guidance: Guidance | None = None

    @staticmethod
    def of(product: Product, parted: Parted) -> Training:
        """What `roadworthy train` fits on.

        Raises:
            BadInput: there is no training case in scope, no column to learn from, or one kind of
                case would weigh nothing.
        """
        there = parted.open(SetName.TRAIN) if parted.split else parted.open()
        cases = there.filter(pl.col(columns.INSIDE))
        if cases.height == 0:
            raise _no_cases(product, there.height)
        cases = weighed(cases, product)
        features = model_columns(product, parted.schema)
        seed = product.data.split.seed if product.data.split else 0
        calibrate, texts = product.decision.calibrate, product.data.text
        guidance = guidance_of(product, cases)
        return Training(product.task, cases, features, seed, calibrate, texts, guidance)

    @cached_property
    def key(self) -> str:
        """A hash over all that a fitted model depends on, the order of the cases included."""
        weights = [columns.WEIGHT] if columns.WEIGHT in self.cases.columns else []
        learnt = self.cases.select(*self.features, *weights, truth_of(self.cases, self.task))
        learnt = without_places(learnt).hstack(digests_of(self.cases))
        said = [__version__, self.task, self.features, self.seed, self.calibrate, dict(self.texts)]
        said += self._guided()
        found = hashlib.sha256(json.dumps(said).encode())
        found.update(rows_fingerprint([learnt], learnt.schema).encode())
        found.update("\0".join(self.cases[columns.ID].to_list()).encode())
        return found.hexdigest()[:16]

    def _guided(self) -> list[str]:
        """What else models that ask for guidance depend on."""
        if self.guidance is None:
            return []
        told = [repr(self.guidance.training), repr(self.guidance.images)]
        arrays = [] if self.guidance.costs is None else [self.guidance.costs]
        for array in (*arrays, *self.guidance.shares.values()):
            told.append(hashlib.sha256(array.tobytes()).hexdigest())
        return told


def _no_cases(product: Product, out_of_scope: int) -> BadInput:
    if out_of_scope:
        return BadInput(
            f"none of the {out_of_scope} training cases is in scope.",
            code="no_cases",
            where=f"{product.file.name}: scope",
            value=out_of_scope,
            next_step="Widen the scope, or bring training cases that are inside it.",
        )
    return BadInput(
        "there are no training cases.",
        code="no_cases",
        where=f"{product.file.name}: data.split",
        next_step="Add `data: {split: {train: 0.6, validation: 0.2, sealed: 0.2, seed: 1}}`.",
    )


@dataclass(frozen=True)
class KeptRung:
    """A fitted rung, read back from its artefact; it answers one case in ``ms``."""

    rung: str
    title: str
    model: Model
    bytes: int
    ms: float
    took: Took | None = None


def keep_rung(
    workspace: Workspace,
    key: str,
    name: str,
    rung: Rung,
    artifact: bytes,
    ms: float,
    took: Took | None = None,
) -> None:
    """Keeps an artefact beside the others that were fitted on the same; older ones are dropped."""
    folder = workspace.path(FOLDER)
    for other in folder.iterdir() if folder.is_dir() else ():
        if other.name != key:
            shutil.rmtree(other, ignore_errors=True)
    said = {"code": _code(rung), "artifact": hashlib.sha256(artifact).hexdigest(), "ms": ms}
    said |= {} if took is None else {"took": asdict(took)}
    workspace.write(f"{FOLDER}/{key}/{name}.model", artifact)
    workspace.write_json(f"{FOLDER}/{key}/{name}.json", said)


def kept_rung(workspace: Workspace, training: Training, name: str, rung: Rung) -> KeptRung | None:
    """What ``keep_rung`` kept; None: nothing, or nothing that is whole: it is fitted anew."""
    place = f"{FOLDER}/{training.key}/{name}"
    path = workspace.path(f"{place}.model")
    try:
        said = workspace.read_json(f"{place}.json") or {}
        content = path.read_bytes()
        whole = said.get("artifact") == hashlib.sha256(content).hexdigest()
        if not whole or said.get("code") != _code(rung) or type(said.get("ms")) is not float:
            return None
        title = rung.title(training.task)
        took = None if "took" not in said else Took(**said["took"])
        return KeptRung(name, title, rung.load(path), len(content), said["ms"], took)
    except (OSError, BadInput, TypeError):
        return None


def _code(rung: Rung) -> str:
    return f"{type(rung).__module__}:{type(rung).__qualname__}"
