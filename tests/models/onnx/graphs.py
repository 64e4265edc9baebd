"""Small ONNX files, written by hand: sums of columns, means of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]
FLOAT = TensorProto.FLOAT


def write(
    folder: Path,
    nodes: list[Any],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    weights: dict[str, np.ndarray[Any, Any]] | None = None,
    opset: int = 18,
    kinds: dict[str, int] | None = None,
    **opsets: int,
) -> Path:
    """``net.onnx`` in ``folder``."""
    kinds = kinds or {}

    def ports(of: Mapping[str, Shape]) -> list[Any]:
        return [
            helper.make_tensor_value_info(name, kinds.get(name, FLOAT), list(shape))
            for name, shape in of.items()
        ]

    held = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "net", ports(inputs), ports(outputs), held)
    imports = [helper.make_opsetid("", opset)]
    imports += [helper.make_opsetid(name, version) for name, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    file = folder / "net.onnx"
    file.write_bytes(model.SerializeToString())
    return file


def linear(folder: Path, last: str = "Sigmoid", outputs: int = 1, **more: Any) -> Path:
    """``numbers`` (batch, 2) times 1, and ``last`` of it: ``out`` (batch, outputs)."""
    weights = {"w": np.arange(1, 2 * outputs + 1).reshape(2, outputs).astype(np.float32)}
    nodes = [
        helper.make_node("MatMul", ["numbers", "w"], ["sum"]),
        helper.make_node(last, ["sum"], ["out"]),
    ]
    inputs: dict[str, Shape] = {"numbers": ["batch", 2]}
    return write(folder, nodes, inputs, {"out": ["batch", outputs]}, weights, **more)


def by_default(folder: Path, place: str) -> Path:
    """``out``: how far the sum is from 0, by a function whose weights lie in the file ``place``."""
    weights = onnx.TensorProto(name="w", data_type=FLOAT, dims=[2, 1])
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=place)
    constant = helper.make_node("Constant", [], ["w"])
    constant.attribute.append(
        onnx.AttributeProto(name="value", type=onnx.AttributeProto.TENSOR, ref_attr_name="k")
    )
    nodes = [constant, helper.make_node("MatMul", ["a", "w"], ["b"])]
    opsets = [helper.make_opsetid("", 18)]
    own = helper.make_function("own", "Sum", ["a"], ["b"], nodes, opsets)
    own.attribute_proto.append(helper.make_attribute("k", weights))
    called = [helper.make_node("Sum", ["numbers"], ["sum"], domain="own")]
    called.append(helper.make_node("Abs", ["sum"], ["out"]))
    file = write(folder, called, {"numbers": ["batch", 2]}, {"out": ["batch", 1]}, own=1)
    model = onnx.load(file, load_external_data=False)
    model.functions.append(own)
    file.write_bytes(model.SerializeToString())
    return file


def mean_pixel(folder: Path, shape: Shape = ("batch", 1, 4, 4), kind: int = FLOAT) -> Path:
    """The mean of ``image`` over all that is not the batch: ``out`` (batch, 1)."""
    axes = np.arange(1, len(shape)).astype(np.int64)
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["flat"], keepdims=0),
        helper.make_node("Unsqueeze", ["flat", "last"], ["out"]),
    ]
    held = {"axes": axes, "last": np.array([1], dtype=np.int64)}
    inputs, outputs = {"image": list(shape)}, {"out": [shape[0], 1]}
    return write(folder, nodes, inputs, outputs, held, kinds={"image": kind})


def externally(file: Path, place: str = "net.data") -> None:
    """Puts the weights of a file into another one beside it."""
    model = onnx.load(file)
    onnx.save(model, file, save_as_external_data=True, location=place, size_threshold=0)
