"""Graphs made cheaper: folded, then in whole numbers of 8 bits, save for the nodes that mind."""

from __future__ import annotations

import logging
import platform
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput

Arrays = Mapping[str, NDArray[Any]]
_INT8_FLAGS = {"avx512_vnni", "avx_vnni", "avxvnni", "asimddp"}
_ARM = {"aarch64", "arm64"}
_WITH_WEIGHTS = ("Conv", "Gemm", "MatMul")


def folded(graph: bytes) -> bytes:
    """The graph with constants computed and batch norms folded into convolutions, in plain ONNX.

    What hangs on one kind of CPU is left to the session that runs it.

    Raises:
        BadInput: onnxruntime or onnx is not installed.
    """
    require_quantiser()
    import onnxruntime as runtime

    with TemporaryDirectory(prefix="roadworthy-") as folder:
        options = runtime.SessionOptions()
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        options.log_severity_level = 4
        runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        return Path(options.optimized_model_filepath).read_bytes()


def quantised(
    graph: bytes,
    samples: Sequence[Arrays],
    *,
    reduce_range: bool,
    left_out: Collection[str] = (),
    only: Collection[str] | None = None,
) -> bytes:
    """Static INT8: weights per channel, activations by the range that they take on ``samples``.

    ``samples`` are inputs of training cases, batch by batch. ``reduce_range`` keeps weights to 7
    bits, for CPUs that would saturate at 8. Nodes ``left_out`` stay in float32, and so do the layer
    that answers and what follows it: it costs next to nothing, and in 256 steps cases would tie.
    ``only``: no other node is touched.

    Raises:
        BadInput: onnxruntime or onnx is not installed.
    """
    require_quantiser()
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    model = onnx.load_from_string(graph)
    with TemporaryDirectory(prefix="roadworthy-") as folder, _quiet():
        target = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            str(target),
            _Reader(samples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=reduce_range,
            nodes_to_quantize=None if only is None else list(only),
            nodes_to_exclude=[*_answering(model.graph), *left_out],
            calibrate_method=CalibrationMethod.MinMax,
        )
        return target.read_bytes()


def by_error(
    graph: bytes,
    samples: Sequence[Arrays],
    ask: Callable[[bytes], NDArray[Any]],
    *,
    reduce_range: bool,
) -> list[tuple[str, ...]]:
    """The layers, that which INT8 disturbs most first: what ``ask`` hears when it alone is INT8.

    Each is the name of a node with weights, and of what is fused to it.
    """
    wanted, found = ask(graph), []
    for layer in _layers(graph):
        alone = quantised(graph, samples, reduce_range=reduce_range, only=layer)
        found.append((-error(ask(alone), wanted), layer))
    return [layer for _, layer in sorted(found)]


def error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """How far outputs are from those wanted, in standard deviations of the latter (root mean
    square); 0 where both are one constant.

    >>> error(np.array([1.0, 2.0, 3.5]), np.array([1.0, 2.0, 3.0])).__round__(3)
    0.354
    """
    apart = float(np.sqrt(np.mean((found - wanted) ** 2)))
    spread = float(np.std(wanted))
    return apart / spread if spread else apart


def has_int8() -> bool | None:
    """Whether this CPU multiplies 8-bit numbers without saturating; None: it does not say.

    VNNI of x86, dot products of ARM: as the kernel lists them.
    """
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # every 64-bit ARM that runs another system has them
        return True if platform.machine().lower() in _ARM else None
    words = {
        word
        for line in told.splitlines()
        if line.lower().startswith(("flags", "features"))
        for word in line.split(":", 1)[-1].split()
    }
    return bool(words & _INT8_FLAGS) if words else None


def require_quantiser() -> None:
    """Refuses to go on without onnx and its runtime.

    Raises:
        BadInput: one is not installed; the error names the extra.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"compressing needs {' and '.join(missing)}, which is not installed.",
            code="missing_extra",
            where="compress",
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )


class _Reader:
    """Samples one after the other, as the quantiser asks for them."""

    def __init__(self, samples: Sequence[Arrays]) -> None:
        self._left = iter(samples)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The next batch; None: that was all."""
        found = next(self._left, None)
        return None if found is None else dict(found)

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> dict[str, NDArray[Any]]:
        found = self.get_next()
        if found is None:
            raise StopIteration
        return found


def _layers(graph: bytes) -> list[tuple[str, ...]]:
    """Nodes with weights, each with the ReLU that reads it alone; not the one that answers."""
    import onnx

    model = onnx.load_from_string(graph).graph
    kept = set(_answering(model))
    readers = {node.name: [one for one in model.node if node.output[0] in one.input]
               for node in model.node}  # fmt: skip
    return [
        (node.name, *(one.name for one in readers[node.name] if one.op_type == "Relu"))
        for node in model.node
        if node.op_type in _WITH_WEIGHTS and node.name not in kept
    ]


def _answering(graph: Any) -> list[str]:
    """The last node with weights and all that follow; nodes stand in the order they are run."""
    places = [at for at, node in enumerate(graph.node) if node.op_type in _WITH_WEIGHTS]
    return [node.name for node in graph.node[places[-1] :]] if places else []


@contextmanager
def _quiet() -> Iterator[None]:
    """It logs advice on how to call it, and nothing that a user could act on."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(before)
