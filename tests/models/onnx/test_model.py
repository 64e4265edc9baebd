"""A net answers through ONNX Runtime as it does through torch."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tests.models.onnx import nets

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Pool
from roadworthy.core.product import Task
from roadworthy.models import archive
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.onnx import model, session

# every kind, size, task and pool, with and without columns, one image a case and many
KINDS = {
    "small": {},
    "several": {"size": "M", "images": 3, "numbers": 2, "pool": Pool.MEAN},
    "classes": {"kind": "resnet", "images": 2, "numbers": 1, "task": Task.MULTICLASS},
    "columns": {"kind": "mlp", "size": "L", "images": 0, "numbers": 4, "task": Task.REGRESSION},
}


@cache
def exported(kind: str) -> tuple[TrainedNet, model.OnnxNet]:
    net = nets.net(**KINDS[kind])  # type: ignore[arg-type]
    return net, model.OnnxNet(net.card, to_onnx(net))


@pytest.mark.parametrize("kind", KINDS)
def test_torch_and_onnx_give_the_same_answers(tmp_path: Path, kind: str) -> None:
    net, found = exported(kind)
    cases = nets.cases(net, tmp_path)
    told, again = net.answer(cases), found.answer(cases)
    assert found.needs == net.needs and again.dtype == told.dtype
    if net.card.task is Task.MULTICLASS:
        assert told.to_list() == again.to_list()
    else:
        assert np.allclose(told, again, rtol=0, atol=1e-5)
    # the batch is free: one case, and more than the exporter saw
    shape, count = net.card.shape, 7
    rng = np.random.default_rng(1)
    size = (len(net.card.images), shape.channels, shape.height, shape.width)
    for some in (1, count):
        images = rng.normal(size=(some, *size)).astype(np.float32) if size[0] else None
        numbers = rng.normal(size=(some, shape.columns)).astype(np.float32)
        with torch.inference_mode():
            pixels = None if images is None else torch.from_numpy(images)
            wanted = net.net(pixels, torch.from_numpy(numbers)).numpy()
        assert np.allclose(found.run(images, numbers), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["small", "several"])
def test_a_graph_says_where_as_its_net_does(tmp_path: Path, kind: str) -> None:
    net, found = exported(kind)
    cases = nets.cases(net, tmp_path)
    cases[0, net.card.images[0]] = str(tmp_path / "away.png")
    for ours, theirs in zip(found.score_maps(cases), net.score_maps(cases), strict=True):
        assert (ours is None) == (theirs is None)
        for one, other in zip(ours or (), theirs or (), strict=True):
            assert np.allclose(one.values, other.values, rtol=0, atol=1e-5)
            assert (one.top, one.left, one.down) == (other.top, other.left, other.down)


def test_a_graph_of_several_classes_has_no_map(tmp_path: Path) -> None:
    net, found = exported("classes")
    with pytest.raises(BadInput, match="gives no map of scores"):
        found.score_maps(nets.cases(net, tmp_path))


@pytest.fixture
def small() -> model.OnnxNet:
    return exported("small")[1]


def test_the_same_net_gives_the_same_bytes_and_nothing_of_this_machine() -> None:
    net, before = exported("columns")
    assert to_onnx(net) == before.graph
    assert b"roadworthy" not in before.graph and b".py" not in before.graph


def test_a_kept_net_answers_without_torch(small: model.OnnxNet, tmp_path: Path) -> None:
    file = tmp_path / "net"
    file.write_bytes(small.to_bytes())
    kept = model.load(file)
    cases = nets.cases(nets.net(), tmp_path)
    told = small.answer(cases)
    assert kept.to_bytes() == small.to_bytes() and kept.files == (file,)
    assert kept.answer(cases).equals(told)
    cases.write_json(tmp_path / "cases.json")
    code = (
        "import sys, polars as pl; from pathlib import Path;"
        "from roadworthy.models.onnx import model;"
        f"found = model.load(Path({str(file)!r}));"
        f"print(found.answer(pl.read_json({str(tmp_path / 'cases.json')!r})).to_list());"
        "assert not {'torch', 'onnx'} & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(told.to_list())


def test_an_image_that_cannot_be_read_has_no_answer(small: model.OnnxNet, tmp_path: Path) -> None:
    cases = nets.cases(nets.net(), tmp_path, 2)
    lost = pl.DataFrame({cases.columns[0]: [str(tmp_path / "away.png")]})
    assert small.answer(pl.concat([lost, cases])).is_null().to_list() == [True, False, False]


def test_a_file_with_the_graph_of_another_net_is_refused(
    small: model.OnnxNet, tmp_path: Path
) -> None:
    file = tmp_path / "net"
    other = nets.net("mlp", images=0, numbers=2)
    file.write_bytes(archive.pack(other.card.plain(), {model.GRAPH: small.graph}))
    with pytest.raises(BadInput, match=r"its graph reads \['images'\]"):
        model.load(file)
    file.write_bytes(archive.pack(small.card.plain(), {model.GRAPH: small.graph[:500]}))
    with pytest.raises(BadInput, match="runtime cannot open it"):
        model.load(file)


def test_without_the_runtime_the_error_names_the_extra(
    small: model.OnnxNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.models.onnx.session.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'roadworthy\[onnx\]'"):
        session.opened(small.graph)
    monkeypatch.setattr("roadworthy.models.nets.export.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'roadworthy\[onnx\]'"):
        to_onnx(nets.net())


def test_arrays_that_do_not_fit_are_told_in_the_words_of_the_runtime(small: model.OnnxNet) -> None:
    with pytest.raises(BadInput, match="could not run"):
        small.run(np.zeros((1, 1, 1, 9, 9), np.float32), None)


def test_a_net_of_several_classes_says_how_probable_the_named_one_is(tmp_path: Path) -> None:
    net, found = exported("classes")
    cases = nets.cases(net, tmp_path)
    sure = net.certainty(cases)
    assert ((sure >= 1 / 3) & (sure <= 1)).all()
    assert np.allclose(found.certainty(cases), sure, rtol=0, atol=1e-5)
