"""A team's own nn.Module answers as it is, or is trained by the same loop as our nets."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from scipy.special import expit
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.core.model import Brought
from roadworthy.core.own_net import Channels, Gives, ImageWords, NetInput, NetWords, TorchSource
from roadworthy.core.product import Task
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.nets.own import named
from roadworthy.models.nets.own_rung import OwnModule
from roadworthy.models.nets.own_trained import OwnTrained
from roadworthy.models.nets.plan import Plan
from roadworthy.models.onnx.model import OnnxNet
from roadworthy.models.own_net import OwnNet
from roadworthy.testing.pictures import png

_NUMBERS = itertools.count()
NUMBERS = (NetInput("numbers", ("a", "b")),)
LINEAR = """\
import torch
from torch import nn

class Linear(nn.Module):
    def __init__(self, columns, outputs):
        super().__init__()
        self.line = nn.Linear(columns, outputs)

    def forward(self, numbers):
        return self.line(numbers)

def build(columns, outputs):
    return Linear(columns, outputs)
"""
SEEING = """\
import torch
from torch import nn

class Seeing(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU())
        self.last = nn.Linear(8, outputs)

    def forward(self, images, numbers=None):
        return self.last(self.maps(images).amax(dim=(2, 3)))

build = Seeing
"""


@pytest.fixture
def module() -> Iterator[str]:
    """A module's name that no other test uses, forgotten afterwards."""
    name = f"a_net_of_the_team_{next(_NUMBERS)}"
    yield name
    sys.modules.pop(name, None)


def opened(folder: Path, module: str, code: str = LINEAR, **words: Any) -> OwnNet:
    (folder / f"{module}.py").write_text(code)
    inputs, gives = words.pop("inputs", NUMBERS), words.pop("gives", Gives.LOGIT)
    task, images = words.pop("task", Task.BINARY), words.pop("images", None)
    net = NetWords(inputs, gives, classes=words.pop("classes", ()))
    return named(TorchSource(f"{module}:build", net, **words), folder, task, images)


def table() -> pl.DataFrame:
    return pl.DataFrame({columns.ID: ["c0", "c1"], "a": [0.1, -0.3], "b": [0.5, 0.1]})


def weights() -> dict[str, torch.Tensor]:
    return {"line.weight": torch.tensor([[1.0, 2.0]]), "line.bias": torch.tensor([0.5])}


class TestBrought:
    @pytest.mark.parametrize("file", ["w.pt", "w.npz"])
    def test_it_answers_with_the_weights_of_a_file(
        self, tmp_path: Path, module: str, file: str
    ) -> None:
        if file.endswith("npz"):
            np.savez(tmp_path / file, **{k: v.numpy() for k, v in weights().items()})  # type: ignore[arg-type]
        else:
            torch.save(weights(), tmp_path / file)
        found = opened(tmp_path, module, weights=file)
        assert isinstance(found, Brought)
        assert np.allclose(found.answer(table()), expit([1.6, 0.4]), atol=1e-6)
        assert found.files == (tmp_path / f"{module}.py", tmp_path / file)

    def test_a_file_that_would_run_code_is_refused(self, tmp_path: Path, module: str) -> None:
        torch.save(torch.nn.Linear(2, 1), tmp_path / "w.pt")
        with pytest.raises(BadInput, match="cannot be read as plain tensors"):
            opened(tmp_path, module, weights="w.pt")

    @pytest.mark.parametrize(
        ("state", "told"),
        [
            ({"line.weight": torch.zeros(1, 2)}, "Missing key"),
            ({**weights(), "line.bias": torch.zeros(3)}, "size mismatch"),
            ({"epoch": 3, "state_dict": weights()}, "a mapping of epoch, state_dict"),
        ],
    )
    def test_weights_of_something_else_are_told(
        self, tmp_path: Path, module: str, state: Any, told: str
    ) -> None:
        torch.save(state, tmp_path / "w.pt")
        with pytest.raises(BadInput, match=told):
            opened(tmp_path, module, weights="w.pt")
        (tmp_path / "w.pt").write_bytes((tmp_path / "w.pt").read_bytes()[:100])
        with pytest.raises(BadInput, match=r"'w\.pt' cannot be read"):
            opened(tmp_path, f"{module}", weights="w.pt")

    def test_several_images_are_pooled(self, tmp_path: Path, module: str) -> None:
        code = SEEING.replace(
            "self.last(self.maps(images).amax(dim=(2, 3)))", "images.mean(1).flatten(1).mean(1)"
        )
        seen = ImageWords(("x", "y"), size=(4, 4), channels=Channels.RGB)
        words = {"inputs": (NetInput("images", images=seen),), "gives": Gives.PROBABILITY}
        found = opened(tmp_path, module, code, images=Images(("x", "y"), Pool.MEAN), **words)
        shown = {}
        for name, grey in (("x", 51), ("y", 153)):
            (tmp_path / name).write_bytes(png(np.full((4, 4), grey, dtype=np.uint8)))
            shown[columns.file(name)] = [str(tmp_path / name)]
        assert np.allclose(found.answer(pl.DataFrame(shown)), [0.4], atol=1e-6)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (("self.line(numbers)", "self.line(numbers) * torch.nan"), "is nan, no finite"),
            (
                ("self.line(numbers)", "self.line(numbers).repeat(1, 3)"),
                r"\(batch, 3\), and binary",
            ),
            (("self.line(numbers)", "[1]"), "returned a list, not a tensor"),
            (("numbers):\n        return", "images):\n        return"), "unexpected keyword"),
            (("return Linear(columns, outputs)", "return 7"), "a int, not a torch.nn.Module"),
            (("build(columns, outputs)", "build(depth, outputs)"), "asks for 'depth'"),
            (("return Linear(columns, outputs)", "1 / 0"), r"raised ZeroDivisionError.*columns=2"),
        ],
    )
    def test_what_is_wrong_with_it_is_told(
        self, tmp_path: Path, module: str, change: tuple[str, str], told: str
    ) -> None:
        with pytest.raises(BadInput, match=told):
            opened(tmp_path, module, LINEAR.replace(*change)).answer(table())

    def test_logits_are_found_where_chances_are_declared(self, tmp_path: Path, module: str) -> None:
        torch.save(weights(), tmp_path / "w.pt")
        found = opened(tmp_path, module, weights="w.pt", gives=Gives.PROBABILITY)
        with pytest.raises(BadInput, match=r"output of case c0 is 1\.6, no probability"):
            found.answer(table())

    def test_an_image_must_be_described(self, tmp_path: Path, module: str) -> None:
        inputs = (NetInput("images", images=ImageWords(("x",))),)
        with pytest.raises(BadInput, match="does not say its size and channels"):
            opened(tmp_path, module, SEEING, inputs=inputs)

    def test_code_and_weights_are_in_the_fingerprint(self, tmp_path: Path, module: str) -> None:
        torch.save(weights(), tmp_path / "w.pt")
        first = opened(tmp_path, module, weights="w.pt").fingerprint
        assert opened(tmp_path, module, weights="w.pt").fingerprint == first
        assert (
            opened(tmp_path, module, weights="w.pt", gives=Gives.PROBABILITY).fingerprint != first
        )
        torch.save({**weights(), "line.bias": torch.tensor([0.6])}, tmp_path / "w.pt")
        assert opened(tmp_path, module, weights="w.pt").fingerprint != first


