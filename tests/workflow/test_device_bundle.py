"""A bundle measures a net where roadworthy is not, and gives the answers that are given here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnxruntime
import pytest
from tests.workflow.portable import PC, cases, judged

from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import MarkRules
from roadworthy.core.policy import Decides, Policy, Triage
from roadworthy.models.onnx.measure import routed
from roadworthy.models.scored_table import ScoredTable
from roadworthy.workflow.decide import recorded
from roadworthy.workflow.device_bundle import Bundle, bundled, sampled
from roadworthy.workflow.device_results import read_results, require_sent
from roadworthy.workflow.subject import Judged

DEVICE = Device(**PC)  # type: ignore[arg-type]
REQUESTS = 6


def bare(folder: Path, *packages: str) -> Path:
    """A Python in which nothing but the standard library and these packages can be found."""
    venv.create(folder, with_pip=False, symlinks=True)
    own = Path(onnxruntime.__file__).parent.parent
    there = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    for name in ("numpy", "numpy.libs", "onnxruntime", *packages):
        if (own / name).exists():
            (there / name).symlink_to(own / name)
    return folder / "bin" / "python"


def unpacked(bundle: Bundle, folder: Path) -> Path:
    with ZipFile(BytesIO(bundle.content)) as archive:
        archive.extractall(folder)
    return folder


def run_there(folder: Path, python: Path | str) -> subprocess.CompletedProcess[str]:
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(python), str(folder / "measure.py")],
        env=around,
        capture_output=True,
        text=True,
        check=False,
    )


def measured(subject: Judged, tmp_path: Path, images: bool, *packages: str) -> tuple[Bundle, Path]:
    bundle = bundled(subject, DEVICE, cases(tmp_path, images=images), REQUESTS)
    there = unpacked(bundle, tmp_path / "there")
    ended = run_there(there, bare(tmp_path / "bare", *packages))
    assert ended.returncode == 0, ended.stderr
    return bundle, there / "measured.json"


def test_numpy_and_onnxruntime_are_enough_for_a_net_on_columns(tmp_path: Path) -> None:
    subject = judged(tmp_path)
    bundle, file = measured(subject, tmp_path, images=False)
    found = read_results(file)
    require_sent(found, bundle.said, DEVICE, subject.model.fingerprint, file)
    assert found["left_out"] == ""
    here = subject.model.answer(cases(tmp_path)).to_list()
    there = [found["answers"][str(at + 1)] for at in range(REQUESTS)]
    np.testing.assert_allclose(there, here[:REQUESTS], atol=1e-6)
    assert len(found["processes"]["bytes"]) == DEVICE.runs
    assert all(
        10e6 < least <= most
        for least, most in zip(
            found["processes"]["start_bytes"], found["processes"]["bytes"], strict=True
        )
    )


def test_images_are_decoded_there_by_the_very_code_that_decodes_here(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    subject = judged(tmp_path, images=True)
    bundle, file = measured(subject, tmp_path, True, "PIL", "pillow.libs")
    found = read_results(file)
    require_sent(found, bundle.said, DEVICE, subject.model.fingerprint, file)
    assert (found["left_out"], list(found["steps"])) == ("", ["decode", "score", "decide"])
    here = subject.model.answer(cases(tmp_path, images=True)).to_list()
    assert found["answers"]["3"] == pytest.approx(here[2], abs=1e-6)


def test_what_cannot_be_decoded_there_is_left_out_and_said(tmp_path: Path) -> None:
    _, file = measured(judged(tmp_path, images=True), tmp_path, images=True)
    found = read_results(file)
    assert "PIL not installed" in found["left_out"]
    assert list(found["steps"]) == ["score", "decide"]


def test_names_of_cases_stay_here(tmp_path: Path) -> None:
    bundle = bundled(judged(tmp_path, images=True), DEVICE, cases(tmp_path, images=True), REQUESTS)
    there = unpacked(bundle, tmp_path / "there")
    for file in there.rglob("*"):
        assert not file.is_file() or b"patient-" not in file.read_bytes()


def test_a_bundle_that_was_touched_measures_nothing(tmp_path: Path) -> None:
    there = unpacked(bundled(judged(tmp_path), DEVICE, cases(tmp_path), REQUESTS), tmp_path / "b")
    (there / "model.onnx").write_bytes((there / "model.onnx").read_bytes() + b"\0")
    ended = run_there(there, sys.executable)
    assert ended.returncode != 0
    assert "model.onnx is not the file" in ended.stderr
    assert not (there / "measured.json").exists()


def test_what_is_no_net_in_onnx_is_refused_with_the_other_way(tmp_path: Path) -> None:
    subject = judged(tmp_path)
    scored = Judged(subject.product, ScoredTable("score"), Policy(0.5))
    with pytest.raises(BadInput, match="no net in ONNX") as told:
        bundled(scored, DEVICE, cases(tmp_path), REQUESTS)
    assert "--here" in told.value.next_step


def test_a_record_is_not_measured_without_the_marks_that_it_holds(tmp_path: Path) -> None:
    subject = judged(tmp_path, images=True)
    marked = replace(subject, product=replace(subject.product, marks=MarkRules()))
    with pytest.raises(BadInput, match="its marks are made with roadworthy"):
        bundled(marked, DEVICE, cases(tmp_path, images=True), REQUESTS)


def test_only_cases_in_scope_leave(tmp_path: Path) -> None:
    table = cases(tmp_path, 10).with_columns(**{"@inside": np.arange(10) < 4})
    found = sampled(judged(tmp_path), table, 300)
    assert set(found["@id"]) == {f"patient-{at}" for at in range(4)}


@pytest.mark.parametrize(
    "policy",
    [
        Policy(0.5),
        Policy(0.5, (0.3, 0.6)),
        Triage(0.2, 0.8, 0.7),
        Triage(None, 0.8),
        Triage(0.2, None),
    ],
    ids=str,
)
def test_the_device_decides_as_the_product_does(policy: Decides) -> None:
    from roadworthy.workflow.device_bundle import _policy

    written = json.loads(json.dumps(_policy(policy)))
    for score in np.linspace(0, 1, 101):
        here = policy.route(float(score))
        assert routed(float(score), written) == (here.route.value, here.reason)


def edited(found: dict[str, Any], change: str) -> dict[str, Any]:
    """The same with one thing otherwise, and a sum that fits again."""
    from roadworthy.models.onnx.measure import checksum

    found = json.loads(json.dumps(found))
    match change:
        case "bundle" | "model" | "device":
            found[change] = "another"
        case "threads":
            found["threads"] = 8
        case "fewer":
            for part in (found["timings"], found["steps"], found["decisions"]):
                for key in part:
                    part[key] = part[key][:-1]
        case "negative":
            found["timings"]["ns"][0] = -1
        case "infinite":
            found["processes"]["load_ns"][0] = float("inf")
        case "steps":
            found["steps"]["score"][0] = 10**15
        case "silent":
            found["answers"] = {}
        case "stepless":
            found["steps"] = {}
        case "other steps":
            found["steps"] = {"ns": [1] * REQUESTS}
        case "sizeless":
            found["decisions"]["bytes"][0] = None
        case "huge":
            found["timings"]["ns"][0] = 10**30
        case "elsewhere":
            found["bundle"] = "/../../secret"
        case "answer":
            found["answers"]["1"] = 1.0 - found["answers"]["1"]
    return {**found, "sum": checksum(found)}


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("back")
    bundle = bundled(judged(folder), DEVICE, cases(folder), REQUESTS)
    there = unpacked(bundle, folder / "there")
    assert run_there(there, sys.executable).returncode == 0
    return bundle, json.loads((there / "measured.json").read_text())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("model", "another model"),
        ("device", "product.yaml declares 'clinic-pc'"),
        ("threads", "on 8 threads"),
        ("fewer", "holds 5 requests"),
        ("negative", "no positive numbers of nanoseconds"),
        ("infinite", "no positive numbers of nanoseconds"),
        ("steps", "longer than the whole"),
        ("answer", "does not hold there"),
        ("silent", "answers to 0 of 6 cases"),
        ("stepless", "other steps than"),
        ("other steps", "other steps than"),
        ("sizeless", "bytes of a decision that is no positive number"),
        ("huge", "no positive numbers of nanoseconds"),
        ("elsewhere", "does not say of which bundle"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    back: tuple[Bundle, dict[str, Any]], change: str, told: str, tmp_path: Path
) -> None:
    bundle, found = back
    file = tmp_path / "measured.json"
    file.write_text(json.dumps(edited(found, change)))
    with pytest.raises(BadInput, match=told):
        require_sent(read_results(file), bundle.said, DEVICE, "f" * 64, file)


def test_what_was_edited_by_hand_is_known(
    back: tuple[Bundle, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "measured.json"
    found = json.loads(json.dumps(back[1]))
    found["timings"]["ns"][0] = 1
    file.write_text(json.dumps(found))
    with pytest.raises(BadInput, match="was changed after it was measured"):
        read_results(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', "\0", '{"format": 99}'])
def test_what_is_no_such_file_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    file.write_text(content)
    with pytest.raises(BadInput):
        read_results(file)


def test_a_bundle_of_somebody_else_is_refused(
    back: tuple[Bundle, dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="not made in this workspace"):
        require_sent(back[1], None, DEVICE, "f" * 64, tmp_path / "measured.json")


def test_a_record_there_is_no_shorter_than_that_of_decide_and_names_no_case(tmp_path: Path) -> None:
    subject, table = judged(tmp_path), cases(tmp_path)
    bundle, file = measured(subject, tmp_path, images=False)
    own, _ = recorded(subject, None, table, subject.model.answer(table), datetime.now(UTC))
    written = [len(line) for line in own.write_ndjson().splitlines()][:REQUESTS]
    there = read_results(file)["decisions"]["bytes"]
    assert all(a >= b for a, b in zip(there, written, strict=True))
    assert max(there) <= max(written) + 60
    assert b"patient-" not in bundle.content
