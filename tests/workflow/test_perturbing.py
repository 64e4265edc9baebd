"""The same cases asked again under a perturbation: who counts, what is asked, and what is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image
from tests.tables import LEARNT, learnable, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.perturbation import Under
from roadworthy.core.policy import Policy, Referred, Triage
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io import registry
from roadworthy.io.product_yaml import load_product
from roadworthy.perturbations.jitter import Jitter
from roadworthy.perturbations.missing_view import MissingView
from roadworthy.perturbations.noise import Noise
from roadworthy.testing.pictures import pictures
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.perturbing import changed, perturbed
from roadworthy.workflow.prepare import in_scope
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.train import train
from roadworthy.workflow.under import decided

Tabular: TypeAlias = Callable[..., Path]
FINDS = {"id": "finds", "metric": "sensitivity", "at_least": 0.65}
SPLIT = {"train": 0.4, "validation": 0.3, "sealed": 0.3, "seed": 3}


@dataclass(frozen=True)
class AsItIs:
    column: str
    about: ClassVar[str] = "changes nothing"

    def values(self, values: pl.Series, chance: Any) -> pl.Series:
        return values


@dataclass(frozen=True)
class AsItLooks:
    by: float
    about: ClassVar[str] = "changes nothing of an image"

    def image(self, pixels: Any, rng: np.random.Generator) -> Any:
        return pixels


@pytest.fixture(autouse=True)
def identities(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(registry.perturbations().items())
    known |= {"as_it_is": AsItIs, "as_it_looks": AsItLooks}
    monkeypatch.setattr(registry, "perturbations", lambda: known)


def sturdy(*under: dict[str, Any], **others: Any) -> dict[str, Any]:
    found = {"id": "sturdy", "metric": "robustness", "of": "sensitivity", "at_least": 0.65}
    return {**found, "under": list(under), **others}


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product of columns that was trained; never changed, only copied."""
    folder = tmp_path_factory.mktemp("perturbed") / "product"
    data = {**LEARNT, "prevalence": "as_sampled", "split": SPLIT}
    train(write_product(folder, learnable(900, 11), [FINDS], data=data, models=["logistic"]))
    return folder


@pytest.fixture
def tabular(trained_once: Path, tmp_path: Path) -> Tabular:
    numbers = iter(range(9))

    def copy(*requirements: dict[str, Any], **others: Any) -> Path:
        folder = tmp_path / f"copy{next(numbers)}"
        shutil.copytree(trained_once, folder)
        file = folder / "product.yaml"
        said = {**yaml.safe_load(file.read_text()), "requirements": list(requirements), **others}
        file.write_text(json.dumps(said))
        return file

    return copy


def named(found: Judgement, requirement: str) -> list[Verdict]:
    return [one for one in found.verdicts if one.requirement == requirement]


@pytest.mark.parametrize("of", ["sensitivity", "auc", "calibration_error"])
def test_a_perturbation_that_changes_nothing_gives_exactly_the_unperturbed_cells(
    tabular: Tabular, of: str
) -> None:
    side = {"at_most": 0.3} if of == "calibration_error" else {"at_least": 0.65}
    slices = [{"by": "shape"}]
    plain = {"id": "plain", "metric": of, "slices": slices, **side}
    same = {"metric": "robustness", "of": of, "slices": slices, "under": [{"as_it_is": "size"}]}
    file = tabular(plain, {"id": "same", **same, **side})
    found = check(file)
    ours, theirs = named(found, "plain"), named(found, "same-as_it_is-size")
    assert len(ours) == len(theirs) == 5
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one.evidence, Measured)
        assert isinstance(other.evidence, Measured)
        assert replace(other.evidence, detail="") == replace(one.evidence, detail="")
        assert other.outcome is one.outcome
        assert "which changes nothing here" in other.reason


def test_the_product_takes_the_worst_perturbation(tabular: Tabular) -> None:
    mild, wild = {"jitter": {"column": "size", "by": 0.01}}, {"missing": "size"}
    found = check(tabular(FINDS, sturdy(mild, wild)))
    outcomes = {one.requirement: one.outcome for one in found.verdicts}
    assert outcomes["finds"] is Outcome.PASS
    assert outcomes["sturdy-jitter-size-0.01"] is Outcome.PASS
    assert outcomes["sturdy-missing-size"] is Outcome.FAIL
    assert found.outcome is Outcome.FAIL is product_outcome(found.verdicts)
    (failed,) = named(found, "sturdy-missing-size")
    assert "This is under missing size; without it the same cases give 0.7" in failed.reason
    assert failed.reason.rstrip(".").endswith("less")


