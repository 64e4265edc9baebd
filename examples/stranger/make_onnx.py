"""Writes the model as an ONNX file, net.onnx: what torch.onnx.export or skl2onnx make of theirs."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent


def graph():
    model = json.loads((HERE / "weights.json").read_text())
    known = list(model["features"].values())
    held = {
        "mean": np.array([one["mean"] for one in known]),
        "sd": np.array([one["sd"] for one in known]),
        "weight": np.array([[one["weight"]] for one in known]),
        "intercept": np.array([model["intercept"]]),
    }
    steps = [
        helper.make_node("Sub", ["numbers", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "sd"], ["standardised"]),
        helper.make_node("Gemm", ["standardised", "weight", "intercept"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    sides = {"numbers": len(known), "logit": 1, "probability": 1}
    ports = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", side])
        for name, side in sides.items()
    }
    weights = [numpy_helper.from_array(a.astype(np.float32), name) for name, a in held.items()]
    outputs = [ports["logit"], ports["probability"]]
    return helper.make_graph(steps, "masses", [ports["numbers"]], outputs, weights)


if __name__ == "__main__":
    opset = [helper.make_opsetid("", 18)]
    whole = helper.make_model(graph(), opset_imports=opset, ir_version=10)
    (HERE / "net.onnx").write_bytes(whole.SerializeToString())
