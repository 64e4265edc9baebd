"""A graph that is ready to be asked: on the CPU, with as many threads as are declared, silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput

Arrays = Mapping[str, NDArray[Any]]
# the runtime's own levels: 3 is errors, which are exceptions here, and 4 is fatal
_FATAL = 4


@dataclass(frozen=True)
class Port:
    """An input or an output; a side that is free is told by its name, or as None.

    ``kind`` is the runtime's word for its type, such as ``tensor(float)``.
    """

    name: str
    shape: tuple[int | str | None, ...]
    kind: str

    def __str__(self) -> str:
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        kind = self.kind.removeprefix("tensor(").removesuffix(")")
        return f"'{self.name}' {kind} ({sides})"


@dataclass(frozen=True)
class Session:
    """An opened graph; ``raw`` is the runtime's own session."""

    raw: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def run(self, arrays: Arrays, only: str | None = None) -> list[NDArray[Any]]:
        """Every output, in order, for one array an input; or that called ``only``.

        Raises:
            BadInput: the runtime refuses or fails; its words are told.
        """
        try:
            found: list[NDArray[Any]] = self.raw.run(only and [only], arrays)
        except Exception as problem:  # the runtime's exceptions share no other base
            raise BadInput(
                f"the ONNX runtime could not run the model: {in_words(problem)}.",
                code="onnx_failed",
                where="ONNX",
                next_step="Run the file by itself with onnxruntime on the same arrays; its graph "
                "or its inputs are not what it expects.",
            ) from problem
        return found


def opened(content: bytes, threads: int = 1, beside: Path | None = None) -> Session:
    """A session on the CPU with ``threads`` threads that never spin while they wait.

    ``beside``: the folder that holds weights which the file keeps outside of itself.

    Raises:
        BadInput: onnxruntime is not installed, or ``content`` is no graph that it can run.
    """
    require_runtime()
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if beside is not None:
        folder = "session.model_external_initializers_file_folder_path"
        options.add_session_config_entry(folder, str(beside.resolve()))
    try:
        raw = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the runtime's exceptions share no other base
        raise BadInput(
            f"the ONNX runtime cannot open it: {in_words(problem)}.",
            code="unreadable_onnx",
            where="ONNX",
            next_step="Export the model anew, in standard operators (opset 18 is widely read).",
        ) from problem
    return Session(raw, _ports(raw.get_inputs()), _ports(raw.get_outputs()))


def require_runtime() -> None:
    """Refuses to go on without the runtime.

    Raises:
        BadInput: it is not installed; the error names the extra.
    """
    if find_spec("onnxruntime") is None:
        raise BadInput(
            "an ONNX model needs onnxruntime, which is not installed.",
            code="missing_extra",
            where="model",
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )


def in_words(problem: BaseException) -> str:
    """What the runtime said, on one line, without its codes.

    >>> in_words(RuntimeError("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Failed to load."))
    'Failed to load'
    """
    said = " ".join(str(problem).split())
    if said.startswith("[ONNXRuntimeError]"):
        said = said.split(" : ", 3)[-1]
    return said[:300].rstrip(". ") or type(problem).__name__


def float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """As the runtime wants it: float32, in one piece."""
    return np.ascontiguousarray(values, dtype=np.float32)


def _ports(found: list[Any]) -> tuple[Port, ...]:
    return tuple(Port(one.name, tuple(one.shape), one.type) for one in found)
