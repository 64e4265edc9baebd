"""What goes wrong on the first mile is told with a way out, and nothing half is judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SPARES, counted, learnable, rewrite, write_product
from tests.vaults import looks

from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.core.evidence import Measured
from roadworthy.core.verdict import Outcome
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.compare import compare
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
Copies = Callable[[], Path]


def product(folder: Path, **others: Any) -> Path:
    data = {**LEARNT, "split": SPLIT}
    return write_product(folder, learnable(200, 5), [FINDS, SPARES], data=data, **others)


def told(verb: Callable[[Path], Any], file: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        verb(file)
    assert caught.value.next_step
    assert not (file.parent / ".roadworthy" / "judgements").exists()
    return caught.value


# ---- a ladder on which no rung can be fitted


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"size": pl.lit(1.0), "shape": pl.lit("x"), "noise": pl.lit(2)}, "nothing_to_learn_from"),
        (
            {"size": pl.lit(None, pl.Float64), "shape": pl.lit(None, pl.String), "noise": None},
            "nothing_to_learn_from",
        ),
        ({"size": pl.lit(float("inf"))}, "infinite_feature"),
        ({"ill": pl.lit("yes")}, "one_class"),
    ],
)
def test_when_no_rung_can_be_fitted_the_reason_is_told_and_nothing_is_kept(
    tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    file = product(tmp_path, models=["logistic", "boosting"])
    cases = {name: pl.lit(None, pl.Float64) if e is None else e for name, e in change.items()}
    learnable(200, 5).with_columns(**cases).write_parquet(tmp_path / "cases.parquet")
    assert told(train, file).code == code
    assert not (tmp_path / ".roadworthy" / "model.skops").exists()


def test_training_cases_that_are_all_out_of_scope_are_not_asked_for_again(tmp_path: Path) -> None:
    file = product(tmp_path, scope=[{"field": "noise", "between": [100, 101]}])
    problem = told(train, file)
    assert "none of the 80 training cases is in scope" in problem.message
    assert "Widen the scope" in problem.next_step


# ---- a stranger's command

READ = "import sys, json, time\ncases = [json.loads(line) for line in sys.stdin]\n"
ANSWER = "print(json.dumps({'id': c['id'], 'score': 0.9 if (c['size'] or 0) > 0 else 0.1}))\n"


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("time.sleep(60)\n", "model_timeout"),
        ("c = cases[0]\n" + ANSWER + "sys.exit(3)\n", "model_died"),
        ("print('Loading model ...')\n", "not_json"),
        ("sys.stdout.buffer.write(bytes(range(128, 255)))\n", "not_json"),
        ("for c in cases[:-7]: " + ANSWER, "missing_answer"),
        ("for c in cases + cases[:1]: " + ANSWER, "bad_answer"),
    ],
)
def test_a_command_that_does_not_answer_properly_is_judged_by_no_command(
    tmp_path: Path, code: str, known: str
) -> None:
    (tmp_path / "score.py").write_text(READ + code)
    source = {"command": [sys.executable, "score.py"], "timeout_s": 2}
    file = product(tmp_path, model=source)
    # so few sealed cases could show no more: another refusal would come first
    rewrite(file, requirements=[{**FINDS, "at_least": 0.5}])
    for verb in (check, certify, lambda path: compare(path, path)):
        assert told(verb, file).code == known
    # the seal was not opened for it
    assert not looks(file)


def test_answers_in_another_order_are_matched_by_id(tmp_path: Path) -> None:
    found = []
    for name, order in (("as sent", "cases"), ("turned", "reversed(cases)")):
        file = product(tmp_path / name, model={"command": [sys.executable, "score.py"]})
        rewrite(file, requirements=[{**FINDS, "at_least": 0.3}])
        (tmp_path / name / "score.py").write_text(READ + f"for c in {order}: " + ANSWER)
        found.append([verdict.evidence for verdict in check(file).verdicts])
    assert found[0] == found[1]


# ---- a scorer behind an address


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address that answers the first request and then fails as the test asks."""
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.append(0)
            if len(answers) > 1:
                request.param(self)
                return
            told = [{"id": case["id"], "score": 0.9} for case in json.loads(body)]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}/score"
        assert len(answers) == 4, "one good answer, and three tries of the next batch"
        found.shutdown()


