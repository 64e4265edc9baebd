"""Measures any model on this machine, in fresh processes that decide as roadworthy does."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Brought, Model
from roadworthy.models.onnx.measure import FORMAT, checksum, host
from roadworthy.workflow.device_run import Job
from roadworthy.workflow.source import Parted
from roadworthy.workflow.studies import Settled
from roadworthy.workflow.subject import Judged


def measured_here(
    settled: Settled, device: Device, cases: pl.DataFrame, requests: int, model: str
) -> dict[str, Any]:
    """What ``device.runs`` fresh processes noted, in the form that `measure.py` writes.

    Raises:
        BadInput: the model cannot be run in a process of its own.
    """
    judged = settled.judged
    _require_run(judged)
    job = Job(
        replace(judged, model=_fresh(judged.model)),
        settled.certificate,
        cases,
        requests,
        device.runs,
        device.threads,
    )
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        file = Path(folder) / "job"
        file.write_bytes(_packed(job))
        runs = [_run(file, number, judged) for number in range(device.runs)]
    noted = [(run["run"], one) for run in runs for one in run["noted"]]
    names = cases[columns.ID].to_list()
    found: dict[str, Any] = {
        "format": FORMAT,
        "bundle": "",
        "model": model,
        "device": device.name,
        "threads": device.threads,
        "cases": cases.height,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": {**host(), "roadworthy": __version__, "numpy": numpy.__version__},
        "left_out": "",
        "steps": {step: [one[f"{step}_ns"] for _, one in noted] for step in ("score", "decide")},
        "timings": {
            "case": [names[one["case"]] for _, one in noted],
            "run": [run for run, _ in noted],
            "ns": [one["ns"] for _, one in noted],
        },
        "processes": {
            key: [run[key] for run in runs] for key in ("load_ns", "start_bytes", "bytes")
        },
        "decisions": {"bytes": [one["bytes"] for _, one in noted]},
        "answers": {names[one["case"]]: one["answer"] for _, one in noted},
    }
    return {**found, "sum": checksum(found)}


def answers_here(judged: Judged, parted: Parted, ids: tuple[str, ...]) -> dict[str, Any]:
    """What the model answers here to open cases, by their ids."""
    cases = parted.all_open.filter(pl.col(columns.ID).is_in(ids))
    return dict(zip(cases[columns.ID], judged.model.answer(cases), strict=True))


def _require_run(judged: Judged) -> None:
    model = judged.model
    why = model.why_not("timings") if isinstance(model, Brought) else None
    if why is None and not isinstance(model, Brought) and not model.files:
        why = f"{model.name} cannot be run: its answers stand in the table"
    if why is not None:
        raise BadInput(
            f"{why}.",
            code="not_timed",
            where=str(judged.product.file),
            value=model.name,
            next_step="Bring times of your own: `data: {tables: {timings: FILE}}`.",
        )


def _fresh(model: Model) -> Model:
    """The same without what it opened: a process opens its own."""
    found = replace(model)  # type: ignore[type-var]  # every model is a dataclass
    inner = getattr(found, "inner", None)
    return found if inner is None else replace(found, inner=_fresh(inner))  # type: ignore[type-var]


def _packed(job: Job) -> bytes:
    try:
        return pickle.dumps(job)
    except (pickle.PicklingError, TypeError, AttributeError) as problem:
        raise _failed(job.judged, f"it cannot be handed to a process of its own ({problem})") from (
            problem
        )


def _run(file: Path, number: int, judged: Judged) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "roadworthy.workflow.device_run", str(file), str(number)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise _failed(judged, f"a fresh process failed: {last}")
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _failed(judged: Judged, why: str) -> BadInput:
    return BadInput(
        f"{judged.model.name} was not measured: {why}.",
        code="not_measured_here",
        where=str(judged.product.file),
        value=judged.model.name,
        next_step="See that `roadworthy check` can ask the model on this machine.",
    )
