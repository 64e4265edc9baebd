"""Measures the model of this bundle on the machine it runs on: times, memory, bytes of a decision.

Run `python measure.py` in the unpacked bundle, and bring `measured.json` back. It needs numpy and
onnxruntime alone, and what reads the images of the bundle (Pillow, pydicom); without that, decoding
is left out, and said. It knows nothing of roadworthy, and looks at nothing but this folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FORMAT = 1
HERE = Path(__file__).resolve().parent
# slow answers come in swarms: between two that are noted go so many unnoted ones, or so long
WARM_UP, BETWEEN, BETWEEN_NS = 5, 9, 20_000_000


def main() -> int:
    """Deals the requests to fresh processes, one after another, and writes what they noted."""
    if len(sys.argv) == 3 and sys.argv[1] == "--run":
        print(json.dumps(one_run(int(sys.argv[2]))))
        return 0
    said, bundle = opened()
    left_out, found = missing_decoder(said), []
    if left_out:
        print(f"{left_out}: times and memory will not be end to end.")
    runs = said["device"]["runs"]
    for run in range(runs):
        ended = subprocess.run(
            [sys.executable, str(HERE / "measure.py"), "--run", str(run)],
            stdout=subprocess.PIPE,
            check=False,
        )
        if ended.returncode:
            print(f"process {run + 1} of {runs} failed; nothing was written.")
            return 1
        found.append(json.loads(ended.stdout))
        print(f"\r{run + 1} of {runs} processes", end="", flush=True)
    out = HERE / "measured.json"
    out.write_text(json.dumps(together(said, bundle, left_out, found)), encoding="utf-8")
    print(f"\nwritten: {out}")
    return 0


def opened() -> tuple[dict[str, Any], str]:
    """What the bundle says, and its hash; every file must be the one it was made with."""
    content = (HERE / "bundle.json").read_bytes()
    said: dict[str, Any] = json.loads(content)
    for name, digest in said["files"].items():
        if hashlib.sha256((HERE / name).read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{name} is not the file that this bundle was made with.")
    return said, hashlib.sha256(content).hexdigest()


def missing_decoder(said: dict[str, Any]) -> str:
    """What cannot be done here with the images of the bundle; empty: nothing is left out."""
    lacks = [name for name in said["decoders"] if find_spec(name) is None]
    return f"images were not decoded ({' and '.join(lacks)} not installed)" if lacks else ""


def one_run(run: int) -> dict[str, Any]:
    """What one fresh process notes of its share of the requests; times in ns."""
    started, at = peak_bytes(), time.perf_counter_ns()
    said, _ = opened()
    model = Model(said)
    loaded = time.perf_counter_ns() - at
    count, runs, requests = len(said["cases"]), said["device"]["runs"], said["requests"]
    mine = range(run, requests, runs)
    for i in range(WARM_UP):
        model.decide((run + i) % count)
    noted, other = [], run
    for number in mine:
        end = time.perf_counter_ns() + BETWEEN_NS
        for _ in range(BETWEEN):
            if time.perf_counter_ns() >= end:
                break
            other = (other + 1) % count
            model.decide(other)
        noted.append({"case": number % count, **model.decide(number % count)})
    return {
        "run": run,
        "load_ns": loaded,
        "start_bytes": started,
        "bytes": peak_bytes(),
        "noted": noted,
        "runtime": model.runtime,
        "numpy": model.numpy_version,
    }


class Model:
    """The graph, opened, and what stands before and behind it."""

    def __init__(self, said: dict[str, Any]) -> None:
        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = said["device"]["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        graph = str(HERE / "model.onnx")
        self.session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {port.name for port in self.session.get_inputs()}
        self.output = self.session.get_outputs()[0].name
        self.np, self.said = numpy, said
        self.runtime, self.numpy_version = onnxruntime.__version__, numpy.__version__
        self.decodes = bool(said["decoders"]) and not missing_decoder(said)
        self.look = self._eyes() if self.decodes else None

    def decide(self, number: int) -> dict[str, Any]:
        """One case, end to end: ns of each step, bytes of the record, and the answer."""
        case = self.said["cases"][number]
        clock = time.perf_counter_ns
        start = clock()
        arrays = self.decoded(case)
        decoded = clock()
        answer = self.answered(self.session.run([self.output], arrays)[0])
        scored = clock()
        record = json.dumps(self.recorded(case, answer), separators=(",", ":")).encode()
        done = clock()
        return {
            "decode_ns": decoded - start,
            "score_ns": scored - decoded,
            "decide_ns": done - scored,
            "ns": done - start,
            "bytes": len(record),
            "answer": answer,
        }

    def decoded(self, case: dict[str, Any]) -> dict[str, Any]:
        """Files and values of a case as arrays of one."""
        found = {}
        if "images" in self.inputs:
            found["images"] = self.images(case)[None]
        if "numbers" in self.inputs:
            found["numbers"] = self.numbers(case["values"])[None]
        return found

    def images(self, case: dict[str, Any]) -> Any:
        """Shape (images, channels, height, width); ready-made where nothing here can decode."""
        if self.look is None:
            return self.np.load(HERE / self.said["decoded"][0])
        return self.np.stack([self.look(HERE / name) for name in case["images"]])

    def numbers(self, values: dict[str, Any]) -> Any:
        """Standardised, gaps told, a column for every category: as the model learnt them."""
        known, found = self.said["card"]["columns"], []
        for one in known["numbers"]:
            value = values[one["name"]]
            given = one["median"] if value is None else value
            found.append((given - one["mean"]) / one["deviation"])
            found += [float(value is None)] if one["gaps"] else []
        for one in known["categories"]:
            found += [float(values[one["name"]] == level) for level in one["levels"]]
        return self.np.clip(self.np.array(found, dtype=self.np.float32), -10.0, 10.0)

    def answered(self, out: Any) -> float | str:
        """A chance, a class or a value, of what the graph gives."""
        np, card, first = self.np, self.said["card"], out[0].astype(self.np.float64)
        if card["task"] == "regression":
            return float(first[0] * card["scale"] + card["middle"])
        logits = np.concatenate([[0.0], first]) if len(first) == 1 else first
        if card["task"] == "multiclass":
            return str(card["classes"][int(logits.argmax())])
        powers = np.exp(logits - logits.max())
        score = float(powers[1] / powers.sum())
        table = self.said["calibration"]
        return score if table is None else float(np.interp(score, table["score"], table["chance"]))

    def recorded(self, case: dict[str, Any], answer: float | str) -> dict[str, Any]:
        """What is kept of a decision."""
        policy, said = self.said["policy"], self.said["record"]
        # as long as the longest name of a case, which stayed where the bundle was made
        name = case["case"].zfill(len(str(said.get("id", ""))))
        made = {**said, "id": name, "score": answer, "decided_at": datetime.now(UTC).isoformat()}
        if policy is not None:
            route, made["reason"] = routed(float(answer), policy)
            made["policy_route"] = made["route"] = route
        return made

    def _eyes(self) -> Any:
        """The product's own decoder, as a copy in the bundle."""
        sys.path.insert(0, str(HERE / "code"))
        from roadworthy.io.images import read
        from roadworthy.models.nets.canvas import Canvas

        canvas = Canvas.read(self.said["card"]["canvas"])
        return lambda path: canvas.of(read(path))


