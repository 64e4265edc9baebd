"""INT8 that stays near float32, keeps its answers apart, and says which layers mind."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from tests.models.onnx.nets import net

from roadworthy.core.errors import BadInput
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.onnx import quantising
from roadworthy.models.onnx.session import opened

SAMPLES = [
    {"images": np.random.default_rng(at).normal(size=(8, 1, 1, 20, 20)).astype(np.float32)}
    for at in range(3)
]


@pytest.fixture(scope="module")
def graph() -> bytes:
    return quantising.folded(to_onnx(net()))


def ask(graph: bytes) -> NDArray[np.float64]:
    session = opened(graph)
    return np.concatenate([session.run(one)[0] for one in SAMPLES]).astype(np.float64)


def kinds(graph: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(graph).graph.node]


def weights(graph: bytes) -> list[NDArray[np.int8]]:
    found = (
        onnx.numpy_helper.to_array(one) for one in onnx.load_from_string(graph).graph.initializer
    )
    return [one for one in found if one.dtype == np.int8 and one.ndim == 4]


def test_folding_leaves_no_batch_norm_and_the_same_answers(graph: bytes) -> None:
    assert "BatchNormalization" not in kinds(graph)
    assert np.allclose(ask(graph), ask(to_onnx(net())), atol=1e-5)


def test_int8_is_a_third_of_the_size_and_near(graph: bytes) -> None:
    small = quantising.quantised(graph, SAMPLES, reduce_range=False)
    assert len(small) < len(graph) / 2.5
    assert quantising.error(ask(small), ask(graph)) < 0.3
    assert small == quantising.quantised(graph, SAMPLES, reduce_range=False)


def test_answers_are_no_steps(graph: bytes) -> None:
    """The layer that answers stays in float32, so that no two cases tie for want of digits."""
    small = quantising.quantised(graph, SAMPLES, reduce_range=False)
    assert kinds(small)[-1] not in ("QuantizeLinear", "DequantizeLinear")
    assert len(np.unique(ask(small))) == len(ask(small))


def test_a_reduced_range_is_seven_bits(graph: bytes) -> None:
    whole, reduced = (
        weights(quantising.quantised(graph, SAMPLES, reduce_range=at)) for at in (False, True)
    )
    assert max(int(np.abs(one.astype(int)).max()) for one in whole) > 64
    assert max(int(np.abs(one.astype(int)).max()) for one in reduced) <= 64


def test_layers_that_are_left_out_have_weights_of_float32(graph: bytes) -> None:
    ranked = quantising.by_error(graph, SAMPLES[:1], ask, reduce_range=False)
    convolutions = kinds(graph).count("Conv")
    assert len(ranked) == len(set(ranked)) >= convolutions - 1
    left_out = [node for layer in ranked[:2] for node in layer]
    mixed = quantising.quantised(graph, SAMPLES, reduce_range=False, left_out=left_out)
    all_int8 = quantising.quantised(graph, SAMPLES, reduce_range=False)
    assert len(weights(mixed)) == len(weights(all_int8)) - 2
    everything = [node for layer in ranked for node in layer]
    none = quantising.quantised(graph, SAMPLES, reduce_range=False, left_out=everything)
    assert not weights(none)
    assert quantising.error(ask(none), ask(graph)) < quantising.error(ask(all_int8), ask(graph))


@pytest.mark.parametrize(
    ("told", "has"),
    [
        ("processor: 0\nflags\t\t: fpu sse avx2 avx512_vnni\n", True),
        ("processor: 0\nflags\t\t: fpu sse avx2\n", False),
        ("processor: 0\nFeatures\t: fp asimd asimddp\n", True),
        ("nothing that is known\n", None),
    ],
)
def test_the_cpu_says_whether_it_saturates(
    told: str, has: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: told)
    assert quantising.has_int8() is has


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="needs onnx and onnxruntime") as refused:
        quantising.require_quantiser()
    assert "roadworthy[onnx]" in refused.value.next_step