def test_a_column_is_sliced_by_what_it_is_and_not_by_what_the_product_saw(tabular: Tabular) -> None:
    ranges = [{"by": "size", "ranges": [[-9, 0], [0, 9]]}]
    plain = {**FINDS, "slices": ranges, "at_least": 0.02}
    noisy = {"jitter": {"column": "size", "by": 5.0}}
    found = check(tabular(plain, sturdy(noisy, slices=ranges, at_least=0.02)))
    sizes = [
        [one.evidence.n for one in named(found, name) if isinstance(one.evidence, Measured)]
        for name in ("finds", "sturdy-jitter-size-5")
    ]
    assert sizes[0] == sizes[1]


def test_what_is_random_hangs_on_the_case_and_on_nobody_beside_it() -> None:
    cases = pl.DataFrame(
        {
            columns.ID: [f"c{i}" for i in range(50)],
            "age": [50.0] * 50,
            columns.file("scan"): [f"/x/{i}.png" for i in range(50)],
        }
    )
    for kind, column in ((Jitter("age", 3.0), "age"), (Noise(0.1), columns.file("scan"))):
        under = Under(type(kind).__name__.lower(), kind)
        whole = changed(cases, under, 7)[column]
        assert whole.n_unique() == 50
        some = changed(cases[::-3], under, 7)[column]
        assert some.to_list() == whole[::-3].to_list()
        assert changed(cases, under, 8)[column].to_list() != whole.to_list()


@pytest.mark.parametrize("referred", [None, *Referred])
def test_who_is_turned_away_only_under_it_counts_as_referred(referred: Referred | None) -> None:
    cases = pl.DataFrame(
        {
            columns.INSIDE: [True, True, False],
            columns.HANDED: [True, False, False],
            columns.POSITIVE: [True, True, True],
            columns.SCORE: [0.9, 0.9, 0.9],
        }
    )
    found = decided(cases, Policy(0.5), referred)
    assert found[columns.INSIDE].to_list() == [True, True, False]
    assert found[columns.REFERRED].to_list() == [True, False, True]
    counts = referred in (Referred.RIGHT, Referred.WRONG)
    assert found[columns.RATED].to_list() == [counts, True, False]
    if counts:
        assert found[columns.FLAGGED][0] is (referred is Referred.RIGHT)


def test_a_case_without_an_answer_is_referred_by_a_triage() -> None:
    cases = pl.DataFrame(
        {
            columns.INSIDE: [True, True],
            columns.HANDED: [False, False],
            columns.POSITIVE: [True, False],
            columns.SCORE: [None, 0.1],
        }
    )
    assert decided(cases, Triage(0.3, None, None), None)[columns.REFERRED].to_list() == [
        True,
        False,
    ]


def test_the_scope_sees_the_value_that_the_product_sees(tabular: Tabular) -> None:
    scope = [{"field": "size", "between": [-50, 50], "missing": "refer"}]
    lost = {"missing": {"column": "size", "share": 0.5}}
    with pytest.raises(BadInput, match="turns away whatever became hard would pass"):
        check(tabular(FINDS, sturdy(lost), scope=scope))
    busy = {**sturdy(lost), "id": "busy", "of": "automation", "at_least": 0.1}
    found = check(tabular(FINDS, sturdy(lost), busy, scope=scope))
    (one,) = named(found, "sturdy-missing-size-0.5")
    assert isinstance(one.evidence, Measured)
    assert "are turned away only there" in one.reason
    (plain,) = named(found, "finds")
    assert isinstance(plain.evidence, Measured)
    assert one.evidence.n < plain.evidence.n


def test_scores_in_a_table_cannot_be_asked_again_and_spend_no_look(tmp_path: Path) -> None:
    cases = learnable(300, 11).with_columns(score=pl.lit(0.9))
    data = {**LEARNT, "score": "score", "features": ["size"]}
    file = write_product(tmp_path, cases, [FINDS, sturdy({"missing": "size"})], data=data)
    (one,) = named(check(file), "sturdy-missing-size")
    assert isinstance(one.evidence, NotMeasured)
    assert "cannot be asked about perturbed cases" in one.reason
    said = yaml.safe_load(file.read_text())
    said["data"]["split"] = {"validation": 0.5, "sealed": 0.5, "seed": 1}
    file.write_text(json.dumps(said))
    with pytest.raises(Refused, match="sturdy-missing-size could never be shown"):
        certify(file)


