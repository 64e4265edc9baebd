"""One trained product that the tests of the workflow copy instead of training their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.tables import FINDS, LEARNT, SPARES, learnable, write_product

from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.2, "calibration": 0.1, "sealed": 0.3, "seed": 3}
REQUIREMENTS = [{**FINDS, "at_least": 0.75, "target": 0.9}, SPARES]


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a product that was trained; never changed, only copied."""
    folder = tmp_path_factory.mktemp("trained") / "product"
    file = write_product(
        folder,
        learnable(1500, 11),
        REQUIREMENTS,
        data={**LEARNT, "split": SPLIT},
        decision={"threshold": "auto"},
    )
    train(file)
    return folder


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Callable[[], Path]:
    """A fresh copy of the trained product: its product.yaml."""
    numbers = iter(range(100))

    def copy() -> Path:
        target = tmp_path / f"copy{next(numbers)}"
        shutil.copytree(trained_once, target)
        return target / "product.yaml"

    return copy
