"""An ONNX file of the team's own: looked through before it is opened: it reaches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images
from roadworthy.core.own_net import OnnxSource
from roadworthy.core.product import Task
from roadworthy.models import shipped
from roadworthy.models.onnx.session import Port, Session, opened, require_runtime
from roadworthy.models.own_net import OwnNet, own_net

_MOST_BYTES = 2**31 - 1  # of protobuf
# operators that the runtime itself brings; all others are code from elsewhere
_KNOWN = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")


def named(
    source: OnnxSource, folder: Path, task: Task, images: Images | None, threads: int = 1
) -> OwnNet:
    """The model that product.yaml names, opened.

    Raises:
        BadInput: the file is none, asks for more than the runtime has, keeps its weights where
            they are not, or is another net than product.yaml describes.
    """
    require_runtime()
    path = shipped.declared([source.onnx], folder, "model.onnx")[0]
    content = _read(path)
    beside = _looked_through(content, path)
    session = opened(content, threads, path.parent)
    _require_batch(session, path.name)
    place = _output(session, source, path.name)
    files = (path, *beside)
    said = ["onnx", asdict(source), str(task), None if images is None else str(images.pool)]
    names = ", ".join(one.name for one in files)
    note = f"The fingerprint of {path.name} covers {names}, and how product.yaml feeds it."
    fingerprint = shipped.digest(said, files, folder)
    ask = _Asking(session, place)
    return own_net(
        path.name, task, source.net, images, session.inputs, ask, files, fingerprint, (note,)
    )


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise _unusable(
            path.name,
            f"holds {size:,} bytes, more than any ONNX file can",
            "Save it with its weights beside it (`external_data=True`).",
            "unreadable_onnx",
        )
    return path.read_bytes()


class _Asking:
    """Runs the graph; one case after the other where its batch is fixed to one."""

    def __init__(self, session: Session, place: int) -> None:
        self.session, self.place = session, place
        self.alone = any(port.shape[:1] == (1,) for port in session.inputs)

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        if not self.alone:
            return self.session.run(arrays)[self.place]
        count = len(next(iter(arrays.values())))
        rows = ({name: of[at : at + 1] for name, of in arrays.items()} for at in range(count))
        return np.concatenate([np.atleast_1d(self.session.run(row)[self.place]) for row in rows])


def _require_batch(session: Session, name: str) -> None:
    for port in session.inputs:
        if port.shape and isinstance(port.shape[0], int) and port.shape[0] != 1:
            raise _unusable(
                name,
                f"takes {port.shape[0]} cases at a time, no more and no fewer: {port}",
                "Export it with a free batch, `dynamic_shapes` of torch.onnx.export, or of 1.",
                "net_input",
            )


def _output(session: Session, source: OnnxSource, name: str) -> int:
    ports, asked = session.outputs, source.net.output
    has = ", ".join(map(str, ports))
    if asked is None and len(ports) > 1:
        step = f"Say which one: `output: {ports[-1].name}`."
        raise _unusable(name, f"has several outputs: {has}", step, "net_output")
    places = [at for at, port in enumerate(ports) if asked in (None, port.name)]
    if not places:
        step = f"Write one of them: `output: {ports[0].name}`."
        raise _unusable(name, f"has no output '{asked}'; it has {has}", step, "net_output")
    if not ports[places[0]].kind.startswith("tensor("):
        raise _unusable(
            name,
            f"gives no array but {_kind(ports[places[0]])}",
            "Export it with one array of probabilities (skl2onnx: `zipmap=False`).",
            "net_output",
        )
    return places[0]


def _kind(port: Port) -> str:
    return f"'{port.name}' {port.kind}"


def _looked_through(content: bytes, path: Path) -> tuple[Path, ...]:
    """The files beside it that hold its weights, once nothing in it reaches further."""
    if find_spec("onnx") is None:
        raise BadInput(
            "an ONNX file is looked through with onnx, which is not installed.",
            code="missing_extra",
            where="model",
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as problem:  # protobuf's own error, of whichever implementation is there
        raise _no_model(path, len(content)) from problem
    if not model.graph.node or not model.graph.output:
        raise _no_model(path, len(content))
    graphs = list(_graphs(model))
    _require_operators(model, graphs, path.name)
    _require_opset(model, path.name, onnx.defs.onnx_opset_version())
    return _weights_beside(graphs, path)


def _graphs(model: Any) -> Iterator[Any]:
    """The graph, those of its functions, and all that stand inside of their operators."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for attribute in _attributes(graph):
            waiting += [attribute.g] if attribute.HasField("g") else []
            waiting += attribute.graphs


def _require_operators(model: Any, graphs: list[Any], name: str) -> None:
    own = {function.domain for function in model.functions}
    for graph in graphs:
        for node in graph.node:
            if node.domain not in (*_KNOWN, *own):
                raise _unusable(
                    name,
                    f"uses the custom operator {node.domain}.{node.op_type}, whose code is not in "
                    "the file",
                    "Export it in standard operators, or bring it as `model: {python: ...}`.",
                    "custom_operator",
                )


def _require_opset(model: Any, name: str, newest: int) -> None:
    for one in model.opset_import:
        if one.domain in ("", "ai.onnx") and one.version > newest:
            raise _unusable(
                name,
                f"is written in opset {one.version}, and {newest} is the newest that is known here",
                f"Export it with `opset_version={min(newest, 18)}`, or update onnxruntime.",
                "unknown_opset",
            )


def _weights_beside(graphs: list[Any], path: Path) -> tuple[Path, ...]:
    found: dict[Path, None] = {}
    for tensor in (one for graph in graphs for one in _tensors(graph)):
        said = {entry.key: entry.value for entry in tensor.external_data}
        if tensor.data_location != 1:  # TensorProto.EXTERNAL
            continue
        place = said.get("location", "")
        parts = (*PurePosixPath(place).parts, *PureWindowsPath(place).parts)
        absolute = PurePosixPath(place).is_absolute() or PureWindowsPath(place).drive
        if not place or absolute or ".." in parts:
            raise _unusable(
                path.name,
                f"keeps the weights '{tensor.name}' in '{place}', out of its folder",
                "Save it with its weights inside (`external_data=False`), or right beside it.",
                "external_data",
            )
        file = path.parent / place
        if not shipped.is_file(file):
            raise _unusable(
                path.name,
                f"keeps the weights '{tensor.name}' in '{place}', which is not there",
                f"Put '{place}' beside it, or save it with its weights inside.",
                "external_data",
            )
        found[file] = None
    return tuple(found)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    sparse = list(getattr(graph, "sparse_initializer", ()))
    for attribute in _attributes(graph):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        sparse += [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
        sparse += attribute.sparse_tensors
    for one in sparse:
        yield from (one.values, one.indices)


def _attributes(graph: Any) -> Iterator[Any]:
    """Those of its operators, and what a function takes where none is given."""
    for node in graph.node:
        yield from node.attribute
    yield from getattr(graph, "attribute_proto", ())


def _no_model(path: Path, size: int) -> BadInput:
    return _unusable(
        path.name,
        f"is no whole ONNX file ({size:,} bytes)",
        "It is empty, cut off, or something else: copy it again, or export it anew.",
        "unreadable_onnx",
    )


def _unusable(name: str, what: str, step: str, code: str) -> BadInput:
    return BadInput(f"'{name}' {what}.", code=code, where="model.onnx", value=name, next_step=step)
