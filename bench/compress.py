"""What compressing buys: CPU time and size of a residual net's heirs beside torch, on one thread.

`python bench/compress.py` rewrites its own section of RESULTS.md. Weights are drawn and not learnt:
what is measured is arithmetic, and how well an heir answers is another question (`roadworthy
compress` judges it). Each net is timed in a process of its own, one case at a time.
"""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn
from triage import rewritten

from roadworthy.core.compression import Metered
from roadworthy.core.product import Task
from roadworthy.models import archive
from roadworthy.models.compression import range_for_this_cpu
from roadworthy.models.metering import Asked, metered
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.columns import Columns
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.pruning import pruned
from roadworthy.models.nets.shape import Shape
from roadworthy.models.onnx import quantising

HERE = Path(__file__).parent
HEAD = "## What compressing buys"
BARS = {
    "ONNX, float32": 2.2,
    "INT8": 4.0,
    "pruned by 50 %, INT8": 11.0,
    "student of 1/4 width": 22.0,
}


def net(shape: Shape) -> TrainedNet:
    torch.manual_seed(1)
    canvas = Canvas(shape.height, shape.width, (0.5,), (0.25,))
    card = Card("bench", Task.BINARY, shape, Columns(), ("@file:i",), canvas, (), 0.0, 1.0, 1)
    return TrainedNet(Net(shape).eval(), card)


def operations(of: nn.Module, images: torch.Tensor) -> float:
    """Millions of multiplications of convolutions and linear layers, for one case."""
    counted = [0.0]

    def count(part: nn.Module, _: object, out: torch.Tensor) -> None:
        weights = part.weight.numel() / part.weight.shape[0]  # type: ignore[union-attr, operator]
        counted[0] += out.numel() * weights / 1e6

    hooks = [
        part.register_forward_hook(count)
        for part in of.modules()
        if isinstance(part, nn.Conv2d | nn.Linear)
    ]
    with torch.inference_mode():
        of(images, torch.zeros(1, 0))
    for hook in hooks:
        hook.remove()
    return counted[0]


def heirs(parent: TrainedNet, samples: list[dict[str, np.ndarray]]) -> dict[str, bytes]:
    """Artefacts by name; the first is the parent's own."""
    reduce_range, _ = range_for_this_cpu()
    shape = parent.card.shape

    def graph(of: TrainedNet) -> bytes:
        return quantising.folded(to_onnx(of))

    def int8(content: bytes) -> bytes:
        return quantising.quantised(content, samples, reduce_range=reduce_range)

    whole = graph(parent)
    half = graph(replace(parent, net=pruned(parent.net, shape, 1, 0.5)))
    quarter = graph(net(replace(shape, breadth=0.25)))
    graphs = {
        "ONNX, float32": whole,
        "INT8": int8(whole),
        "pruned by 50 %": half,
        "pruned by 50 %, INT8": int8(half),
        "student of 1/4 width": quarter,
        "student of 1/4 width, INT8": int8(quarter),
    }
    packed = {name: archive.pack({}, {"model.onnx": one}) for name, one in graphs.items()}
    return {"torch, eager": parent.to_bytes(), **packed}


def best(artifact: bytes, images: np.ndarray, seconds: float, repeats: int) -> Metered:
    """The run with the least CPU time: others use the machine too."""
    asked = Asked(runs=400, warm_up=10, seconds=seconds)
    none = np.zeros((len(images), 0), np.float32)
    runs = [metered(artifact, images, none, asked) for _ in range(repeats)]
    return min(runs, key=lambda run: run.cpu_ms)


def section(side: int, seconds: float, repeats: int) -> list[str]:
    """The rows, as Markdown."""
    shape = Shape("resnet", "M", 1, 0, 1, side, side)
    parent = net(shape)
    images = np.random.default_rng(0).normal(size=(4, 1, 1, side, side)).astype(np.float32)
    found = heirs(parent, [{"images": images}])
    runs = {name: best(one, images, seconds, repeats) for name, one in found.items()}
    eager = runs["torch, eager"]
    rows = []
    for name, run in runs.items():
        ratio, smaller = eager.cpu_ms / run.cpu_ms, len(found["torch, eager"]) / len(found[name])
        bar = f"{BARS[name]:g}x" if name in BARS else ""
        cells = [name, f"{run.cpu_ms:.2f}", f"{ratio:.1f}x", bar, f"{run.p50_ms:.2f}"]
        rows.append("| " + " | ".join([*cells, f"{smaller:.1f}x", f"{run.peak_mb:.0f}"]) + " |")
    bits = 7 if range_for_this_cpu()[0] else 8
    return [
        HEAD,
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"cores, one thread; torch {version('torch')}, onnxruntime {version('onnxruntime')}. A "
        f"residual net (M) on one image of {side} x {side} pixels, "
        f"{operations(parent.net, torch.from_numpy(images[:1])):.0f} million multiplications; "
        f"INT8 weights of {bits} bits. Weights are drawn: this is arithmetic, and says nothing of "
        f"how well an heir answers. Best of {repeats} processes by CPU time; the bar is what the "
        "same kind of heir reached in earlier trials on another residual net.",
        "",
        "| net | CPU ms a case | less than torch | bar | median wall ms | smaller | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--side", type=int, default=128)
    asked.add_argument("--seconds", type=float, default=2.0)
    asked.add_argument("--repeats", type=int, default=2)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    told = asked.parse_args()
    lines = section(told.side, told.seconds, told.repeats)
    page = told.out.read_text() if told.out.exists() else "# What judging costs\n"
    told.out.write_text(rewritten(page, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
