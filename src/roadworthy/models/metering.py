"""What one answer of a net costs on this machine, told by a process that does nothing else.

Whoever trained, decoded and judged in this process has caches warm and memory taken: none of that
may stand in the numbers. They are of the net alone, on arrays that are ready, and of this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.compression import Metered

RUNS, WARM_UP, SECONDS = 200, 10, 4.0
ARTIFACT, INPUTS, ASKED = "net.model", "inputs.npz", "asked.json"
Floats = NDArray[np.float32]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Asked:
    """How often the net is asked, one case at a time: ``runs`` times, or for ``seconds``."""

    threads: int = 1
    runs: int = RUNS
    warm_up: int = WARM_UP
    seconds: float = SECONDS


def metered(artifact: bytes, images: Floats | None, numbers: Floats, asked: Asked) -> Metered:
    """Wall and CPU time of one case, and the highest memory of the process, imports included.

    ``images`` (cases, images a case, channels, height, width) and ``numbers`` (cases, columns) are
    what the net reads; they are asked in turn.

    Raises:
        RuntimeError: the process ended badly; what it said is told.
    """
    with TemporaryDirectory(prefix="roadworthy-") as place:
        folder = Path(place)
        (folder / ARTIFACT).write_bytes(artifact)
        given = {"numbers": numbers} if images is None else {"images": images, "numbers": numbers}
        np.savez(folder / INPUTS, **given)  # type: ignore[arg-type]  # its stub forgets names
        (folder / ASKED).write_text(json.dumps(asdict(asked)))
        ended = subprocess.run(
            [sys.executable, "-m", "roadworthy.models.meter", str(folder)],
            env={**os.environ, **dict.fromkeys(_THREADS, str(asked.threads))},
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise RuntimeError(f"a net could not be timed: {said[-1]}")
    return Metered(**json.loads(ended.stdout.splitlines()[-1]))
