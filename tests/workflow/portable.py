"""A net in ONNX that is drawn, not trained, and a product that it answers for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
from onnx import TensorProto, helper
from tests.tables import write_product

from roadworthy.core import columns
from roadworthy.core.policy import Policy
from roadworthy.core.product import Task
from roadworthy.io.product_yaml import load_product
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.columns import Category, Columns, Number
from roadworthy.models.nets.shape import Shape
from roadworthy.models.onnx.model import OnnxNet
from roadworthy.testing.pictures import png
from roadworthy.workflow.subject import Judged

SIDE = 8
FAST = {"id": "fast", "metric": "latency_p99_ms", "at_most": 10_000}
LIGHT = {"id": "light", "metric": "peak_memory_mb", "at_most": 4000}
SHORT = {"id": "short", "metric": "bytes_per_decision", "at_most": 5000}
PC = {"name": "clinic-pc", "threads": 1, "runs": 2}
READS = Columns((Number("a", 0.5, 2.0, 0.5, True),), (Category("site", ("north", "south")),))


def graph(images: bool) -> bytes:
    """One logit: a weighted sum of the numbers, and of the pixels where there are some."""
    rng, width = np.random.default_rng(1), READS.width

    def weights(name: str, rows: int) -> onnx.TensorProto:
        values = rng.normal(size=(rows, 1)).astype(np.float32)
        return helper.make_tensor(name, TensorProto.FLOAT, (rows, 1), values.tobytes(), raw=True)

    kind = TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("numbers", kind, ["batch", width])]
    nodes = [helper.make_node("MatMul", ["numbers", "w"], ["n" if images else "out"])]
    held = [weights("w", width)]
    if images:
        inputs.append(helper.make_tensor_value_info("images", kind, ["batch", 1, 1, SIDE, SIDE]))
        held.append(weights("v", SIDE * SIDE))
        nodes += [
            helper.make_node("Flatten", ["images"], ["flat"]),
            helper.make_node("MatMul", ["flat", "v"], ["i"]),
            helper.make_node("Add", ["n", "i"], ["out"]),
        ]
    out = [helper.make_tensor_value_info("out", kind, ["batch", 1])]
    made = helper.make_model(
        helper.make_graph(nodes, "drawn", inputs, out, held),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    content: bytes = made.SerializeToString()
    return content


def judged(folder: Path, images: bool = False, **others: Any) -> Judged:
    """The net as the subject of a product that declares a device."""
    raw = pl.DataFrame({"case": ["x"], "ill": [1], "score": [0.5]})
    requirements = [FAST, LIGHT, SHORT]
    file = write_product(folder, raw, requirements, **{"device": PC} | others)
    around = {"channels": 1, "height": SIDE, "width": SIDE} if images else {}
    shape = Shape("cnn" if images else "mlp", "S", 1, READS.width, **around)  # type: ignore[arg-type]
    canvas = Canvas(SIDE, SIDE, (0.4,), (0.2,)) if images else None
    seen = (columns.file("scan"),) if images else ()
    card = Card("a net", Task.BINARY, shape, READS, seen, canvas, (), 0.0, 1.0, 9)
    net = OnnxNet(card, graph(images), fingerprint="f" * 64)
    return Judged(load_product(file), net, Policy(0.5))


def cases(folder: Path, count: int = 12, images: bool = False) -> pl.DataFrame:
    """Cases in scope with gaps and a level that the net never saw."""
    rng = np.random.default_rng(2)
    found = pl.DataFrame(
        {
            columns.ID: [f"patient-{at}" for at in range(count)],
            columns.UNIT: [f"patient-{at}" for at in range(count)],
            columns.INSIDE: True,
            columns.OUTSIDE: pl.Series([None] * count, dtype=pl.String),
            columns.REJECTED: False,
            "a": [None if at % 5 == 0 else float(rng.normal()) for at in range(count)],
            "site": [("north", "south", "west")[at % 3] for at in range(count)],
        }
    )
    if not images:
        return found
    files = [str(folder / f"scan-{at}.png") for at in range(count)]
    for file in files:
        Path(file).write_bytes(png(rng.integers(0, 255, (16, 18)).astype(np.uint8)))
    return found.with_columns(pl.Series(columns.file("scan"), files))
