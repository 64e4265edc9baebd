"""Results show themselves in Python: in one line, in the terminal's words, and as a card."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.tables import FINDS, LEARNT, SPARES, counted, learnable, write_product

import roadworthy
from roadworthy.cli import main
from roadworthy.core.ladder import NotFitted
from roadworthy.core.requirement import Slice, SliceKey
from roadworthy.core.verdict import Outcome
from roadworthy.notebook import register
from roadworthy.notebook.card import COLOURS
from roadworthy.workflow.train import Trained

HOSTILE = "<script>alert('x')</script>\u202e\x1b[2J\n<img src=http://a.example/x>"
VOID = {"br", "line", "rect", "circle", "path", "img", "meta"}


class Read(HTMLParser):
    """What a browser would make of a card: its tags, their attributes, and its text."""

    def __init__(self, card: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(card)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def card(found: Any) -> Read:
    register()
    html = found._repr_html_()
    assert isinstance(html, str)
    return Read(html)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return write_product(tmp_path, counted(40, 6, 30, 20), [FINDS, SPARES])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of everything that shows itself."""
    register()
    folder = tmp_path_factory.mktemp("shown")
    file = write_product(folder, counted(40, 6, 30, 20), [FINDS, SPARES])
    found: dict[str, Any] = {"load": roadworthy.load(file), "plan": roadworthy.plan(file)}
    found["check"] = roadworthy.check(file)
    found["compare"] = roadworthy.compare(file, score="score")
    found["dossier"] = roadworthy.dossier(file, out=folder / "written")
    found["doctor"] = roadworthy.doctor(file)
    found["explain"] = roadworthy.explain("sensitivity")
    counted(40, 6, 30, 20).write_csv(folder / "table.csv")
    found["init"] = roadworthy.init(folder / "table.csv", folder / "drafted.yaml")
    return found


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    split = {"train": 0.5, "validation": 0.5, "seed": 3}
    file = write_product(
        tmp_path_factory.mktemp("learnt"),
        learnable(300, 11),
        [{**FINDS, "at_least": 0.75}, SPARES],
        data={**LEARNT, "split": split},
        decision={"threshold": "auto"},
        models=["majority", "logistic"],
    )
    return roadworthy.train(file)


VERBS = ["load", "plan", "check", "compare", "dossier", "doctor", "explain", "init"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_result_is_one_line_in_a_repl_and_a_card_in_a_notebook(
    results: dict[str, Any], verb: str
) -> None:
    found = results[verb]
    assert re.fullmatch(r"<[A-Z]\w+\b.*>", repr(found))
    assert len(str(found).splitlines()) > 1
    assert card(found).text


def test_print_says_what_the_command_line_says(
    product: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judgement = roadworthy.check(product)
    monkeypatch.setattr(sys, "argv", ["roadworthy", "check", str(product)])
    with pytest.raises(SystemExit):
        main()
    printed = [line.rstrip() for line in capsys.readouterr().out.strip("\n").splitlines()]
    assert str(judgement).splitlines() == printed


def test_a_ladder_shows_itself_like_the_training_that_climbed_it(learnt: Trained) -> None:
    register()
    assert str(learnt.ladder) in str(learnt)
    for found in (learnt, learnt.ladder):
        told = card(found).text
        for rung in learnt.ladder.fitted:
            assert rung.title in told
        assert learnt.ladder.reason in told


def test_the_card_of_a_verdict_holds_every_word_that_the_terminal_prints(
    results: dict[str, Any],
) -> None:
    judgement = results["check"]
    assert judgement.paths, "the example must have paths to show"
    told = card(judgement).text
    for line in str(judgement).splitlines():
        line = re.sub(r"^ +\d+\. ", "", line)  # paths are numbered by the browser
        for word in re.findall(r"[\w.%]+", line):
            assert word in told, line


def test_a_plan_is_never_green(results: dict[str, Any]) -> None:
    """Green says PASS, and a plan is no verdict."""
    plan = results["plan"]
    few, enough = (
        replace(plan, cells=tuple(replace(cell, have=have) for cell in plan.cells))
        for have in (1, 10**6)
    )
    html = enough._repr_html_()
    assert "CAN BE SHOWN" in html and "TOO FEW CASES" in few._repr_html_()
    assert COLOURS[Outcome.PASS] not in html


def test_what_is_to_be_written_keeps_its_lines(results: dict[str, Any]) -> None:
    judgement = results["check"]
    lines = "scope:\n  - {field: age, between: [40, 80]}"
    path = replace(judgement.paths[0], write=lines)
    assert f"\n{lines}\n</pre>" in replace(judgement, paths=(path,))._repr_html_()


def hostile(judgement: Any) -> Any:
    part = Slice((SliceKey(HOSTILE, HOSTILE),))
    verdicts = tuple(
        replace(v, requirement=HOSTILE, reason=HOSTILE, slice=part) for v in judgement.verdicts
    )
    paths = tuple(replace(p, change=HOSTILE, write=HOSTILE) for p in judgement.paths)
    return replace(
        judgement, product=HOSTILE, set=HOSTILE, verdicts=verdicts, notes=(HOSTILE,), paths=paths
    )


@pytest.mark.parametrize("make", [hostile, lambda found: found], ids=["hostile", "plain"])
def test_a_card_is_harmless_and_asks_for_nothing(
    results: dict[str, Any], make: Callable[[Any], Any]
) -> None:
    found = make(results["check"])
    read = card(found)
    assert not {"script", "img", "iframe", "link", "style", "object", "a"} & set(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on") and name not in ("src", "href")
        assert "url(" not in value and "http" not in value
    html = found._repr_html_()
    assert "\u202e" not in html and "\x1b" not in html
    assert "\x1b" not in repr(found) and "\n" not in repr(found)
    assert "\u202e" not in str(found)


def test_looks_need_no_style_sheet(results: dict[str, Any], learnt: Trained) -> None:
    """Notebook viewers strip style sheets: a class would mean nothing there."""
    for found in (results["check"], results["compare"], learnt):
        read = card(found)
        assert "svg" in read.tags
        assert "class" not in dict(read.attributes)


def test_a_picture_says_in_words_what_it_shows(results: dict[str, Any]) -> None:
    read = card(results["check"])
    ids = [value for name, value in read.attributes if name == "id"]
    asked = [v for name, v in read.attributes if name == "aria-labelledby"]
    assert len(ids) == len(set(ids))
    assert asked and {one for value in asked for one in value.split()} == set(ids)


def test_a_rung_that_could_not_be_fitted_is_told(learnt: Trained) -> None:
    failed = NotFitted("forest", "random forest", "it ran out of trees.", "Plant some.", "none")
    ladder = replace(learnt.ladder, steps=(*learnt.ladder.steps, failed))
    told = card(ladder).text
    assert "Not fitted: random forest: it ran out of trees. Plant some." in told


def test_without_the_public_module_results_are_one_line_and_no_card(tmp_path: Path) -> None:
    """core knows no HTML: somebody has to bring it."""
    file = write_product(tmp_path, counted(40, 6, 30, 20), [FINDS])
    program = (
        "from pathlib import Path\n"
        "from roadworthy.workflow.plan import plan\n"
        f"found = plan(Path({str(file)!r}))\n"
        "assert str(found) == repr(found) and found._repr_html_() is None\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
