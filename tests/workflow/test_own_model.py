"""A model from elsewhere is judged as it is, and is never sent what gives the truth away."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SPARES, counted, outcomes, write_product
from tests.vaults import looks

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

DATA = {"id": "case", "truth": "ill", "positive": 1, "negative": 0}
SPLIT = {"validation": 0.4, "sealed": 0.6, "seed": 1}
SCORE = """
import json, sys
for line in sys.stdin:
    case = json.loads(line)
    with open("seen.jsonl", "a") as seen:
        seen.write(line)
    print(json.dumps({"id": case["id"], "score": case["hint"]}))
"""
FAST = {"id": "fast", "metric": "latency_p99_ms", "at_most": 5000}
SMALL = {"id": "small", "metric": "model_size_mb", "at_most": 1}


def hinted(found: int = 98, missed: int = 2, cleared: int = 90, alarmed: int = 10) -> pl.DataFrame:
    """Cases whose feature ``hint`` is what the model will answer, with all that must stay here."""
    return counted(found, missed, cleared, alarmed).select(
        pl.col("case"),
        pl.col("ill"),
        pl.col("score").alias("hint"),
        pl.lit("north").alias("site"),
        pl.col("ill").alias("reader"),
        pl.col("ill").alias("other_reader"),
        (pl.col("ill") * 7.0).alias("price"),
    )


def brought(
    folder: Path,
    *requirements: Mapping[str, Any],
    cases: pl.DataFrame | None = None,
    code: str = SCORE,
    data: Mapping[str, Any] | None = None,
    **others: Any,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "score.py").write_text(code)
    return write_product(
        folder,
        hinted() if cases is None else cases,
        requirements or (FINDS, SPARES),
        data=DATA | {"features": ["hint"]} if data is None else data,
        **{"model": {"command": [sys.executable, "score.py"], "timeout_s": 20}} | others,
    )


def seen(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (file.parent / "seen.jsonl").read_text().splitlines()]


def reason(found: Judgement, requirement: str) -> str:
    verdict = next(v for v in found.verdicts if v.requirement == requirement)
    assert isinstance(verdict.evidence, NotMeasured)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    return verdict.evidence.reason


def test_a_command_is_judged_like_the_scores_that_it_gives(tmp_path: Path) -> None:
    told = {**DATA, "score": "hint"}
    in_table = check(write_product(tmp_path / "a", hinted(), (FINDS, SPARES), data=told))
    by_command = check(brought(tmp_path / "b"))
    assert [v.evidence for v in by_command.verdicts] == [v.evidence for v in in_table.verdicts]
    assert outcomes(by_command.verdicts) == outcomes(in_table.verdicts)
    assert by_command.subject.fingerprint != in_table.subject.fingerprint


def test_truth_calls_costs_and_the_split_column_stay_here(tmp_path: Path) -> None:
    sets = pl.Series("part", ["validation", "sealed"] * 100)
    file = brought(
        tmp_path,
        FINDS,
        {"id": "as-good", "metric": "sensitivity", "against": "other_reader", "max_drop": 0.5},
        cases=hinted().with_columns(sets),
        data=DATA
        | {
            "split": {"column": "part"},
            "calls": {"radiologist": {"column": "reader", "positive": [1], "negative": [0]}},
        },
        costs={"unit": "EUR", "miss": {"column": "price", "max": 10}},
    )
    check(file)
    assert len(seen(file)) == 100
    assert {tuple(case) for case in seen(file)} == {("id", "hint", "site")}
    certify(file)
    assert {tuple(case) for case in seen(file)} == {("id", "hint", "site")}
    assert len({case["id"] for case in seen(file)}) == 200


def test_what_a_reader_must_know_stands_in_the_judgement(tmp_path: Path) -> None:
    notes = " ".join(check(brought(tmp_path)).notes)
    assert "was sent the columns hint, and no truth" in notes
    assert "builders' word" in notes
    assert "score.py" in notes


def test_the_sealed_set_is_answered_for_before_it_is_opened(tmp_path: Path) -> None:
    """A model that dies on the sealed inputs has not spent the one opening."""
    file = brought(tmp_path, data=DATA | {"features": ["hint"], "split": SPLIT})
    (tmp_path / "score.py").write_text("import sys\nsys.exit('no GPU here')")
    with pytest.raises(BadInput, match="no GPU here"):
        certify(file)
    assert not looks(file)
    (tmp_path / "score.py").write_text(SCORE)
    assert certify(file).set == "sealed"
    assert len(looks(file)) == 1
    (tmp_path / "score.py").write_text(SCORE + "# another\n")
    with pytest.raises(Refused):
        certify(file)


def test_nothing_is_kept_of_a_model_that_did_not_answer_everything(tmp_path: Path) -> None:
    file = brought(tmp_path, code=SCORE + "    if case['id'] == 'c150': break\n")
    with pytest.raises(BadInput, match=r"\d+ of 200 cases were not answered"):
        check(file)
    assert not (tmp_path / ".roadworthy" / "judgements").exists()


def test_an_automatic_threshold_is_chosen_on_its_answers(tmp_path: Path) -> None:
    data = DATA | {"features": ["hint"], "split": SPLIT}
    found = check(brought(tmp_path, data=data, decision={"threshold": "auto"}))
    assert "The threshold 0.9 was chosen" in " ".join(found.notes)


def test_another_table_can_be_judged(tmp_path: Path) -> None:
    other = hinted().with_columns("new-" + pl.col("case"))
    assert check(brought(tmp_path), on=other).population.cases == 200


def test_a_command_is_weighed_but_not_timed(tmp_path: Path) -> None:
    found = check(brought(tmp_path, FINDS, FAST, SMALL, device="here"), time=True)
    assert "starting it takes longer than a case" in reason(found, "fast")
    small = next(v for v in found.verdicts if v.requirement == "small")
    assert isinstance(small.evidence, Measured)
    assert small.evidence.estimate == len(SCORE.encode()) / 1e6


def test_a_command_that_names_the_table_of_cases_is_refused(tmp_path: Path) -> None:
    command = {"command": [sys.executable, "score.py", "--cases=cases.parquet"]}
    with pytest.raises(BadInput, match="which holds the truth") as caught:
        check(brought(tmp_path, model=command))
    assert caught.value.code == "truth_in_reach"
    file = brought(tmp_path, model=command)
    globbed = file.read_text().replace("cases: cases.parquet", "cases: cases.p*")
    file.write_text(globbed)
    with pytest.raises(BadInput, match="which holds the truth"):
        check(file)


def test_there_is_nothing_to_train(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing to train here") as caught:
        train(brought(tmp_path, data=DATA | {"split": {"train": 0.5, "sealed": 0.5}}))
    assert caught.value.code == "nothing_to_train"


def test_classes_are_judged(tmp_path: Path) -> None:
    code = SCORE.replace('"score": case["hint"]', '"class": "01"[case["hint"] > 0.5]')
    file = brought(
        tmp_path,
        {"metric": "recall", "of_class": "1", "at_least": 0.9},
        code=code,
        task="multiclass",
        data={"id": "case", "truth": "ill", "features": ["hint"]},
    )
    assert check(file).outcome is Outcome.PASS


def test_values_are_judged(tmp_path: Path) -> None:
    file = brought(
        tmp_path,
        {"metric": "within_tolerance", "tolerance": 0.15, "at_least": 0.85},
        code=SCORE.replace('"score"', '"value"'),
        task="regression",
        data={"id": "case", "truth": "ill", "features": ["hint"]},
    )
    found = check(file).verdicts[0].evidence
    assert isinstance(found, Measured)
    assert found.estimate == 0.94


def test_a_function_of_a_module_is_judged(tmp_path: Path) -> None:
    name = "the_function_of_a_module_that_is_judged"
    (tmp_path / f"{name}.py").write_text("def score(cases):\n    return cases['hint']\n")
    found = check(brought(tmp_path, model={"python": f"{name}:score"}))
    assert found.outcome is Outcome.PASS
    del sys.modules[name]


def test_a_callable_is_judged_where_the_file_names_nothing(tmp_path: Path) -> None:
    told = DATA | {"features": ["hint"]}
    file = write_product(tmp_path, hinted(), (FINDS, SPARES), data=told)
    found = check(file, model=lambda cases: cases["hint"])
    assert found.outcome is Outcome.PASS
    assert check(file, model=lambda cases: 1 - cases["hint"]).outcome is Outcome.FAIL
    with pytest.raises(BadInput, match="cannot be called"):
        check(file, model=3)  # type: ignore[arg-type]


def test_of_two_models_none_is_judged(tmp_path: Path) -> None:
    scored = write_product(tmp_path / "a", hinted(), data=DATA | {"score": "hint"})
    for file in (scored, brought(tmp_path / "b")):
        with pytest.raises(BadInput, match="handed in as well"):
            check(file, model=lambda cases: cases["hint"])


def test_a_callable_is_timed(tmp_path: Path) -> None:
    file = write_product(
        tmp_path,
        hinted(300, 5, 300, 5),
        (FINDS, FAST, SMALL),
        data=DATA | {"features": ["hint"]},
        device="here",
    )
    found = check(file, time=True, model=lambda cases: cases["hint"])
    fast = next(v for v in found.verdicts if v.requirement == "fast")
    assert isinstance(fast.evidence, Measured)
    assert fast.evidence.n == 610
    assert "no file to weigh" in reason(found, "small")


@contextmanager
def served() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            cases = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps([{"id": c["id"], "score": c["hint"]} for c in cases]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_server_is_judged_and_timed_request_by_request(tmp_path: Path) -> None:
    with served() as url:
        file = brought(tmp_path, FINDS, FAST, SMALL, device="here", model={"url": url, "batch": 64})
        found = check(file, time=True)
        assert outcomes(found.verdicts)["finds", "all"] is Outcome.PASS
        fast = next(v for v in found.verdicts if v.requirement == "fast")
        assert isinstance(fast.evidence, NotMeasured | Measured)
        assert getattr(fast.evidence, "n", 200) == 200
        assert "no files here" in reason(found, "small")
        assert "operator's word" in " ".join(found.notes)
