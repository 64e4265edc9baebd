"""The process that times one net: loads it, warms up, asks it case by case, prints one JSON line.

It imports as little as whoever runs the net would have to: its memory is told too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

GRAPH = "model.onnx"
Arrays = dict[str, NDArray[np.float32]]


def main(folder: Path) -> None:
    """Times ``net.model`` in ``folder`` on ``inputs.npz`` as ``asked.json`` says."""
    asked = json.loads((folder / "asked.json").read_text())
    with np.load(folder / "inputs.npz") as kept:
        inputs = {name: kept[name] for name in kept.files}
    cases = [{k: v[at : at + 1] for k, v in inputs.items()} for at in range(len(inputs["numbers"]))]
    ask = _asker(folder / "net.model", asked["threads"])
    for at in range(asked["warm_up"]):
        ask(cases[at % len(cases)])
    taken: list[float] = []
    start, cpu = time.perf_counter(), time.process_time()
    while len(taken) < asked["runs"] and time.perf_counter() - start < asked["seconds"]:
        case, begun = cases[len(taken) % len(cases)], time.perf_counter_ns()
        ask(case)
        taken.append((time.perf_counter_ns() - begun) / 1e6)
    cpu_ms = (time.process_time() - cpu) * 1e3 / len(taken)
    p50, p99 = (float(np.quantile(taken, at, method="inverted_cdf")) for at in (0.5, 0.99))
    told = {"p50_ms": p50, "p99_ms": p99, "cpu_ms": cpu_ms, "peak_mb": _peak_mb()}
    print(json.dumps({**told, "runs": len(taken), "threads": asked["threads"]}))


def _asker(artifact: Path, threads: int) -> Callable[[Arrays], object]:
    with ZipFile(artifact) as archive:
        graph = archive.read(GRAPH) if GRAPH in archive.namelist() else None
    if graph is None:
        from roadworthy.models.nets.eager import asker

        return asker(artifact, threads)
    from roadworthy.models.onnx.session import opened

    session = opened(graph, threads)
    wanted = [port.name for port in session.inputs]
    answer = session.outputs[0].name
    return lambda case: session.run({name: case[name] for name in wanted}, answer)


def _peak_mb() -> float:
    """The highest resident memory, in MB of 10^6 bytes.

    The kernel's own account of this program, where it is told: getrusage remembers what the
    process was before it became this program.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