class TestTrained:
    def rung(self, folder: Path, module: str, code: str = SEEING, epochs: int = 12) -> OwnModule:
        (folder / f"{module}.py").write_text(code)
        return OwnModule(f"{module}:build", folder, Plan(epochs=epochs, rate=5e-2, least_steps=0))

    def test_it_learns_is_kept_and_becomes_onnx(self, tmp_path: Path, module: str) -> None:
        cases, truth = spots(tmp_path, 64)
        rung = self.rung(tmp_path, module)
        asked = cases, truth, Task.BINARY, tuple(cases.columns), 0, None, guidance(cases)
        found = rung.fit(*asked)
        assert isinstance(found, OwnTrained)
        told = found.answer(cases)
        assert np.mean((told >= 0.5).to_numpy() == truth.to_numpy()) > 0.9
        assert rung.fit(*asked).to_bytes() == found.to_bytes()
        file = tmp_path / "model"
        file.write_bytes(found.to_bytes())
        kept = rung.load(file)
        assert kept.answer(cases).equals(told) and kept.runs_code == f"{module}:build"  # type: ignore[attr-defined]
        elsewhere = OnnxNet(found.card, to_onnx(found)).answer(cases)
        assert np.allclose(elsewhere, told, atol=1e-5)

    def test_code_that_was_changed_since_is_refused(self, tmp_path: Path, module: str) -> None:
        cases, truth = rings(60)
        rung = self.rung(tmp_path, module, LINEAR, epochs=1)
        file = tmp_path / "model"
        file.write_bytes(rung.fit(cases, truth, Task.BINARY, ("a", "b"), 0).to_bytes())
        rung.load(file)
        sys.modules.pop(module)
        (tmp_path / f"{module}.py").write_text(LINEAR + "# changed\n")
        from roadworthy.models import callable as function

        function._IMPORTED.pop(module)
        with pytest.raises(BadInput, match="was changed since"):
            rung.load(file)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("self.line(numbers)[:, 0]", "gave the shape"),
            ("self.line(numbers).repeat(1, 2)", r"and \(\d+, 1\) is wanted"),
            ("self.line(numbers) * torch.inf", "the loss is no number"),
            ("self.line(numbers[:, :1])", "Its forward raised RuntimeError"),
        ],
    )
    def test_what_stops_its_training_is_told(
        self, tmp_path: Path, module: str, change: str, told: str
    ) -> None:
        cases, truth = rings(40)
        rung = self.rung(tmp_path, module, LINEAR.replace("self.line(numbers)", change))
        with pytest.raises(BadInput, match=told):
            rung.fit(cases, truth, Task.BINARY, ("a", "b"), 0)