def test_a_column_that_is_not_there_is_named_before_anything_is_asked(tabular: Tabular) -> None:
    file = tabular(FINDS)
    said = yaml.safe_load(file.read_text())
    for under, told in (({"missing": "sizes"}, "size"), ({"jitter": _by("shape")}, "no numbers")):
        said["requirements"] = [FINDS, sturdy(under)]
        file.write_text(json.dumps(said))
        with pytest.raises(Exception, match=r"sizes|no numbers") as caught:
            check(file)
        assert told in f"{caught.value} {getattr(caught.value, 'next_step', '')}"


def _by(column: str) -> dict[str, Any]:
    return {"column": column, "by": 1.0}


def test_a_sealed_set_judges_robustness_in_the_same_look(tabular: Tabular) -> None:
    mild = {"jitter": {"column": "size", "by": 0.01}}
    confidence = {"level": 0.95, "looks": 2}
    file = tabular(FINDS, sturdy(mild), confidence=confidence)
    passed = certify(file)
    assert (passed.outcome, passed.withheld != "") == (Outcome.PASS, True)
    file = tabular(FINDS, sturdy({"missing": "size"}), confidence=confidence)
    kept = certify(file)
    assert kept.outcome is Outcome.INCONCLUSIVE
    assert all(type(one.evidence).__name__ == "Withheld" for one in kept.verdicts)
    assert not any(one.reason for one in kept.verdicts)


