"""A net as torch runs it, operator by operator: what its compressed heirs are timed against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from roadworthy.models.nets.model import load


def asker(artifact: Path, threads: int) -> Callable[[dict[str, NDArray[np.float32]]], object]:
    """Asks the net for one batch, on the CPU; for a process of its own, since it sets threads."""
    net = load(artifact).net.cpu().eval()
    torch.set_num_threads(threads)

    def ask(case: dict[str, NDArray[np.float32]]) -> object:
        images = torch.from_numpy(case["images"]) if "images" in case else None
        with torch.inference_mode():
            return net(images, torch.from_numpy(case["numbers"]))

    return ask
