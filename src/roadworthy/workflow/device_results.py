"""What came back from a device: nothing is kept of it that does not fit what was sent there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.models.onnx.measure import FORMAT, checksum

# another processor rounds otherwise, and an INT8 net steps by more than a float does
MOST_APART = 0.02
_LARGEST_FILE = 200_000_000
_STEPS = {"decode", "score", "decide"}
_MOST = 1 << 62
_HASH = re.compile(r"[0-9a-f]{64}")


def read_results(path: Path) -> dict[str, Any]:
    """What `measure.py` wrote, whole and unchanged.

    Raises:
        BadInput: it cannot be read, is something else, or was edited.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("it is too large")
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError("it is no such file")
    except (OSError, ValueError, RecursionError) as problem:
        raise _wrong(path, f"cannot be read as what measure-device wrote: {problem}") from problem
    if found.get("sum") != checksum(found):
        raise _wrong(path, "was changed after it was measured", "edited_results")
    if fault := shapeless(found):
        raise _wrong(path, fault)
    return found


def require_sent(
    found: Mapping[str, Any], sent: Mapping[str, Any] | None, device: Device, model: str, path: Path
) -> None:
    """Returns when the results are of this model, this bundle and the declared device.

    Raises:
        BadInput: they are not; it says what differs.
    """
    if sent is None:
        told = "belongs to a bundle that was not made in this workspace"
        raise _wrong(path, told, "other_bundle", found["bundle"])
    if found["model"] != model:
        told = f"is of another model ({found['model'][:12]}) than the product's ({model[:12]})"
        raise _wrong(path, told, "other_model", found["model"])
    if found["device"] != device.name:
        told = f"is of the device '{found['device']}', and product.yaml declares '{device.name}'"
        raise _wrong(path, told, "other_device", found["device"])
    if found["threads"] != device.threads:
        told = f"was measured on {found['threads']} threads, and product.yaml says {device.threads}"
        raise _wrong(path, told, "other_threads", found["threads"])
    rows, runs = len(found["timings"]["ns"]), len(found["processes"]["bytes"])
    if (rows, runs, found["cases"]) != (sent["requests"], sent["runs"], sent["cases"]):
        told = (
            f"holds {rows} requests on {found['cases']} cases in {runs} processes, and the bundle "
            f"asked for {sent['requests']} on {sent['cases']} in {sent['runs']}"
        )
        raise _wrong(path, told, "incomplete_results", rows)
    asked = min(sent["cases"], sent["requests"])
    if len(found["answers"]) != asked:
        told = f"holds answers to {len(found['answers'])} of {asked} cases"
        raise _wrong(path, told, "incomplete_results", len(found["answers"]))
    _require_same_answers(found["answers"], sent["answers"], device, path)


def _require_same_answers(
    there: Mapping[str, Any], here: Mapping[str, Any], device: Device, path: Path
) -> None:
    """What was shown of the answers here says nothing of a device that answers otherwise."""
    for case, answer in there.items():
        known: Any = here.get(case)
        numbers = isinstance(answer, float) and isinstance(known, float | int)
        same = (
            abs(answer - known) <= MOST_APART * max(1.0, abs(known)) if numbers else answer == known
        )
        if not same:
            told = (
                f"says that on {device} case {case} is answered {answer}, and here it is {known}: "
                "what is shown of the answers here does not hold there"
            )
            raise BadInput(
                f"'{path}' {told}.",
                code="other_answers",
                where=path.name,
                value=case,
                next_step="INT8 saturates on processors without VNNI: compress with reduced range, "
                "or judge the product on the answers that the device gives.",
            )


def shapeless(found: Mapping[str, Any]) -> str:
    """What is not as the script writes it; empty: nothing."""
    try:
        timings, held, steps = found["timings"], found["processes"], found["steps"]
        rows, runs = len(timings["ns"]), len(held["bytes"])
        times = {"ns": timings["ns"], **steps, "load_ns": held["load_ns"]}
        sizes = {"bytes of a decision": found["decisions"]["bytes"], "memory": held["bytes"]}
        lengths = [timings["case"], timings["run"], found["decisions"]["bytes"], *steps.values()]
        if not rows or not runs or any(len(one) != rows for one in lengths):
            return "has tables of unequal length, or empty ones"
        if any(len(held[key]) != runs for key in ("load_ns", "start_bytes")):
            return "has tables of unequal length"
        if not steps or not set(steps) <= _STEPS:
            return f"has other steps than {', '.join(sorted(_STEPS))}"
        for name, values in times.items():
            # a step may be too short for its clock; a whole request is not
            if any(
                type(one) is not int or not (name not in steps) <= one < _MOST for one in values
            ):
                return f"holds times ({name}) that are no positive numbers of nanoseconds"
        for name, values in sizes.items():
            # not every system tells its memory
            told = [one for one in values if one is not None or name != "memory"]
            if any(type(one) is not int or not 0 < one < _MOST for one in told):
                return f"holds {name} that is no positive number of bytes"
        summed = (sum(step) for step in zip(*steps.values(), strict=True))
        if any(part > whole for part, whole in zip(summed, timings["ns"], strict=True)):
            return "has steps that take longer than the whole"
        host, texts = found["host"], ("bundle", "model", "device", "at", "left_out")
        if not all(isinstance(found[key], str) for key in texts) or "cpu" not in host:
            return "does not say of which model, bundle and device it is"
        if type(found["threads"]) is not int or type(found["cases"]) is not int:
            return "does not say on how many threads and cases it was measured"
        if not isinstance(found["answers"], dict) or "system" not in host:
            return "does not say what was answered, and by what system"
        if found["bundle"] and not _HASH.fullmatch(found["bundle"]):
            return "does not say of which bundle it is"
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        return f"lacks what measure-device writes: {problem!r}"
    return ""


def _wrong(path: Path, told: str, code: str = "bad_results", value: object = None) -> BadInput:
    return BadInput(
        f"'{path}' {told}.",
        code=code,
        where=path.name,
        value=value,
        next_step="Make a bundle with `roadworthy measure-device --bundle FILE`, run its "
        "measure.py on the device, and bring its measured.json back.",
    )
