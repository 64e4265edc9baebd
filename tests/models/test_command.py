"""A command of anybody's is asked, and whatever it does wrong is told; nothing half is judged."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.model import Brought
from roadworthy.core.product import CommandSource, Task
from roadworthy.models import command
from roadworthy.models.command import CommandModel

READ = "import sys, json, time, os\ncases = [json.loads(line) for line in sys.stdin]\n"
PRINT = "for c in cases: print(json.dumps({'id': c['id'], 'score': c['x']}))\n"


def cases(n: int = 6) -> pl.DataFrame:
    ids = [f"c{i}" for i in range(n)]
    return pl.DataFrame({columns.ID: ids, "x": [i / n for i in range(n)], "truth": ["yes"] * n})


def model(
    folder: Path, code: str, *, task: Task = Task.BINARY, timeout_s: float = 20.0
) -> CommandModel:
    (folder / "score.py").write_text(code)
    source = CommandSource((sys.executable, "score.py"), timeout_s)
    return CommandModel(source, folder, task, ("x",))


def refused(asked: CommandModel, table: pl.DataFrame | None = None) -> BadInput:
    with pytest.raises(BadInput) as caught:
        asked.answer(cases() if table is None else table)
    error = caught.value
    assert error.exit_code is ExitCode.BAD_INPUT
    assert error.next_step
    assert error.where == asked.name
    return error


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"


def dies(pid: int) -> bool:
    """Whether the process is gone; the kernel may take a moment."""
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_it_is_a_model_that_was_brought(tmp_path: Path) -> None:
    assert isinstance(model(tmp_path, ""), Brought)


def test_answers_stand_in_the_order_of_the_cases(tmp_path: Path) -> None:
    assert model(tmp_path, READ + PRINT).answer(cases()).to_list() == cases()["x"].to_list()


def test_answers_may_come_in_any_order_with_blank_lines_and_more_keys(tmp_path: Path) -> None:
    code = READ + (
        "for c in reversed(cases):\n"
        "    print(json.dumps({'why': 'x', 'score': c['x'], 'id': c['id']}) + '\\r\\n')\n"
    )
    assert model(tmp_path, code).answer(cases()).to_list() == cases()["x"].to_list()


def test_classes_and_values_are_answered_in_their_own_words(tmp_path: Path) -> None:
    kinds = {
        Task.MULTICLASS: ("class", "'k' + c['id']", "kc2"),
        Task.REGRESSION: ("value", "-7", -7.0),
    }
    for task, (word, said, expected) in kinds.items():
        code = f"{READ}for c in cases: print(json.dumps({{'id': c['id'], '{word}': {said}}}))\n"
        assert model(tmp_path, code, task=task).answer(cases())[2] == expected


def test_a_class_may_be_a_whole_number(tmp_path: Path) -> None:
    for said in ("3", "3.0"):
        code = f"{READ}for c in cases: print(json.dumps({{'id': c['id'], 'class': {said}}}))\n"
        assert set(model(tmp_path, code, task=Task.MULTICLASS).answer(cases())) == {"3"}


def test_ids_that_a_data_frame_made_numbers_of_are_known(tmp_path: Path) -> None:
    table = cases(2).with_columns(pl.Series(columns.ID, ["7", "12"]))
    code = READ + "for c in cases: print(json.dumps({'id': int(c['id']), 'score': c['x']}))\n"
    assert model(tmp_path, code).answer(table).to_list() == [0.0, 0.5]


def test_only_the_id_and_the_features_are_sent(tmp_path: Path) -> None:
    code = READ + "open('seen', 'w').write(json.dumps(cases[1]))\n" + PRINT
    model(tmp_path, code).answer(cases(4))
    assert (tmp_path / "seen").read_text() == '{"id": "c1", "x": 0.25}'


def test_missing_values_and_text_of_all_languages_arrive(tmp_path: Path) -> None:
    names = ["ü\n\u2028", '"', None]
    table = cases(3).with_columns(x=pl.Series([0.5, float("nan"), None]), name=pl.Series(names))
    code = READ + (
        "assert [c['x'] for c in cases] == [0.5, None, None], cases\n"
        f"assert [c['name'] for c in cases] == {names!a}, cases\n"
        "for c in cases: print(json.dumps({'id': c['id'], 'score': 1}))\n"
    )
    asked = replace(model(tmp_path, code), needs=("x", "name"))
    assert asked.answer(table).to_list() == [1.0] * 3


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pl.Series("x", [b"a", b"b"]), "bytes"),
        (pl.Series("x", [1.0, float("inf")]), "infinite in case c1"),
    ],
)
def test_what_json_cannot_tell_is_refused(tmp_path: Path, column: pl.Series, told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        model(tmp_path, READ + PRINT).answer(cases(2).with_columns(column))
    assert caught.value.code == "unsendable_column"


def test_a_feature_called_id_that_is_not_the_id_is_refused(tmp_path: Path) -> None:
    asked = replace(model(tmp_path, READ + PRINT), needs=("x", "id"))
    with pytest.raises(BadInput, match="another column than the cases' own id"):
        asked.answer(cases(2).with_columns(id=pl.lit("other")))
    same = cases(2).with_columns(id=pl.col(columns.ID))
    assert asked.answer(same).len() == 2


def test_neither_side_waits_for_the_other_however_much_there_is(tmp_path: Path) -> None:
    """The command answers line by line, and fills its standard error, while it is still fed."""
    code = (
        "import sys, json\n"
        "for line in sys.stdin:\n"
        "    c = json.loads(line)\n"
        "    print('x' * 200, file=sys.stderr)\n"
        "    print(json.dumps({'id': c['id'], 'score': c['x'], 'pad': 'y' * 200}), flush=True)\n"
    )
    table = cases(5000)
    assert model(tmp_path, code).answer(table).to_list() == table["x"].to_list()


def test_a_command_that_answers_only_after_reading_everything_gets_everything(
    tmp_path: Path,
) -> None:
    table = cases(20_000)
    assert model(tmp_path, READ + PRINT).answer(table).to_list() == table["x"].to_list()


def test_a_command_need_not_read_what_it_does_not_need(tmp_path: Path) -> None:
    code = "import json\nfor i in range(30_000): print(json.dumps({'id': f'c{i}', 'score': 0.5}))"
    assert model(tmp_path, code).answer(cases(30_000)).len() == 30_000


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    code = READ + "print(json.dumps({'id': 'c0', 'score': 0.5}), end='')\n"
    assert model(tmp_path, code).answer(cases(1)).to_list() == [0.5]


BAD = {
    "a line of its own": ("print('Loading model ...')", "Line 1 .* is not JSON: Loading model"),
    "half a line": ('print(\'{"id": "c0", "score": 0.\', end="")', "Line 1 .* is not JSON"),
    "pretty printing": ("print(json.dumps({'id': 'c0'}, indent=1))", "Line 1 .* is not JSON: {"),
    "invalid UTF-8": ("sys.stdout.buffer.write(b'\\xff\\xfe{}\\n')", "Line 1 .* is not UTF-8"),
    "a list": ("print('[]')", "Line 1 .* is not an object but"),
    "too deep": ("print('[' * 100_000)", "Line 1 .* is not JSON"),
    "no id": ("print('{\"score\": 1}')", "Line 1 .* no `id` .its keys: score"),
    "no score": ('print(\'{"id": "c3", "value": 1}\')', "case c3 no `score` .its keys: id, value"),
    "a key twice": ('print(\'{"id": "c3", "score": 1, "score": 0}\')', "Line 1 .* is not JSON"),
    "an unknown id": ('print(\'{"id": "d3", "score": 1}\')', 'case "d3", which was not asked'),
    "true as id": ('print(\'{"id": true, "score": 1}\')', "case true, which was not asked"),
    "a list as id": ('print(\'{"id": ["c0"], "score": 1}\')', "which was not asked"),
    "twice": ('print(\'{"id": "c3", "score": 1}\\n\' * 2)', "Line 2 .* case c3 a second time"),
    "text": ('print(\'{"id": "c3", "score": "0.5"}\')', 'case c3 the score "0.5"'),
    "true": ('print(\'{"id": "c3", "score": true}\')', "case c3 the score true"),
    "null": ('print(\'{"id": "c3", "score": null}\')', "case c3 the score null"),
    "NaN": ('print(\'{"id": "c3", "score": NaN}\')', "case c3 the score NaN"),
    "infinity": ('print(\'{"id": "c3", "score": 1e999}\')', "case c3 the score Infinity"),
    "too many digits": ('print(\'{"id": "c3", "score": 1\' + "0" * 400 + "}")', "the score 10"),
    "above 1": ('print(\'{"id": "c3", "score": 1.01}\')', "case c3 the score 1.01"),
    "below 0": ('print(\'{"id": "c3", "score": -0.1}\')', "case c3 the score -0.1"),
    "no end": ("sys.stdout.write('x' * 3_000_000); time.sleep(20)", "Line 1 .* does not end"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_wrong_is_told_with_its_line_and_its_case(tmp_path: Path, bad: str) -> None:
    code, told = BAD[bad]
    error = refused(model(tmp_path, f"{READ}{code}\nsys.stdout.flush()\n{PRINT}"))
    assert error.code in ("bad_answer", "not_json")
    with pytest.raises(BadInput, match=told):
        raise error
    assert len(error.message) < 400


@pytest.mark.parametrize(("said", "told"), [("1.5", "class 1.5"), ('""', 'class ""')])
def test_a_class_is_text_or_a_whole_number(tmp_path: Path, said: str, told: str) -> None:
    code = f'{READ}print(\'{{"id": "c0", "class": {said}}}\')\n'
    assert told in refused(model(tmp_path, code, task=Task.MULTICLASS)).message


def test_a_value_is_finite(tmp_path: Path) -> None:
    code = READ + 'print(\'{"id": "c0", "value": -Infinity}\')\n'
    assert "the value -Infinity" in refused(model(tmp_path, code, task=Task.REGRESSION)).message


def test_a_case_out_of_scope_may_lack_a_score_and_no_other_may(tmp_path: Path) -> None:
    table = cases(2).with_columns(pl.Series(columns.INSIDE, [True, False]))
    code = READ + "for c in cases: print(json.dumps({'id': c['id'], 'score': c['x'] or None}))\n"
    backwards = code.replace("c['x'] or None", "None if c['x'] else 0.25")
    assert "case c0 the score null" in refused(model(tmp_path, code), table).message
    assert model(tmp_path, backwards).answer(table).to_list() == [0.25, None]


def test_ids_with_leading_zeros_are_not_mixed_up_with_numbers(tmp_path: Path) -> None:
    table = cases(1).with_columns(pl.Series(columns.ID, ["007"]))
    error = refused(model(tmp_path, READ + 'print(\'{"id": 7, "score": 1}\')'), table)
    assert "case 7, which was not asked" in error.message
    assert "as text" in error.next_step


def test_cases_without_an_answer_are_named_and_what_was_said_is_shown(tmp_path: Path) -> None:
    code = READ + "print('skipped some', file=sys.stderr)\ncases = cases[:4]\n" + PRINT
    error = refused(model(tmp_path, code))
    assert error.code == "missing_answer"
    assert "2 of 6 cases were not answered: c4, c5." in error.message
    assert "skipped some" in error.message


def test_a_command_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = (
        READ
        + PRINT
        + (
            "sys.stdout.flush()\n"
            "import subprocess\n"
            "child = subprocess.Popen(['sleep', '60'])\n"
            "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\n"
            "print('waiting', file=sys.stderr, flush=True)\n"
            "time.sleep(60)\n"
        )
    )
    start = time.monotonic()
    error = refused(model(tmp_path, code, timeout_s=1.0))
    assert time.monotonic() - start < 10
    assert error.code == "model_timeout"
    assert "6 of 6 answers in 1 s and was stopped" in error.message
    assert "waiting" in error.message
    assert all(dies(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_a_command_that_never_reads_and_never_ends_is_stopped(tmp_path: Path) -> None:
    error = refused(model(tmp_path, "import time\ntime.sleep(60)", timeout_s=0.5), cases(50_000))
    assert "0 of 50000 answers in 0.5 s" in error.message


def test_a_command_that_closes_its_output_and_stays_is_stopped(tmp_path: Path) -> None:
    code = READ + PRINT + "sys.stdout.flush()\nfor fd in (1, 2): os.close(fd)\ntime.sleep(60)\n"
    assert refused(model(tmp_path, code, timeout_s=0.7)).code == "model_timeout"


def test_a_child_that_keeps_the_output_open_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "GRACE_S", 0.3)
    code = (
        READ
        + PRINT
        + (
            "import subprocess\n"
            "child = subprocess.Popen(['sleep', '60'])\n"
            "open('pids', 'w').write(str(child.pid))\n"
        )
    )
    assert model(tmp_path, code).answer(cases()).len() == 6
    assert dies(int((tmp_path / "pids").read_text()))


def test_a_wrong_answer_stops_the_command_at_once(tmp_path: Path) -> None:
    note = "open('pid', 'w').write(str(os.getpid()))\n"
    code = READ + note + "print('no', flush=True)\ntime.sleep(60)"
    assert refused(model(tmp_path, code)).code == "not_json"
    assert dies(int((tmp_path / "pid").read_text()))


def test_a_command_that_dies_is_told_with_its_status_and_last_words(tmp_path: Path) -> None:
    code = READ + "for c in cases[:2]: print(json.dumps({'id': c['id'], 'score': 1}))\n1 / 0\n"
    error = refused(model(tmp_path, code))
    assert error.code == "model_died"
    assert error.value == 1
    assert "ended with status 1 after 2 of 6 answers" in error.message
    assert error.message.endswith("ZeroDivisionError: division by zero")


def test_all_answers_do_not_help_a_command_that_ends_badly(tmp_path: Path) -> None:
    error = refused(model(tmp_path, READ + PRINT + "sys.exit(3)"))
    assert "status 3 after 6 of 6 answers; none of them counts" in error.message


def test_a_command_that_was_killed_is_told_with_the_signal(tmp_path: Path) -> None:
    code = READ + f"os.kill(os.getpid(), {int(signal.SIGKILL)})"
    assert "was killed by signal 9 (SIGKILL)" in refused(model(tmp_path, code)).message


def test_the_last_words_are_few_and_readable_whatever_was_said(tmp_path: Path) -> None:
    code = READ + "sys.stderr.buffer.write((b'\\xff' * 5000 + b'\\n') * 2000)\nsys.exit(1)"
    assert len(refused(model(tmp_path, code)).message) < 3000


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (None, "", "No such file"),
        ("./score", "#!/bin/sh\n", "Permission denied"),
        ("./score", "no format at all", "Exec format error"),
        ("./sco\0re", "", "null byte"),
    ],
)
def test_a_command_that_cannot_be_started_is_told(
    tmp_path: Path, name: str | None, content: str, told: str
) -> None:
    if content:
        (tmp_path / "score").write_text(content)
        (tmp_path / "score").chmod(0o644 if told.startswith("Permission") else 0o755)
    asked = replace(
        model(tmp_path, ""), source=CommandSource((name or "no-such-program-here",), 5.0)
    )
    error = refused(asked)
    assert error.code == "model_not_started"
    assert told in error.message


def test_it_runs_in_the_folder_of_the_product_without_a_shell(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(
        READ + "assert os.path.samefile('.', sys.argv[1]), sys.argv\n"
        "assert sys.argv[2:] == ['$HOME;', '*']\n" + PRINT
    )
    words = (sys.executable, "score.py", str(tmp_path), "$HOME;", "*")
    asked = CommandModel(CommandSource(words, 20.0), tmp_path, Task.BINARY, ("x",))
    assert asked.answer(cases()).len() == 6


def test_another_command_or_another_file_is_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"1")
    asked = model(tmp_path, READ + PRINT)
    with_files = replace(asked, source=replace(asked.source, files=("*.bin",)))
    longer = replace(asked, source=replace(asked.source, command=(*asked.source.command, "-v")))
    slower = replace(asked, source=replace(asked.source, timeout_s=9.0))
    first = with_files.fingerprint
    assert len({asked.fingerprint, first, longer.fingerprint}) == 3
    assert slower.fingerprint == asked.fingerprint
    (tmp_path / "weights.bin").write_bytes(b"2")
    assert replace(with_files).fingerprint != first
    changed = model(tmp_path, READ + PRINT + "# changed")
    assert changed.fingerprint != asked.fingerprint


def test_the_fingerprint_does_not_hang_on_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = model(tmp_path, READ + PRINT)
    monkeypatch.chdir(tmp_path)
    assert replace(asked, folder=Path()).fingerprint == asked.fingerprint


def test_files_are_those_that_the_command_names_and_those_that_are_declared(
    tmp_path: Path,
) -> None:
    for name in ("score.py", "weights.bin", "more.bin", "python"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "python").symlink_to(sys.executable)
    words = (".venv/python", "score.py", "--weights=weights.bin", "-o", "x" * 5000)
    source = CommandSource(words, files=("*.bin",))
    asked = CommandModel(source, tmp_path, Task.BINARY, ("x",))
    names = [path.name for path in asked.files]
    assert names == ["score.py", "weights.bin", "more.bin"]
    assert shlex.join(asked.source.command).startswith(asked.name[1:20])
    assert len(asked.name) <= 82


@pytest.mark.parametrize(
    ("pattern", "step"),
    [("weigths.bin", "weights.bin"), ("sub", "'sub/**/*'"), ("*.onnx", "files")],
)
def test_a_declared_file_that_is_not_there_is_told(tmp_path: Path, pattern: str, step: str) -> None:
    (tmp_path / "weights.bin").touch()
    (tmp_path / "sub").mkdir()
    source = CommandSource(("python",), files=(pattern,))
    with pytest.raises(BadInput) as caught:
        _ = CommandModel(source, tmp_path, Task.BINARY, ("x",)).fingerprint
    assert caught.value.code == "missing_file"
    assert step in caught.value.next_step


def test_a_command_is_never_timed_since_its_start_would_be(tmp_path: Path) -> None:
    asked = model(tmp_path, "")
    assert "starting it takes longer" in str(asked.why_not("timings"))
    assert asked.why_not("artifact") is None
