"""The bundle that measures a model where roadworthy is not: a graph, some cases, and one script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.policy import Decides, Triage
from roadworthy.core.product import Calibrate, Task
from roadworthy.io import images
from roadworthy.models import pipelines
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.models.onnx.model import GRAPH, OnnxNet
from roadworthy.workflow.decide import recorded
from roadworthy.workflow.subject import Judged

FORMAT = 1
SCRIPT = "measure.py"
# a bundle travels on a stick or by mail
MOST_BYTES = 256_000_000
_DICM = slice(128, 132)
# what decodes images here decodes them there: these files, as they are
_DECODER = (
    "core/errors.py",
    "core/marks.py",
    "core/perturbation.py",
    "models/nets/canvas.py",
)
_ROOMS = ("", "core", "io", "models", "models/nets")


@dataclass(frozen=True)
class Bundle:
    """A bundle and what it was made of; ``said`` is what reading its results back must match."""

    content: bytes
    said: Mapping[str, Any]
    cases: int
    requests: int

    @property
    def name(self) -> str:
        """The hash that its results carry."""
        return str(self.said["bundle"])


def bundled(
    judged: Judged,
    device: Device,
    cases: pl.DataFrame,
    requests: int,
    certificate: Certificate | None = None,
) -> Bundle:
    """The judged net with ``cases`` to ask it on, ``requests`` times in all.

    ``cases`` are prepared and in scope, and every image of theirs can be read. ``certificate`` is
    that of a product that decides by triage.

    Raises:
        BadInput: it is no ONNX net, or a part of the subject runs with roadworthy alone.
    """
    net, calibrated = _net(judged)
    parts: dict[str, bytes] = {GRAPH: net.graph, SCRIPT: _source("models/onnx/measure.py")}
    told, used = _cases(net, cases, parts)
    cases = cases.head(used)
    answers = judged.model.answer(cases)
    # numbers in their place: names of cases stay here
    names = [str(i + 1) for i in range(used)]
    decoders = _decoders(parts)
    if decoders:
        parts |= _decoder_parts()
        # where nothing can decode, this stands for every image
        parts["decoded.npy"] = _decoded(net, cases[0:1])
    said = {
        "format": FORMAT,
        "roadworthy": __version__,
        "model": judged.model.fingerprint,
        "device": asdict(device),
        "requests": requests,
        "card": net.card.plain(),
        "policy": _policy(judged.policy),
        "calibration": calibrated,
        "record": _record(judged, certificate, cases, answers),
        "decoders": decoders,
        "decoded": ["decoded.npy"] if decoders else [],
        "cases": told,
        "files": {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()},
    }
    written = json.dumps(said, indent=1, allow_nan=False).encode()
    kept = {
        "bundle": hashlib.sha256(written).hexdigest(),
        "model": judged.model.fingerprint,
        "device": device.name,
        "threads": device.threads,
        "runs": device.runs,
        "requests": requests,
        "cases": used,
        "answers": dict(zip(names, answers.to_list(), strict=True)),
    }
    return Bundle(_zipped({"bundle.json": written, **parts}), kept, used, requests)


def _net(judged: Judged) -> tuple[OnnxNet, dict[str, list[float]] | None]:
    """The net, and its calibrator as a table of two columns; None: it has none."""
    model: Model = judged.model
    if judged.guard is not None:
        raise _only_with_roadworthy("the guard before it runs with roadworthy", judged)
    if judged.product.marks is not None:
        # a record without them is shorter, and made sooner
        raise _only_with_roadworthy("its marks are made with roadworthy", judged)
    calibrator = None
    if isinstance(model, CalibratedModel):
        calibrator, model = model.calibrator, model.inner
    if not isinstance(model, OnnxNet):
        raise _only_with_roadworthy("it is no net in ONNX", judged)
    if calibrator is None or calibrator.method is Calibrate.NONE:
        return model, None
    if calibrator.method is Calibrate.VENN_ABERS:
        raise _only_with_roadworthy("Venn-Abers calibration runs with roadworthy", judged)
    at = np.unique(
        np.concatenate([np.linspace(0, 1, 8001), 1 / (1 + np.exp(-np.linspace(-36, 36, 2001)))])
    )
    return model, {"score": at.tolist(), "chance": calibrator(at).tolist()}


def _only_with_roadworthy(why: str, judged: Judged) -> BadInput:
    return BadInput(
        f"{judged.model.name} cannot be measured from a bundle: {why}.",
        code="no_bundle",
        where=str(judged.product.file),
        value=judged.model.name,
        next_step="Install roadworthy on the device, copy the product's folder there, and run "
        "`roadworthy measure-device --here`; a net becomes ONNX by `roadworthy compress`.",
    )


def _cases(
    net: OnnxNet, cases: pl.DataFrame, parts: dict[str, bytes]
) -> tuple[list[dict[str, Any]], int]:
    """What is told of each case; their images are added to ``parts`` while the bundle is small."""
    known = net.card.columns
    categories = tuple(one.name for one in known.categories)
    levels = pipelines.matrix(cases, (), categories) if categories else None
    told: list[dict[str, Any]] = []
    size = sum(map(len, parts.values()))
    for at, row in enumerate(cases.select(net.needs).iter_rows(named=True)):
        values: dict[str, Any] = {one.name: _finite(row[one.name]) for one in known.numbers}
        values |= {name: str(levels[at, i]) for i, name in enumerate(categories)}  # type: ignore[index]
        found = {f"cases/{at + 1}-{i + 1}": Path(row[n]) for i, n in enumerate(net.card.images)}
        size += sum(path.stat().st_size for path in found.values())
        if told and size > MOST_BYTES:
            break
        parts |= {name: path.read_bytes() for name, path in found.items()}
        told.append({"case": str(at + 1), "values": values, "images": list(found)})
    return told, len(told)


def _finite(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _decoders(parts: Mapping[str, bytes]) -> list[str]:
    """The packages that read the images of a bundle."""
    shown = [part for name, part in parts.items() if name.startswith("cases/")]
    if not shown:
        return []
    return ["PIL", *(["pydicom"] if any(part[_DICM] == b"DICM" for part in shown) else [])]


def _decoder_parts() -> dict[str, bytes]:
    """The modules that read images here, under their own names."""
    own = files("roadworthy")
    room = [f"io/images/{one.name}" for one in (own / "io" / "images").iterdir()]
    named = [name for name in (*_DECODER, *sorted(room)) if name.endswith(".py")]
    parts = {f"code/roadworthy/{name}": _source(name) for name in named}
    return parts | {
        f"code/roadworthy/{room}/__init__.py".replace("//", "/"): b"" for room in _ROOMS
    }


def _source(name: str) -> bytes:
    return files("roadworthy").joinpath(name).read_bytes()


def _decoded(net: OnnxNet, case: pl.DataFrame) -> bytes:
    seen = [net.look(images.read(case[name][0])) for name in net.card.images]
    found = BytesIO()
    np.save(found, np.stack([one for one in seen if one is not None]))
    return found.getvalue()


def _policy(policy: Decides | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    return {"kind": "triage" if isinstance(policy, Triage) else "threshold", **asdict(policy)}


def _record(
    judged: Judged, certificate: Certificate | None, cases: pl.DataFrame, answers: pl.Series
) -> dict[str, Any]:
    """A record of `decide` in which whatever differs from case to case is noughts.

    As many of them as the longest there is, for what a case is called stays here.
    """
    if judged.product.task is not Task.BINARY or judged.policy is None:
        return {"product": judged.product.name, "model_fingerprint": judged.model.fingerprint}
    table, _ = recorded(judged, certificate, cases, answers, datetime.now(UTC))
    rows = [json.loads(line) for line in table.write_ndjson().splitlines()]
    return {name: _widest([row[name] for row in rows]) for name in table.columns}


def _widest(values: list[Any]) -> Any:
    written = {json.dumps(value) for value in values}
    return values[0] if len(written) == 1 else "0" * max(map(len, written))


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    found = BytesIO()
    with ZipFile(found, "w") as archive:
        for name, content in parts.items():
            # images are compressed already
            archive.writestr(
                name, content, ZIP_STORED if name.startswith("cases/") else ZIP_DEFLATED
            )
    return found.getvalue()


def sampled(judged: Judged, cases: pl.DataFrame, count: int) -> pl.DataFrame:
    """Up to ``count`` of the ``cases`` in scope, drawn at random, all of which can be answered.

    Raises:
        BadInput: there is none.
    """
    inside = cases.filter(pl.col(columns.INSIDE))
    order = np.random.default_rng(0).permutation(inside.height)[: 2 * count]
    drawn = inside[order]
    answered = (
        judged.model.answer(drawn).is_not_null()
        if drawn.height
        else pl.Series([], dtype=pl.Boolean)
    )
    found = drawn.filter(answered).head(count)
    if found.is_empty():
        raise BadInput(
            "no open case in scope can be answered, so there is nothing to measure on.",
            code="no_cases",
            where=str(judged.product.file),
            next_step="Bring open cases that the model can read; sealed ones never leave.",
        )
    return found
