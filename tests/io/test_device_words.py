"""A device is a name, `here`, or a mapping that says how it is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.io.product_yaml import parse_product

REST = """
version: 1
product: p
data: {cases: c.csv}
requirements: [{metric: latency_p99_ms, at_most: 50}]
"""


def device(written: str) -> Device | None:
    return parse_product(f"{REST}{written}\n", Path("product.yaml")).device


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", None),
        ("device: here", Device("here")),
        ("device: clinic-pc", Device("clinic-pc")),
        ("device: {name: here, threads: 2}", Device("here", threads=2)),
        ("device: {name: clinic-pc, threads: 4, runs: 60}", Device("clinic-pc", 4, 60)),
    ],
)
def test_each_spelling(written: str, meant: Device | None) -> None:
    assert device(written) == meant
    assert meant is None or meant.here == ("here" in written)


@pytest.mark.parametrize(
    "written",
    [
        "device: 3",
        "device: {threads: 2}",
        "device: {name: a, threads: 0}",
        "device: {name: a, runs: 0}",
        "device: {name: a, cores: 2}",
        'device: ""',
    ],
)
def test_a_mistake_is_told_with_its_line(written: str) -> None:
    with pytest.raises(BadInput) as told:
        device(written)
    assert "device" in f"{told.value}"
