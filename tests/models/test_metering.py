"""What a net costs is told by a process of its own, which imports no more than it must."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models.onnx.nets import net

from roadworthy.models import archive
from roadworthy.models.metering import Asked, metered
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.onnx.model import OnnxNet

IMAGES, NUMBERS = np.zeros((2, 1, 1, 20, 20), np.float32), np.zeros((2, 0), np.float32)


def test_a_graph_is_timed_without_torch_and_torch_without_a_graph() -> None:
    parent = net()
    heir = OnnxNet(parent.card, to_onnx(parent))
    asked = Asked(runs=20, warm_up=2)
    small, whole = (metered(one.to_bytes(), IMAGES, NUMBERS, asked) for one in (heir, parent))
    for found in (small, whole):
        assert 0 < found.p50_ms <= found.p99_ms
        assert found.cpu_ms > 0
        assert (found.runs, found.threads) == (20, 1)
    # torch alone takes more than a hundred megabytes, and whoever runs a graph needs none of it
    assert whole.peak_mb - small.peak_mb > 50


def test_a_process_that_ends_badly_says_why() -> None:
    broken = archive.pack({}, {"model.onnx": b"no graph"})
    with pytest.raises(RuntimeError, match=r"could not be timed: .* cannot open"):
        metered(broken, IMAGES, NUMBERS, Asked(runs=1))
