"""torch, as this room uses it: asked for late, on one thread, with a seed, and back as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from roadworthy.core.errors import BadInput

if TYPE_CHECKING:
    import torch

# one thread adds in one order, on every machine; decoding images has threads of its own
_THREADS = 1


def require_torch() -> None:
    """Refuses to go on without torch.

    Raises:
        BadInput: it is not installed; the error names the extra.
    """
    if find_spec("torch") is None:
        raise BadInput(
            "networks need torch, which is not installed.",
            code="missing_extra",
            where="models",
            next_step="Run `pip install 'roadworthy[torch]'`, or leave networks out of `models:`.",
        )


def device() -> torch.device:
    """A GPU when there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def steady(seed: int = 0) -> Iterator[None]:
    """Inside, the same seed gives the same numbers, and who calls finds torch as it was.

    Deterministic algorithms only, so a GPU gives the same bytes twice as well; another kind of
    device gives other last digits.
    """
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    tuned = torch.backends.cudnn.benchmark
    torch.set_num_threads(_THREADS)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
        torch.backends.cudnn.benchmark = tuned
