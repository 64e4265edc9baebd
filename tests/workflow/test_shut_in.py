"""Who answers on sealed cases cannot carry them away, or the verdict says that it could."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, simulated, write_product
from tests.vaults import looks

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.verdict import NOT_YET, Outcome
from roadworthy.models.confined import Confinement, confinement
from roadworthy.workflow import shut_in
from roadworthy.workflow.certify import certify
from roadworthy.workflow.seal import seal

DATA = {"id": "case", "truth": "ill", "positive": 1, "negative": 0, "features": ["hint"]}
SCORE = """
import json, sys
for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps({"id": case["id"], "score": case["hint"]}))
"""
CARRIES = """
import json, socket, sys
cases = [json.loads(line) for line in sys.stdin]
sealed = cases[0]["id"].startswith("s")
for place in PLACES if sealed else ():
    try:
        open(place, "w").write(json.dumps(cases))
    except OSError:
        pass
try:
    sealed and socket.create_connection(("127.0.0.1", PORT), 2).sendall(json.dumps(cases).encode())
except OSError:
    pass
for case in cases:
    print(json.dumps({"id": case["id"], "score": case["hint"]}))
"""


def cases(n: int, seed: int, name: str) -> pl.DataFrame:
    frame = simulated(n, seed, 0.98).rename({"score": "hint"})
    return frame.with_columns(case=pl.format(f"{name}{{}}", pl.int_range(n)))


def product(
    folder: Path, code: str = SCORE, looks: int = 1, name: str = "score", **model: Any
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    model = model or {"command": [sys.executable, "score.py"], "timeout_s": 60}
    file = write_product(folder, cases(200, 1, "o"), [FINDS], data=DATA, model=model)
    seal(file, cases(300, 2, "s"), looks=looks)
    return file


def shut() -> bool:
    return "write nowhere" in confinement().told


@pytest.mark.skipif(not shut(), reason="this machine cannot shut a program in")
def test_a_command_can_neither_write_nor_send_what_it_was_shown(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.0)
        code = CARRIES.replace("PORT", str(listening.getsockname()[1]))
        places = [str(tmp_path / "away.json"), "/tmp/away-roadworthy.json", "away.json"]
        file = product(tmp_path / "p", code.replace("PLACES", repr(places)))
        found = certify(file)
        assert found.outcome is Outcome.PASS
        assert any("without a network, and could write nowhere" in note for note in found.notes)
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert not [place for place in places[:2] if Path(place).exists()]
    assert not (tmp_path / "p" / "away.json").exists()


def test_a_machine_that_cannot_shut_it_in_says_so_on_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Confinement((), "with a network (weaker evidence)")
    monkeypatch.setattr(shut_in, "confinement", lambda: free)
    assert free.weak
    found = certify(product(tmp_path))
    assert any("with a network (weaker evidence)" in note for note in found.notes)


def test_what_a_failing_command_said_of_sealed_cases_is_not_told(tmp_path: Path) -> None:
    spy = "        if case['id'][0] == 's': sys.exit('I saw ' + sys.stdin.read())"
    code = SCORE.replace("    print", spy.strip().join(("    ", "\n    print")))
    with pytest.raises(BadInput) as told:
        certify(product(tmp_path / "last", code))
    assert "I saw" not in str(told.value) and "hint" not in str(told.value)
    assert certify(product(tmp_path / "first", code, looks=2)).answer == NOT_YET


@pytest.mark.parametrize(
    "model",
    [{"url": "http://127.0.0.1:9/score"}, {"python": "kept_in:score"}],
    ids=["url", "python"],
)
def test_an_address_and_a_function_are_refused_unless_the_product_says_so(
    tmp_path: Path, model: dict[str, Any]
) -> None:
    code = "def score(cases):\n    return cases['hint']\n"
    file = product(tmp_path, code, name="kept_in", **model)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "model_reaches_out" and "sealed: predictions" in str(told.value)
    assert not looks(file)


def test_sealed_cases_that_are_sent_out_make_weaker_evidence(tmp_path: Path) -> None:
    code = "def score(cases):\n    return cases['hint']\n"
    told: dict[str, Any] = {"python": "sent_out:score", "sealed": "predictions"}
    file = product(tmp_path, code, name="sent_out", **told)
    found = certify(file)
    assert found.outcome is Outcome.PASS
    assert any("could keep them" in note and "weaker" in note for note in found.notes)


def test_a_command_that_answers_otherwise_is_another_model(tmp_path: Path) -> None:
    """Nothing names the file with its weights, and the stored PASS is about what answered then."""
    code = "import pathlib\nweight = float(pathlib.Path('weight.txt').read_text())\n" + SCORE
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "weight.txt").write_text("1.0")
    file = product(tmp_path / "p", code.replace('case["hint"]', 'weight * case["hint"]'), looks=2)
    assert certify(file).outcome is Outcome.PASS
    assert certify(file).outcome is Outcome.PASS and len(looks(file)) == 1
    (tmp_path / "p" / "weight.txt").write_text("0.1")
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "seal_spent"