def fails(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(500, "it rains")


def hangs(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(1.0)
    with suppress(TimeoutError):
        handler.rfile.read(1)


@pytest.mark.parametrize(("server", "why"), [(fails, "500"), (hangs, "0.2 s")], indirect=["server"])
def test_a_scorer_that_fails_half_way_is_asked_again_then_named_and_judges_nothing(
    tmp_path: Path, server: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.models.http.HttpModel.pauses_s", (0.0, 0.0))
    monkeypatch.setattr("roadworthy.models.http.PAUSES_S", (0.0, 0.0))
    file = product(tmp_path, model={"url": server, "batch": 50, "timeout_s": 0.2})
    problem = told(check, file)
    assert problem.code == "model_unreachable"
    assert problem.where == server
    assert "failed 3 times" in problem.message and why in problem.message


# ---- what another version, or nobody, wrote into the workspace


WORKSPACE = ("trained.json", "ladder.json", "tried.json", "model.skops", "rungs", "seen/open.ids")


@pytest.mark.parametrize("name", WORKSPACE)
@pytest.mark.parametrize("content", [b"", b"\x80\x04 no", b'{"schema": 99, "model": []}'])
def test_a_workspace_that_is_not_whole_gives_a_verdict_or_says_so(
    trained: Copies, name: str, content: bytes
) -> None:
    file = trained()
    workspace = file.parent / ".roadworthy"
    spoilt = list(workspace.glob("rungs/*/*")) if name == "rungs" else [workspace / name]
    for path in spoilt:
        path.write_bytes(content)
    for verb in (check, lambda path: compare(path, path)):
        try:
            verb(file)
        except RoadworthyError as problem:
            assert problem.next_step
            assert problem.code != "internal"


@pytest.mark.parametrize("key", ["candidates", "rungs"])
@pytest.mark.parametrize("value", [None, "x", -1, 0, [], True])
def test_among_how_many_a_model_was_chosen_is_never_guessed(
    trained: Copies, key: str, value: object
) -> None:
    file = trained()
    kept = file.parent / ".roadworthy" / "trained.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), key: value}))
    with pytest.raises(BadInput, match="among how many") as caught:
        check(file)
    assert "train" in caught.value.next_step


def test_a_model_without_training_cases_is_not_judged(trained: Copies) -> None:
    file = trained()
    for path in (file.parent / ".roadworthy" / "seen").glob("*.fitted.ids"):
        path.write_bytes(b"")
    with pytest.raises(BadInput, match="not known which cases") as caught:
        check(file)
    assert caught.value.code == "unknown_training"


# ---- a comparison of the product with itself


def echo(folder: Path, calls: dict[str, Any], **changed: pl.Expr) -> Path:
    raw = counted(95, 5, 90, 10).with_columns(
        reader=(pl.col("score") >= 0.5).cast(pl.Int64), **changed
    )
    data = {"id": "case", "truth": "ill", "positive": 1, "score": "score", "calls": calls}
    asked = {"metric": "sensitivity", "against": "doctor", "max_drop": 0.05}
    return write_product(folder, raw, [asked], data=data)


def test_the_products_own_score_is_nobody_elses_call(tmp_path: Path) -> None:
    calls = {"doctor": {"column": "score", "positive": [0.9], "negative": [0.1]}}
    problem = told(check, echo(tmp_path, calls))
    assert "so is `data.score`" in problem.message


def test_calls_that_are_the_products_own_on_every_case_are_noted(tmp_path: Path) -> None:
    calls = {"doctor": {"column": "reader", "positive": [1], "negative": [0]}}
    found = check(echo(tmp_path, calls))
    assert found.outcome is Outcome.PASS
    assert any("The product and doctor agree on every case" in note for note in found.notes)
    (verdict,) = found.verdicts
    assert isinstance(verdict.evidence, Measured)
    assert any("owes its calls" in one for one in verdict.evidence.assumptions)


def test_one_other_call_is_no_echo(tmp_path: Path) -> None:
    calls = {"doctor": {"column": "reader", "positive": [1], "negative": [0]}}
    first = pl.when(pl.col("case") == "c0").then(0).otherwise((pl.col("score") >= 0.5).cast(int))
    file = echo(tmp_path, calls)
    pl.read_parquet(tmp_path / "cases.parquet").with_columns(reader=first).write_parquet(
        tmp_path / "cases.parquet"
    )
    rewrite(file, purpose="one other call")
    assert not any("agree on every case" in note for note in check(file).notes)
