"""Looks at one sealed set: each is paid for, tells one bit, and is never given back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, counted, rewrite, simulated, write_product
from tests.vaults import looks, sets

from roadworthy.cli import main
from roadworthy.core.errors import BadInput, ExitCode, Refused
from roadworthy.core.evidence import Measured, Withheld
from roadworthy.core.seal import Budget, SealedSet, State, Told, Wanted
from roadworthy.core.verdict import NOT_YET, Judgement, Outcome
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.io.junit import to_junit
from roadworthy.workflow import certify as room
from roadworthy.workflow import withholding
from roadworthy.workflow.certify import certify
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.looking import extra_bits
from roadworthy.workflow.seal import seal

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}
GOOD, BAD = 0.97, 0.70


def product(
    folder: Path, looks: int = 3, sensitivity: float = BAD, n: int = 1200, **more: Any
) -> Path:
    raw = simulated(n, 8, sensitivity=sensitivity)
    requirements = more.pop("requirements", [FINDS, SPARES])
    confidence = {"looks": looks, **more.pop("confidence", {})}
    data = {**SCORED, "split": HALF}
    return write_product(folder, raw, requirements, data=data, confidence=confidence, **more)


def another(file: Path, number: int) -> None:
    """Another subject: a threshold that decides every case as the one before did."""
    rewrite(file, decision={"threshold": 0.5 - number * 1e-9})


def test_while_looks_remain_the_answer_is_one_bit_and_nothing_else(tmp_path: Path) -> None:
    for name, sensitivity, outcome in (("g", GOOD, Outcome.PASS), ("b", BAD, Outcome.INCONCLUSIVE)):
        file = product(tmp_path / name, sensitivity=sensitivity)
        found = certify(file)
        assert found.outcome is outcome and found.withheld
        assert found.exit_code is outcome.exit_code
        assert {verdict.evidence for verdict in found.verdicts} == {Withheld()}
        assert {verdict.outcome for verdict in found.verdicts} == {outcome}
        assert all(v.need is None and v.reason == "" for v in found.verdicts)
        people = found.population
        assert (people.inside, people.referred, people.positives) == (None, None, None)
        assert found.pictures is None and found.ways == ()
        assert from_json(to_json(found)) == found


def test_json_holds_null_for_every_number(tmp_path: Path) -> None:
    told = to_json(certify(product(tmp_path)))
    assert told["outcome"] == "INCONCLUSIVE" and told["withheld"]
    for verdict in told["verdicts"]:
        for key in ("estimate", "low", "high", "p_pass", "p_fail", "n", "needs", "reason", "of"):
            assert verdict[key] is None, key
    assert {k: v for k, v in told["population"].items() if v} == {"cases": 600}


def test_a_product_that_fails_looks_like_one_that_nearly_passes(tmp_path: Path) -> None:
    """Neither the outcome, nor what is on the disk, nor JUnit tells FAIL from INCONCLUSIVE."""
    told: list[Any] = []
    for name, sensitivity in (("far", 0.3), ("near", 0.88)):
        file = product(tmp_path / name, sensitivity=sensitivity)
        found = certify(file)
        written = dossier(file)
        page = written.markdown.read_text()
        assert NOT_YET in page and "FAIL" not in to_junit(found).replace("failures=", "")
        told.append([(v.outcome, v.evidence, v.effective_confidence) for v in found.verdicts])
        told.append(found.answer)
        # what follows is worked out on open cases
        without_paths = [note for note in found.notes if "open cases" not in note]
        told.append(without_paths)
    assert told[:3] == told[3:]


def test_nothing_on_the_disk_holds_a_number_of_the_sealed_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path)
    seen: list[Measured] = []
    real = withholding.withheld

    def watched(*given: Any) -> Any:
        seen.extend(v.evidence for v in given[-1] if isinstance(v.evidence, Measured))
        return real(*given)

    monkeypatch.setattr(room, "withheld", watched)
    certify(file)
    dossier(file)
    assert seen
    numbers = [f"{value:.9g}" for one in seen for value in (one.estimate, one.low, one.p_pass)]
    numbers = [text for text in numbers if len(text) > 7]
    assert numbers
    for path in (tmp_path / ".roadworthy").rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("latin-1")
            assert not [number for number in numbers if number in content], path


def test_each_look_has_its_share_and_the_last_shows_all_and_retires(tmp_path: Path) -> None:
    file = product(tmp_path)
    for number in (1, 2):
        another(file, number)
        found = certify(file)
        assert found.withheld
        assert found.verdicts[0].effective_confidence == pytest.approx(1 - 0.05 / 3)
        assert sets(file)[0].state is State.IN_USE
    another(file, 3)
    last = certify(file)
    assert not last.withheld and isinstance(last.verdicts[0].evidence, Measured)
    assert last.outcome is Outcome.FAIL
    assert last.verdicts[0].effective_confidence == pytest.approx(1 - 0.05 / 3)
    (one,) = sets(file)
    assert one.state is State.RETIRED and [look.share for look in one.looks] == [1 / 3] * 3
    another(file, 4)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.exit_code is ExitCode.REFUSED and "3 of 3 times" in str(told.value)


def test_a_declared_spending_is_kept_to(tmp_path: Path) -> None:
    file = product(tmp_path, 2, confidence={"spending": [0.8, 0.2]})
    assert certify(file).verdicts[0].effective_confidence == pytest.approx(0.96)
    another(file, 1)
    assert certify(file).verdicts[0].effective_confidence == pytest.approx(0.99)


def test_the_very_same_costs_nothing_and_says_so(tmp_path: Path) -> None:
    file = product(tmp_path)
    first, again = certify(file), certify(file)
    assert again.verdicts == first.verdicts and again.outcome is first.outcome
    assert "it cost nothing" in again.notes[-1]
    text = file.read_text().replace("product: tested", "product: tested\npurpose: told better")
    file.write_text(text)
    certify(file)
    assert len(looks(file)) == 1, "words that change no answer ask for no look"


def test_the_first_pass_ends_the_looks(tmp_path: Path) -> None:
    file = product(tmp_path, sensitivity=GOOD)
    assert certify(file).outcome is Outcome.PASS
    another(file, 1)
    with pytest.raises(Refused, match="said PASS, which ends its looks"):
        certify(file)
    assert len(looks(file)) == 1 and sets(file)[0].left == 0


def test_after_a_pass_the_same_product_may_show_its_numbers(tmp_path: Path) -> None:
    file = product(tmp_path, sensitivity=GOOD)
    certify(file)
    shown = certify(file, reveal="numbers")
    assert shown.outcome is Outcome.PASS and isinstance(shown.verdicts[0].evidence, Measured)
    assert sets(file)[0].state is State.RETIRED
    assert certify(file).verdicts == shown.verdicts, "what was told may be told again"


def test_revealing_numbers_retires_the_set_whatever_was_left(tmp_path: Path) -> None:
    file = product(tmp_path, 5)
    found = certify(file, reveal="numbers")
    assert not found.withheld and found.outcome is Outcome.FAIL
    another(file, 1)
    with pytest.raises(Refused):
        certify(file)


def test_bits_that_are_told_besides_divide_every_later_share(tmp_path: Path) -> None:
    easy = [{**FINDS, "at_least": 0.95}, SPARES, {"metric": "auc", "id": "auc", "at_least": 0.5}]
    file = product(tmp_path, 3, requirements=easy)
    found = certify(file, reveal="requirements")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert [v.word for v in found.verdicts] == [NOT_YET, "PASS", "PASS"]
    assert {v.evidence for v in found.verdicts} == {Withheld()}
    another(file, 1)
    certify(file)
    assert [look.share for look in looks(file)] == [1 / 3, 1 / 3 / 8], "7 ways to be no PASS"


def test_bits_are_counted_by_what_gates() -> None:
    def wanted(gates: bool) -> Wanted:
        return Wanted("x", "m", "at_least", 0.9, None, 0.95, gates, "p")

    three = [wanted(True), wanted(True), wanted(True), wanted(False)]
    assert extra_bits(Told.REQUIREMENTS, three) == 3
    assert extra_bits(Told.BIT, three) == extra_bits(Told.NUMBERS, three) == 0
    assert extra_bits(Told.REQUIREMENTS, [wanted(True)]) == 0


LOWERED = {
    "a lower limit": ({**FINDS, "at_least": 0.8}, "now it asks for less, sensitivity at least 0.8"),
    "shown only": ({**FINDS, "tier": "advisory"}, "now it is shown only"),
    "not asked": ({**FINDS, "id": "other"}, "now it is not asked"),
    "less sure": ({**FINDS, "confidence": 0.9}, "with confidence 0.95; now with 0.9"),
}


@pytest.mark.parametrize(("change", "told"), LOWERED.values(), ids=LOWERED.keys())
def test_a_requirement_that_is_lowered_after_a_look_is_a_new_look_and_is_told(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    file = product(tmp_path)
    certify(file)
    rewrite(file, requirements=[change, SPARES])
    found = certify(file)
    assert [note for note in found.notes if told in note and note.startswith("At look 1")]
    assert len(looks(file)) == 2


def test_a_requirement_that_was_raised_or_explained_is_no_news(tmp_path: Path) -> None:
    file = product(tmp_path)
    certify(file)
    rewrite(file, requirements=[{**FINDS, "at_least": 0.95, "because": "of it"}, SPARES])
    assert not [note for note in certify(file).notes if note.startswith("At look")]


@pytest.mark.parametrize(
    "confidence",
    [{"looks": 2}, {"looks": 3, "level": 0.9}, {"looks": 3, "spending": [0.9, 0.05, 0.05]}],
)
def test_what_was_frozen_at_sealing_cannot_be_changed(
    tmp_path: Path, confidence: dict[str, Any]
) -> None:
    file = product(tmp_path)
    certify(file)
    rewrite(file, confidence=confidence)
    another(file, 1)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "looks_changed" and "level: 0.95, looks: 3" in told.value.next_step
    assert len(looks(file)) == 1


def test_a_look_that_could_never_pass_is_refused_and_says_how_many_more(tmp_path: Path) -> None:
    raw = counted(found=40, missed=0, cleared=40)
    file = write_product(
        tmp_path,
        raw.with_columns(split=pl.lit("sealed")),
        [FINDS],
        data={**SCORED, "split": {"column": "split"}},
        confidence={"looks": 4},
    )
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "hopeless_look"
    # .9 ** 42 is the first below .0125
    assert "needs 42 positives" in str(told.value) and "Collect 2 more" in told.value.next_step
    assert not looks(file)
    rewrite(file, confidence={"looks": 3})
    assert certify(file).outcome is Outcome.PASS


def test_a_model_that_fails_on_sealed_cases_says_not_yet_and_not_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path)
    expected = certify(file)

    def broken(*_: Any) -> Any:
        raise ValueError("case c17 has 0.93")

    monkeypatch.setattr(room, "sealed_verdicts", broken)
    another(file, 1)
    found = certify(file)
    assert found.answer == NOT_YET
    assert [(v.outcome, v.evidence) for v in found.verdicts] == [
        (v.outcome, v.evidence) for v in expected.verdicts
    ]
    assert "c17" not in json.dumps(to_json(found))


def test_what_the_machine_cannot_do_goes_on_later_and_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path)

    def full(*_: Any) -> Any:
        raise MemoryError("case c17")

    with monkeypatch.context() as patch:
        patch.setattr(room, "sealed_verdicts", full)
        with pytest.raises(BadInput, match="could not finish") as told:
            certify(file)
    assert "c17" not in str(told.value) and told.value.__suppress_context__
    assert certify(file).answer == NOT_YET and len(looks(file)) == 1


def test_a_look_in_one_pass_measures_what_a_look_at_all_rows_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    real = withholding.withheld

    def watched(*given: Any) -> Any:
        seen.append([(v.requirement, v.slice, v.outcome, v.evidence) for v in given[-1]])
        return real(*given)

    monkeypatch.setattr(room, "withheld", watched)
    sliced = [{**FINDS, "slices": [{"by": "site"}]}, SPARES, {"metric": "auc", "at_least": 0.7}]
    certify(product(tmp_path / "a", requirements=sliced))
    monkeypatch.setattr(room, "sealed_verdicts", lambda *_: None)
    certify(product(tmp_path / "b", requirements=sliced))
    assert seen[0] == seen[1] and len(seen[0]) == 5


def test_an_unknown_word_is_refused_before_anything(tmp_path: Path) -> None:
    file = product(tmp_path)
    with pytest.raises(BadInput, match="numbers"):
        certify(file, reveal="everything")
    assert not sets(file)


def test_the_shell_sees_3_for_not_yet_and_never_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = product(tmp_path, sensitivity=0.2)
    monkeypatch.setattr("sys.argv", ["roadworthy", "certify", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert "NOT YET  on the sealed set" in capsys.readouterr().out


def test_budgets_and_states_follow_from_what_happened() -> None:
    budget = Budget(0.95, (0.5, 0.3, 0.2))
    one = SealedSet("s", "r", "p", 10, 10, budget, "t", "k", "c", "n", "i", ())
    assert (one.state, one.left, one.bits) == (State.SEALED, 3, 0)
    assert budget.share(2, bits=3) == 0.3 / 8
    assert np.isclose(sum(budget.shares), 1.0)


def test_two_runs_of_one_look_give_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second gives the answer that was kept, whatever it found itself."""
    file, real = product(tmp_path, 2), room._Certifying._judgement
    first: list[Judgement] = []

    def meanwhile(run: Any, *look: Any) -> Judgement:
        found = real(run, *look)
        monkeypatch.setattr(room._Certifying, "_judgement", real)
        first.append(certify(file))
        return replace(found, outcome=Outcome.PASS)

    monkeypatch.setattr(room._Certifying, "_judgement", meanwhile)
    second = certify(file)
    assert len(looks(file)) == 1
    assert (first[0].outcome, second.outcome) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    kept = file.parent / ".roadworthy" / "judgements" / "product" / "sealed.json"
    assert json.loads(kept.read_text())["outcome"] == "INCONCLUSIVE"