def routed(score: float, policy: dict[str, Any]) -> tuple[str, str]:
    """Where a case goes and why, as the product decides it."""
    if policy["kind"] == "triage":
        low, high, sure = policy["clear_below"], policy["flag_above"], policy["assist_from"]
        if low is not None and score < low:
            return "clear", "BELOW_CLEAR"
        if high is not None and score > high:
            return "flag", "ABOVE_FLAG"
        if sure is not None and max(score, 1.0 - score) >= sure:
            return "assist", "SUGGESTS:flag" if score >= 0.5 else "SUGGESTS:clear"
        return "refer", "UNCERTAIN"
    band = policy["refer_between"]
    if band is not None and band[0] <= score < band[1]:
        return "refer", "DOUBT:score"
    if score >= policy["threshold"]:
        return "flag", "SCORE:at_or_above_threshold"
    return "clear", "SCORE:below_threshold"


def peak_bytes() -> int | None:
    """The most memory that this process ever held; None: the system does not say."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss would begin with what the parent held
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:
        return None
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found if sys.platform == "darwin" else 1024 * found)


def together(
    said: dict[str, Any], bundle: str, left_out: str, runs: list[dict[str, Any]]
) -> dict[str, Any]:
    """One table of times, one of processes, one of decisions, and what machine it was."""
    noted = [(run["run"], one) for run in runs for one in run["noted"]]
    names = [case["case"] for case in said["cases"]]
    steps = [] if left_out else ["decode"]
    found = {
        "format": FORMAT,
        "bundle": bundle,
        "model": said["model"],
        "device": said["device"]["name"],
        "threads": said["device"]["threads"],
        "cases": len(names),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": {**host(), "onnxruntime": runs[0]["runtime"], "numpy": runs[0]["numpy"]},
        "left_out": left_out,
        "steps": {
            step: [one[f"{step}_ns"] for _, one in noted] for step in (*steps, "score", "decide")
        },
        "timings": {
            "case": [names[one["case"]] for _, one in noted],
            "run": [run for run, _ in noted],
            "ns": [one["ns"] for _, one in noted],
        },
        "processes": {
            key: [run[key] for run in runs] for key in ("load_ns", "start_bytes", "bytes")
        },
        "decisions": {"bytes": [one["bytes"] for _, one in noted]},
        "answers": {names[one["case"]]: one["answer"] for _, one in noted},
    }
    return {**found, "sum": checksum(found)}


def checksum(found: dict[str, Any]) -> str:
    """A hash over all that was measured: what was edited by hand is known by it."""
    told = {key: value for key, value in found.items() if key != "sum"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def host() -> dict[str, Any]:
    """The processor, its cores and the system."""
    cpu = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main())
