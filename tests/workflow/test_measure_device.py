"""Only what was measured where the product works counts, and every measurement is one chance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, counted, rewrite, write_product
from tests.vaults import looks

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.models.onnx.measure import checksum
from roadworthy.store.devices import keep_measurement, kept_measurement
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.measure_device import measure_device

Copies = Callable[[], Path]
FAST = {"id": "fast", "metric": "latency_p99_ms", "at_most": 100}
LIGHT = {"id": "light", "metric": "peak_memory_mb", "at_most": 500}
SHORT = {"id": "short", "metric": "bytes_per_decision", "at_most": 900}
PC = {"name": "clinic-pc", "threads": 1, "runs": 2}


def by_id(found: Judgement) -> dict[str, Verdict]:
    return {verdict.requirement: verdict for verdict in found.verdicts}


def why(found: Judgement, requirement: str) -> str:
    evidence = by_id(found)[requirement].evidence
    assert isinstance(evidence, NotMeasured)
    return evidence.reason


def of_device(file: Path, **others: Any) -> Path:
    rewrite(
        file,
        requirements=[FINDS, FAST, LIGHT, SHORT],
        decision={"threshold": 0.3},
        **{"device": PC} | others,
    )
    return file


def model_of(file: Path) -> str:
    return str(json.loads((file.parent / ".roadworthy" / "trained.json").read_text())["model"])


def measurement(file: Path, rows: int = 320, processes: int = 30, **others: Any) -> dict[str, Any]:
    """A measurement as it is kept: every request 5 ms, every process 200 MB."""
    found: dict[str, Any] = {
        "format": 1,
        "bundle": "",
        "model": model_of(file),
        "device": "clinic-pc",
        "threads": 1,
        "cases": rows,
        "at": "2026-11-05T10:00:00+00:00",
        "host": {"cpu": "a small processor", "system": "Linux 6"},
        "left_out": "",
        "steps": {"score": [4_000_000] * rows, "decide": [900_000] * rows},
        "timings": {"case": ["1"] * rows, "run": [0] * rows, "ns": [5_000_000] * rows},
        "processes": {
            key: [200_000_000] * processes for key in ("load_ns", "start_bytes", "bytes")
        },
        "decisions": {"bytes": [700] * rows},
        "answers": {},
        "measured": 1,
    } | others
    return {**found, "sum": checksum(found)}


def keep(file: Path, found: dict[str, Any]) -> None:
    keep_measurement(Workspace.beside(file), found)


def test_without_a_declared_machine_nothing_of_this_one_counts(trained: Copies) -> None:
    file = trained()
    rewrite(file, requirements=[FINDS, FAST, LIGHT])
    found = check(file, time=True)
    for requirement in ("fast", "light"):
        assert "on which machine" in why(found, requirement)
        assert "device: here" in why(found, requirement)
    assert found.outcome is not Outcome.PASS
    assert found.paths[0].lever == "make_measurable"


def test_times_of_this_machine_do_not_count_for_another_one(trained: Copies) -> None:
    found = check(of_device(trained()), time=True)
    for requirement in ("fast", "light", "short"):
        assert "was not measured on clinic-pc" in why(found, requirement)


def test_what_came_back_is_judged_and_says_where_it_was_measured(trained: Copies) -> None:
    file = of_device(trained())
    keep(file, measurement(file))
    found = check(file)
    outcomes = {name: verdict.outcome for name, verdict in by_id(found).items() if name != "finds"}
    assert {outcomes[name] for name in ("fast", "light", "short")} == {Outcome.PASS}
    assert any("clinic-pc (a small processor" in note for note in found.notes)


def test_a_second_measurement_pays_for_the_first(trained: Copies) -> None:
    """320 requests without one too slow show it at 95 %; at 97.5 % it takes 368."""
    file = of_device(trained())
    keep(file, measurement(file, measured=2))
    found = check(file)
    assert by_id(found)["fast"].outcome is Outcome.INCONCLUSIVE
    assert by_id(found)["fast"].effective_confidence == pytest.approx(0.975)
    assert any("number 2" in note for note in found.notes)


@pytest.mark.parametrize(
    ("otherwise", "told"),
    [
        ({"left_out": "images were not decoded (PIL not installed)"}, "not measured end to end"),
        ({"threads": 8}, "on 8 threads"),
    ],
)
def test_what_is_not_end_to_end_or_on_other_threads_is_not_measured(
    trained: Copies, otherwise: dict[str, Any], told: str
) -> None:
    file = of_device(trained())
    keep(file, measurement(file, **otherwise))
    found = check(file)
    assert told in why(found, "fast")
    assert told in why(found, "light")


def test_a_system_that_tells_no_memory_leaves_memory_alone_open(trained: Copies) -> None:
    file = of_device(trained())
    nothing = {key: [None] * 30 for key in ("start_bytes", "bytes")} | {"load_ns": [1] * 30}
    keep(file, measurement(file, processes=30) | {"processes": nothing})
    found = check(file)
    assert "does not say" in why(found, "light")
    assert by_id(found)["fast"].outcome is Outcome.PASS


def test_of_another_model_nothing_is_known(trained: Copies) -> None:
    file = of_device(trained())
    keep(file, measurement(file, model="0" * 64))
    assert "was not measured" in why(check(file), "fast")


def test_too_few_requests_have_a_path_that_says_how_many(trained: Copies) -> None:
    file = of_device(trained())
    keep(file, measurement(file, rows=40, processes=3))
    told = [path.change for path in check(file).paths if path.lever == "make_measurable"]
    assert any("at least 299 timings" in one and "--requests 299" in one for one in told)
    assert any("at least 29 processes" in one for one in told)


@pytest.mark.slow
def test_roadworthy_measures_any_model_where_it_is_installed(
    trained: Copies, tmp_path: Path
) -> None:
    alone = {"device": {**PC, "runs": 1}}
    there, home = of_device(trained(), **alone), of_device(trained(), **alone)
    out = tmp_path / "measured.json"
    found = measure_device(there, here=True, out=out, requests=6)
    assert (found.requests, found.written) == (6, out)
    brought = measure_device(home, read=out)
    assert brought.new and brought.measured is not None
    assert not measure_device(home, read=out).new, "the same file twice is one measurement"
    verdicts = by_id(check(home))
    for name in ("fast", "light", "short"):
        assert isinstance(verdicts[name].evidence, Measured), name
    memory = verdicts["light"].evidence
    assert isinstance(memory, Measured) and 50 < memory.estimate < 2000
    again = json.loads(out.read_text())
    again["timings"]["ns"][0] += 1
    again["sum"] = checksum(again)
    out.write_text(json.dumps(again))
    measure_device(home, read=out)
    kept = kept_measurement(Workspace.beside(home), "clinic-pc", model_of(home))
    assert kept is not None and kept["measured"] == 2


def test_what_was_measured_since_is_another_question_to_the_sealed_set(trained: Copies) -> None:
    file = of_device(trained(), confidence={"looks": 3})
    keep(file, measurement(file, rows=20))
    first = by_id(certify(file))["fast"].outcome
    keep(file, measurement(file, rows=800, processes=120))
    told = certify(file)
    assert first is Outcome.INCONCLUSIVE
    assert not any("cost nothing" in note for note in told.notes)


def test_no_look_is_spent_on_what_was_never_measured(trained: Copies) -> None:
    file = of_device(trained())
    with pytest.raises(Refused, match="fast could never be shown: it was not measured on clinic"):
        certify(file)
    assert looks(file) == []


def test_a_measurement_that_was_damaged_is_named(trained: Copies) -> None:
    file = of_device(trained())
    keep(file, {**measurement(file), "host": {}})
    with pytest.raises(BadInput, match="is kept incompletely"):
        check(file)


def test_a_column_of_scores_cannot_be_measured(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(50, 0), [FINDS], data=SCORED, device=PC)
    with pytest.raises(BadInput, match="cannot be run"):
        measure_device(file, here=True, out=tmp_path / "m.json")
    with pytest.raises(BadInput, match="no net in ONNX"):
        measure_device(file, bundle=tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize("how", [{}, {"here": True, "read": "x.json"}], ids=str)
def test_one_thing_is_asked_at_a_time(tmp_path: Path, how: dict[str, Any]) -> None:
    file = write_product(tmp_path, counted(50, 0), [FINDS], data=SCORED, device=PC)
    with pytest.raises(BadInput, match="exactly one"):
        measure_device(file, **how)


def test_a_device_must_be_declared_before_it_is_measured(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(50, 0), [FINDS], data=SCORED)
    with pytest.raises(BadInput, match="on which machine"):
        measure_device(file, here=True)


def test_a_table_that_product_yaml_names_needs_no_device(tmp_path: Path) -> None:
    pl.DataFrame({"ms": [1.0] * 1000}).write_csv(tmp_path / "times.csv")
    data = {**SCORED, "tables": {"timings": "times.csv"}}
    file = write_product(tmp_path, counted(100, 0), [FINDS, FAST], data=data)
    assert by_id(check(file))["fast"].outcome is Outcome.PASS
