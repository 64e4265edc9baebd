"""The commands: every way to end has its exit code, and every error can be read by a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import (
    FINDS,
    LEARNT,
    SCORED,
    SPARES,
    counted,
    learnable,
    rewrite,
    simulated,
    write_product,
)

from roadworthy.cli import app as cli_app
from roadworthy.cli import main
from roadworthy.io.judgement_json import from_json

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}
COMMANDS = (
    *(
        "init",
        "plan",
        "train",
        "compress",
        "check",
        "images",
        "marks",
        "seal",
        "certify",
        "dossier",
    ),
    *(
        "decide",
        "measure-device",
        "worklist",
        "report",
        "compare",
        "doctor",
        "explain",
        "schema",
        "reader-study",
        "demo",
    ),
    *("renew", "vault", "leaderboard"),
    *("store", "ledger"),
)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))

    @property
    def error(self) -> dict[str, Any]:
        """The error, with the keys that programs rely on."""
        found: dict[str, Any] = self.json["error"]
        assert {"code", "where", "value", "next"} <= found.keys()
        assert found["next"]
        return found


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def command(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, told.out, told.err)

    return command


def shell(*words: object, **how: Any) -> Ended:
    """Runs a command as a process of its own, as a user does."""
    program = Path(sysconfig.get_path("scripts")) / "roadworthy"
    found = subprocess.run(
        [program, *map(str, words)], capture_output=True, text=True, timeout=120, **how
    )
    return Ended(found.returncode, found.stdout, found.stderr)


def judged(folder: Path, found: int, missed: int) -> Path:
    return write_product(folder, counted(found, missed, 10))


# ---- exit codes


@pytest.mark.parametrize(
    ("found", "missed", "code", "word"),
    [(100, 0, 0, "PASS"), (50, 50, 1, "FAIL"), (20, 1, 3, "INCONCLUSIVE")],
)
def test_check_ends_as_the_verdict_says(
    run: Run, tmp_path: Path, found: int, missed: int, code: int, word: str
) -> None:
    file = judged(tmp_path, found, missed)
    plain, as_json = run("check", file), run("check", file, "--json")
    assert plain.code == as_json.code == code
    assert word in plain.out
    assert as_json.json["outcome"] == word


def test_the_folder_of_product_yaml_will_do(run: Run, tmp_path: Path) -> None:
    judged(tmp_path, 100, 0)
    assert run("check", tmp_path).code == 0


def test_the_json_of_a_judgement_reads_back(run: Run, tmp_path: Path) -> None:
    rules = [{**FINDS, "slices": [{"by": "site"}, {"by": "age", "ranges": [[20, 50]]}]}, SPARES]
    found = run("check", write_product(tmp_path, simulated(300, 1), rules), "--json")
    assert from_json(found.json).product == "tested"
    assert found.err == ""


def test_plan_ends_with_0_or_with_3_when_something_can_never_be_shown(
    run: Run, tmp_path: Path
) -> None:
    fine = write_product(tmp_path / "fine", None, [{**FINDS, "target": 0.95}])
    never = write_product(tmp_path / "never", None, [{**FINDS, "at_least": 1.0}])
    assert run("plan", fine).code == 0
    assert "203" in run("plan", fine).out
    ended = run("plan", never)
    assert ended.code == 3
    assert "never" in ended.out
    told = run("plan", never, "--json").json
    assert told["can_be_shown"] is False
    assert told["cells"][0]["needs"]["never"]


def test_certify_then_certify_another_is_refused_with_4(run: Run, tmp_path: Path) -> None:
    file = write_product(
        tmp_path, simulated(600, 1, sensitivity=0.99), data={**SCORED, "split": HALF}
    )
    assert run("certify", file).code == 0
    again = run("certify", file)
    assert again.code == 0 and "it cost nothing" in again.out, "the very same is no second look"
    rewrite(file, decision={"threshold": 0.4})
    assert run("certify", file).code == 4
    assert run("certify", file, "--json").error["code"] == "seal_spent"


def test_without_a_sealed_set_certify_is_bad_input(run: Run, tmp_path: Path) -> None:
    ended = run("certify", judged(tmp_path, 100, 0), "--json")
    assert (ended.code, ended.error["code"]) == (2, "no_sealed_set")


def test_another_table_with_sealed_or_seen_cases_is_refused(run: Run, tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(600, 1), data={**SCORED, "split": HALF})
    ended = run("check", file, "--on", tmp_path / "cases.parquet", "--json")
    assert (ended.code, ended.error["code"]) == (4, "sealed_cases")


def test_a_training_from_end_to_end(run: Run, tmp_path: Path) -> None:
    split = {"train": 0.5, "validation": 0.25, "sealed": 0.25, "seed": 7}
    easy = [{**FINDS, "at_least": 0.5}]
    file = write_product(tmp_path, learnable(600, 5), easy, data={**LEARNT, "split": split})
    before = run("check", file, "--json")
    assert (before.code, before.error["code"]) == (2, "no_model")
    trained = run("train", file, "--json")
    assert trained.code == 0
    assert trained.json["features"] == ["size", "shape", "noise"]
    assert run("train", file).code == 0
    assert run("check", file).code == 0
    assert run("certify", file).code == 0
    assert run("dossier", file).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("chekc",),
        ("check", "--nonsense"),
        ("check", "a", "b"),
        ("check", "nowhere/product.yaml"),
        ("dossier", "--set"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_and_missing_files_end_with_2_and_say_what_next(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words).code == 2
    ended = run(*words, "--json")
    assert ended.code == 2
    assert ended.error["message"]


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_known_one(
    run: Run, tmp_path: Path
) -> None:
    file = judged(tmp_path, 100, 0)
    rewrite(file, decision={"treshold": 0.5})
    ended = run("check", file, "--json")
    assert ended.code == 2
    assert "product.yaml:" in ended.error["where"]
    assert "threshold" in ended.error["next"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.0, None])
def test_an_error_about_a_strange_number_is_still_json(
    run: Run, tmp_path: Path, value: float | None
) -> None:
    raw = counted(10, 0).with_columns(
        score=pl.when(pl.int_range(10) == 3).then(pl.lit(value, pl.Float64)).otherwise("score")
    )
    ended = run("check", write_product(tmp_path, raw), "--json")
    assert (ended.code, ended.error["code"]) == (2, "bad_score")


def test_a_fault_of_ours_ends_with_70_and_never_with_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("roadworthy.workflow.check.product_outcome", fault)
    file = judged(tmp_path, 100, 0)
    plain, as_json = run("check", file), run("check", file, "--json")
    assert plain.code == as_json.code == 70
    assert "ZeroDivisionError" in plain.err
    assert as_json.error["code"] == "internal"


def test_an_interrupt_ends_with_130(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("roadworthy.workflow.check.product_outcome", interrupted)
    file = judged(tmp_path, 100, 0)
    assert run("check", file).code == 130
    assert run("check", file, "--json").error["code"] == "interrupted"


ENDLESS = """
import sys
from roadworthy.workflow import measure
judge = measure.judge
def endless(*given):
    print("started", file=sys.stderr, flush=True)
    while True:
        judge(*given)
