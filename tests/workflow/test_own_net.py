"""A net of the team's own, from product.yaml to a verdict: brought as a file, or trained here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from onnx import helper, numpy_helper
from tests.tables import FINDS, simulated, write_product

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.verdict import Outcome
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.seal import seal
from roadworthy.workflow.train import train

DATA: dict[str, Any] = {
    "id": "case",
    "truth": "ill",
    "positive": 1,
    "negative": 0,
    "features": ["hint"],
}
NET = """\
from a_helper_of_it import SIGN
from torch import nn

class Line(nn.Module):
    def __init__(self, columns, outputs):
        super().__init__()
        self.line = nn.Linear(columns, outputs)

    def forward(self, numbers):
        return SIGN * self.line(numbers)
"""


def cases(n: int, seed: int, name: str) -> pl.DataFrame:
    frame = simulated(n, seed, 0.98).rename({"score": "hint"})
    return frame.with_columns(case=pl.format(f"{name}{{}}", pl.int_range(n)))


def graph(folder: Path) -> None:
    """The score as it is."""
    float32: int = 1
    sides: list[str | int | None] = ["batch", 1]
    ports = [helper.make_tensor_value_info(name, float32, sides) for name in ("x", "out")]
    one = numpy_helper.from_array(np.ones((1, 1), np.float32), "one")
    node = helper.make_node("MatMul", ["x", "one"], ["out"])
    whole = helper.make_graph([node], "net", ports[:1], ports[1:], [one])
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(whole, opset_imports=opset, ir_version=10)
    (folder / "net.onnx").write_bytes(model.SerializeToString())


def test_an_onnx_file_is_judged_and_may_see_sealed_cases(tmp_path: Path) -> None:
    graph(tmp_path)
    model = {"onnx": "net.onnx", "inputs": {"x": "hint"}, "gives": "probability"}
    file = write_product(tmp_path, cases(200, 1, "o"), [FINDS], data=DATA, model=model)
    assert check(file).outcome is Outcome.PASS
    seal(file, cases(300, 2, "s"))
    found = certify(file)
    assert found.outcome is Outcome.PASS
    assert any("in operators that reach nothing else" in note for note in found.notes)


def test_a_net_reads_no_column_that_a_model_may_not_see(tmp_path: Path) -> None:
    graph(tmp_path)
    model = {"onnx": "net.onnx", "inputs": {"x": "ill"}, "gives": "probability"}
    data = {key: value for key, value in DATA.items() if key != "features"}
    file = write_product(tmp_path, cases(200, 1, "o"), [FINDS], data=data, model=model)
    with pytest.raises(BadInput, match="The net reads 'ill'"):
        check(file)


def test_a_module_that_is_trained_here_is_code_that_sealed_cases_are_shown_to(
    tmp_path: Path,
) -> None:
    (tmp_path / "a_net_trained_here.py").write_text(NET)
    (tmp_path / "a_helper_of_it.py").write_text("SIGN = 1.0")
    split = {"train": 0.5, "validation": 0.5, "seed": 3}
    file = write_product(
        tmp_path,
        cases(120, 1, "o"),
        [FINDS],
        data={**DATA, "split": split},
        train={"module": "a_net_trained_here:Line"},
        models=["own_module"],
    )
    try:
        assert train(file).model == "own net a_net_trained_here:Line"
        seal(file, cases(120, 2, "s"))
        with pytest.raises(Refused, match="could carry the sealed cases away"):
            certify(file)
        said = file.read_text()
        word = "module: a_net_trained_here:Line"
        assert word in said
        file.write_text(said.replace(word, f"{word}\n  sealed: predictions"))
        assert any("which could keep them" in note for note in certify(file).notes)
        assert "cost nothing" in str(certify(file).notes)
        # the hash of its code does not cover what that imports: its answers do
        (tmp_path / "a_helper_of_it.py").write_text("SIGN = -1.0")
        sys.modules.pop("a_helper_of_it")
        sys.modules.pop("a_net_trained_here")
        with pytest.raises(Refused) as told:
            certify(file)
        assert told.value.code == "seal_spent"
    finally:
        sys.modules.pop("a_net_trained_here", None)
        sys.modules.pop("a_helper_of_it", None)