def test_what_is_not_answered_on_open_cases_spends_no_look(
    tabular: Tabular, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(self: AsItIs, values: pl.Series, chance: Any) -> pl.Series:
        if len(values):
            raise ValueError("no case survives it")
        return values

    file = tabular(FINDS, sturdy({"as_it_is": "size"}))
    monkeypatch.setattr(AsItIs, "values", some)
    with pytest.raises(Refused, match=r"could never be shown: .* no case survives it"):
        certify(file)


HEAD = {"id": "case", "truth": "bright", "positive": 1, "prevalence": "as_sampled"}


def imaged(folder: Path, *requirements: dict[str, Any], **others: Any) -> Path:
    """40 cases with two grey images of 8 x 8 pixels each; the answer is the first one's mean."""
    bright = np.arange(40) % 2
    for name, seed in (("left", 1), ("right", 2)):
        (folder / name).mkdir(parents=True)
        rng = np.random.default_rng(seed)
        for at, value in enumerate(bright):
            grey = np.clip(rng.normal(80 + 100 * value, 5, (8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(folder / name / f"{at}.png")
    cases = pl.DataFrame(
        {
            "case": [f"c{at:02}" for at in range(40)],
            "left": [f"left/{at}.png" for at in range(40)],
            "right": [f"right/{at}.png" for at in range(40)],
            "bright": bright,
        }
    )
    data = {**HEAD, "features": {"image": ["left", "right"]}}
    return write_product(folder, cases, list(requirements), data=data, **others)


def opening(folder: Path, seen: list[Path]) -> Callable[[pl.DataFrame], list[float]]:
    """A model that opens the files itself, by the paths that it is sent."""

    def answer(cases: pl.DataFrame) -> list[float]:
        found = []
        for left, right in cases.select("left", "right").rows():
            seen.append(folder / left)
            assert right is not None
            with Image.open(folder / left) as image:
                found.append(float(np.asarray(image, dtype=float).mean()) / 255.0)
        return found

    return answer


def test_a_model_that_opens_files_itself_sees_changed_ones_that_are_gone_afterwards(
    tmp_path: Path,
) -> None:
    seen: list[Path] = []
    same, dark = {"as_it_looks": 1}, {"exposure": 0.3}
    file = imaged(tmp_path, FINDS, sturdy(same, dark))
    found = check(file, model=opening(tmp_path, seen))
    outcomes = {one.requirement: one.evidence for one in found.verdicts}
    finds, unchanged, darker = outcomes.values()
    assert isinstance(finds, Measured) and isinstance(unchanged, Measured)
    assert isinstance(darker, Measured)
    assert finds.estimate == unchanged.estimate == 1.0
    assert darker.estimate == 0.0
    copies = [path for path in seen if ".roadworthy" in path.parts]
    assert len(copies) == 80
    assert not any(path.exists() for path in copies)
    assert not list((tmp_path / ".roadworthy").glob("perturbed*"))


def test_a_model_that_fails_under_it_is_named_and_nothing_else_stops(tmp_path: Path) -> None:
    file = imaged(tmp_path, FINDS, sturdy({"missing_view": "right"}))
    found = check(file, model=opening(tmp_path, []))
    assert named(found, "finds")[0].outcome is Outcome.PASS
    (one,) = named(found, "sturdy-missing_view-right")
    assert one.outcome is Outcome.INCONCLUSIVE
    assert "under missing_view right not every case was answered" in one.reason


def test_a_missing_view_leaves_neither_path_nor_file() -> None:
    cases = pl.DataFrame(
        {columns.ID: ["a", "b"], "left": ["l", "m"], columns.file("left"): ["/l", "/m"]}
    )
    found = changed(cases, Under("missing_view", MissingView("left")), 0)
    assert found["left"].to_list() == found[columns.file("left")].to_list() == [None, None]


def test_a_trained_model_of_images_is_asked_through_a_lens(tmp_path: Path) -> None:
    bright = np.random.default_rng(5).random(160) < 0.5
    pictures(pl.Series(np.where(bright, 2.0, -2.0)), tmp_path / "scans")
    cases = pl.DataFrame(
        {
            "case": [f"c{at:03}" for at in range(160)],
            "scan": [f"scans/{at}.png" for at in range(160)],
            "bright": bright.astype(int),
        }
    )
    data = {
        **HEAD,
        "features": {"image": "scan"},
        "split": {"train": 0.5, "validation": 0.5, "seed": 1},
    }
    dark = {"exposure": 0.05, "tier": "advisory"}
    under = sturdy({"as_it_looks": 1}, dark, at_least=0.5)
    spares = {"id": "spares", "metric": "specificity", "at_least": 0.3}
    asks = [{**FINDS, "at_least": 0.5}, under, spares]
    file = write_product(tmp_path, cases, asks, data=data, models=["majority", "image_rule"])
    ladder = train(file).ladder
    assert [one.requirement for one in ladder.result.verdicts] == [
        "finds",
        "sturdy-as_it_looks-1",
        "sturdy-exposure-0.05",
        "spares",
    ]
    found = check(file)
    # what chose the model chose it on these cases, perturbed or not: every cell pays
    assert {one.effective_confidence for one in found.verdicts} == {0.975}
    finds, same, darker, _ = (one.evidence for one in found.verdicts)
    assert isinstance(finds, Measured) and isinstance(same, Measured)
    assert isinstance(darker, Measured)
    assert same.estimate == finds.estimate
    assert darker.estimate < finds.estimate


@dataclass(frozen=True)
class Sure:
    """Names one class, as probable as the column says."""

    name: str = "sure"
    fingerprint: str = "f"
    files: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ("a",)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        return pl.Series(["x"] * cases.height)

    def certainty(self, cases: pl.DataFrame) -> pl.Series:
        return cases["a"]


def test_how_certain_an_answer_is_is_asked_again_too(tmp_path: Path) -> None:
    table = pl.DataFrame({"case": ["c1", "c2"], "kind": ["x", "y"], "a": [0.9, 0.6]})
    surest = {
        "metric": "robustness",
        "of": "selective_accuracy",
        "at_coverage": 0.5,
        "at_least": 0.5,
        "under": [{"jitter": {"column": "a", "by": 0.1}}],
    }
    data = {"id": "case", "truth": "kind", "features": ["a"], "prevalence": "as_sampled"}
    product = load_product(write_product(tmp_path, table, [surest], data=data, task="multiclass"))
    judged = Judged(product, Sure(), None)
    cases = in_scope(table.with_columns(pl.col("case").alias(columns.ID)), product.scope)
    usual = judged.prepared(cases)
    (there,) = perturbed(judged, usual).tables.values()
    assert usual[columns.CERTAINTY].to_list() == [0.9, 0.6]
    assert not (there[columns.CERTAINTY] == usual[columns.CERTAINTY]).any()