measure.judge = endless
from roadworthy.cli import app as cli_app
from roadworthy.cli import main
sys.argv = ["roadworthy", "check", sys.argv[1]]
main()
"""


def test_control_c_in_the_middle_of_a_check_leaves_the_workspace_as_it_was(
    run: Run, tmp_path: Path
) -> None:
    file = write_product(tmp_path, simulated(200_000, 1), [{**FINDS, "slices": [{"by": "site"}]}])
    run("check", file)
    folder = tmp_path / ".roadworthy"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(file)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


# ---- readers of the output


def plain(text: str) -> bool:
    return "\x1b" not in text


def test_where_nobody_watches_the_text_is_plain(tmp_path: Path) -> None:
    file = judged(tmp_path, 20, 1)
    ended = shell("check", file)
    assert ended.code == 3
    assert plain(ended.out) and plain(ended.err)
    assert "INCONCLUSIVE" in ended.out
    broken = shell("check", tmp_path / "none.yaml")
    assert broken.code == 2
    assert plain(broken.err)
    assert broken.out == "", "errors for people go to standard error"


def on_a_terminal(file: Path, **environment: str) -> str:
    """What the command prints when it believes that somebody watches."""
    pty = pytest.importorskip("pty")
    program = Path(sysconfig.get_path("scripts")) / "roadworthy"
    ours, theirs = pty.openpty()
    kept = {key: word for key, word in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen(
        [program, "check", str(file)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**kept, "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(theirs)
        found = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            found += part
        process.wait(timeout=60)
    os.close(ours)
    return found.decode()


def test_colours_are_for_terminals_and_no_color_takes_them_away(tmp_path: Path) -> None:
    file = judged(tmp_path, 100, 0)
    coloured = on_a_terminal(file)
    bare = on_a_terminal(file, NO_COLOR="1")
    assert "\x1b[1;32m" in coloured
    assert "32m" not in bare
    assert "PASS" in bare


@pytest.mark.parametrize("how", [(), ("--json",)])
@pytest.mark.parametrize(("found", "missed", "code"), [(200, 0, 0), (20, 80, 1)])
def test_a_reader_who_leaves_early_does_not_change_the_answer(
    tmp_path: Path, found: int, missed: int, code: int, how: tuple[str, ...]
) -> None:
    """`roadworthy check | head -1` used to be a FAIL, Python's own 1."""
    many = [{**FINDS, "id": f"r{i}"} for i in range(60)]
    file = write_product(tmp_path, counted(found, missed, 10), many)
    program = Path(sysconfig.get_path("scripts")) / "roadworthy"
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run(
        [program, "check", str(file), *how], stdout=theirs, stderr=subprocess.PIPE, timeout=60
    )
    os.close(theirs)
    assert ended.returncode == code
    assert ended.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_output_that_cannot_be_written_is_neither_pass_nor_fail(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    file = judged(tmp_path, 100, 0)
    program = Path(sysconfig.get_path("scripts")) / "roadworthy"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([program, "check", str(file), *how], stdout=full, stderr=-3)
    assert ended.returncode == 70


def test_control_characters_in_a_table_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    raw = simulated(200, 1).with_columns(site=pl.lit("\x1b[31mred\x07"))
    ended = run("check", write_product(tmp_path, raw, [{**FINDS, "slices": [{"by": "site"}]}]))
    assert "\x1b" not in ended.out and "\x07" not in ended.out


# ---- what there is


def test_every_command_in_help_is_documented_in_the_readme(run: Run) -> None:
    told = run("--help").out
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for name in COMMANDS:
        assert name in told
        assert f"roadworthy {name}" in readme
    listed = [
        line.split()[0]
        for line in told.split("Commands")[1].splitlines()
        if line.startswith("  ") and line.strip() and not line.startswith("   ")
    ]
    assert set(listed) == set(COMMANDS)


def test_help_and_version_end_with_0(run: Run) -> None:
    for words in ((), ("--help",), ("check", "--help"), ("--version",)):
        assert run(*words).code == 0
    assert run("--version").out.startswith("roadworthy ")


def test_the_schema_is_json_that_names_every_metric(run: Run) -> None:
    ended = run("schema")
    assert ended.code == 0
    text = json.dumps(ended.json)
    assert "sensitivity" in text and "event_rate" in text


def test_a_dossier_before_a_judgement_is_bad_input_and_after_it_a_page(
    run: Run, tmp_path: Path
) -> None:
    file = judged(tmp_path, 100, 0)
    early = run("dossier", file, "--json")
    assert (early.code, early.error["code"]) == (2, "no_judgement")
    run("check", file)
    told = run("dossier", file, "--json").json
    assert Path(told["html"]).read_text(encoding="utf-8").lstrip().startswith("<!")
    assert run("dossier", file, "--out", tmp_path / "out", "--set", "open").code == 0
    assert (tmp_path / "out" / "dossier.html").exists()
    assert run("dossier", file, "--set", "sealed").code == 2


def test_a_workspace_that_cannot_be_made_is_bad_input(run: Run, tmp_path: Path) -> None:
    file = judged(tmp_path, 100, 0)
    (tmp_path / ".roadworthy").write_text("a file where a folder should be")
    ended = run("check", file, "--json")
    assert (ended.code, ended.error["code"]) == (2, "unwritable_workspace")


@pytest.mark.parametrize("end", [BrokenPipeError(), SystemExit(1), SystemExit(None)])
def test_an_end_without_an_outcome_is_neither_pass_nor_fail(
    end: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(**_: object) -> int:
        raise end

    monkeypatch.setattr(cli_app, "app", ends)
    monkeypatch.setattr(cli_app, "_nobody_reads", lambda: None)
    monkeypatch.setattr(sys, "argv", ["roadworthy", "check"])
    with pytest.raises(SystemExit) as told:
        cli_app.main()
    assert told.value.code == 70