def test_what_is_answered_anew_is_never_answered_more_mildly(tmp_path: Path) -> None:
    spending = {"looks": 3, "spending": [0.8, 0.1, 0.1]}
    file = product(tmp_path, confidence=spending)
    certify(file)
    certify(file, reveal="requirements")
    assert [look.share for look in looks(file)] == [0.8, 0.1]


def test_a_table_beside_the_cases_is_part_of_the_question(tmp_path: Path) -> None:
    fast = {"id": "fast", "metric": "latency_p99_ms", "at_most": 50}
    timings = tmp_path / "timings.csv"
    pl.DataFrame({"ms": [5.0] * 600}).write_csv(timings)
    raw = simulated(1200, 8, sensitivity=GOOD)
    data = {**SCORED, "split": HALF, "tables": {"timings": "timings.csv"}}
    confidence = {"looks": 3}
    file = write_product(tmp_path, raw, [FINDS, fast], data=data, confidence=confidence)
    assert certify(file).outcome is Outcome.PASS
    pl.DataFrame({"ms": [500.0] * 600}).write_csv(timings)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "seal_spent"


def test_units_that_nobody_compared_are_refused(tmp_path: Path) -> None:
    """A patient on both sides is found at sealing only, by the column that names patients then."""
    file = write_product(tmp_path, simulated(600, 8), [FINDS], data=SCORED)
    apart = simulated(600, 9, sensitivity=GOOD).with_columns(case="new" + pl.col("case"))
    seal(file, apart, looks=3)
    rewrite(file, data={"unit": "site"})
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "read_otherwise"
    assert not looks(file)


def test_a_scope_that_was_narrowed_since_is_told(tmp_path: Path) -> None:
    file = product(tmp_path)
    certify(file)
    rewrite(file, scope=[{"field": "site", "in": ["north"]}])
    assert any("`scope` was" in note for note in certify(file).notes)


def test_cases_whose_numbers_were_shown_are_open_whatever_becomes_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path, 1)
    certify(file)
    monkeypatch.setenv("ROADWORTHY_STORE", f"sqlite:///{tmp_path / 'other.db'}")
    rewrite(file, decision={"threshold": 0.4})
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "sealed_seen"
