"""One rung, fitted and given the threshold of its own that it would be shipped with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.instrument import Instrument
from roadworthy.core.ladder import NotFitted, Took
from roadworthy.core.model import Model
from roadworthy.core.policy import Decides, Policy
from roadworthy.core.product import Product, Task
from roadworthy.core.rung import Rung
from roadworthy.models import pipelines
from roadworthy.workflow.provisional import halves, provisional
from roadworthy.workflow.tune import choose_threshold
from roadworthy.workflow.weights import learn


@dataclass(frozen=True)
class Candidate:
    """A fitted rung as it would be shipped: read back from its own artefact."""

    name: str
    rung: Rung
    title: str
    artifact: bytes
    model: Model
    took: Took


def fit(
    name: str,
    rung: Rung,
    task: Task,
    training: pl.DataFrame,
    features: tuple[str, ...],
    seed: int,
    folder: Path,
    guidance: Guidance | None = None,
) -> Candidate | NotFitted:
    """The rung fitted to ``training``; its artefact is written into ``folder`` and read back."""
    title = rung.title(task)
    pipelines.loaded()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        model = learn(rung, training, task, features, seed, guidance)
    except BadInput as problem:
        return NotFitted(
            name, title, problem.message, problem.next_step, problem.code, problem.where
        )
    except ValueError as problem:
        # what scikit-learn and those like it say of data they cannot use
        step = f"Mend the data, or leave `{name}` out of `models:`."
        return NotFitted(name, title, f"{problem}.", step, "cannot_fit")
    took = Took(time.perf_counter() - wall, time.process_time() - cpu)
    artifact = model.to_bytes()
    file = folder / name
    file.write_bytes(artifact)
    return Candidate(name, rung, title, artifact, rung.load(file), took)


@dataclass(frozen=True)
class Decided:
    """A policy for one rung, and among how many it was chosen on the cases that judge it."""

    policy: Decides
    candidates: int


def tuned(
    product: Product,
    model: Model,
    validation: pl.DataFrame,
    training: pl.DataFrame,
    instruments: Mapping[str, Instrument],
) -> Decided | None:
    """The policy that product.yaml gives, or the one that validation chooses; None: no score.

    That of a triage product is a makeshift, set on the first of ``halves`` of the validation cases.
    """
    decision = product.decision
    if product.task is not Task.BINARY:
        return None
    if decision.triage is not None:
        setting, _ = halves(validation)
        return Decided(provisional(product, model, setting, training), 1)
    if not isinstance(decision.threshold, str):
        return Decided(Policy(decision.threshold, decision.refer_between), 1)
    chosen = choose_threshold(product, model, validation, instruments)
    return Decided(chosen.policy, chosen.candidates)
