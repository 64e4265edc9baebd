"""Products of images: trained, judged and sealed by their bytes; what is unreadable is named."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.guidance import Epoch
from roadworthy.core.ladder import NotFitted
from roadworthy.core.product import SetName
from roadworthy.io.items import item_hashes
from roadworthy.models.nets.plan import Plan
from roadworthy.testing.pictures import pictures, png
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.decide import decide
from roadworthy.workflow.image_files import look
from roadworthy.workflow.load import load
from roadworthy.workflow.seal import candidate
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.train import train

HEAD = """version: 1
product: find-spots
data:
  cases: cases.csv
  id: case
  truth: bright
  positive: 1
  features: {FEATURES}
  prevalence: as_sampled
"""
SPLIT = "  split: {train: 0.5, validation: 0.25, sealed: 0.25, seed: 3}\n"
ASKS = "requirements: [{metric: auc, at_least: 0.7}]\n"


def product(
    folder: Path,
    features: str = "{image: scan}",
    n: int = 320,
    split: str = SPLIT,
    rest: str = "models: [image_rule]\n",
    asks: str = ASKS,
) -> Path:
    bright = np.random.default_rng(5).random(n) < 0.5
    pictures(pl.Series(np.where(bright, 2.0, -2.0)), folder / "scans")
    cases = pl.DataFrame(
        {
            "case": [f"c{at:03}" for at in range(n)],
            "scan": [f"scans/{at}.png" for at in range(n)],
            "age": np.random.default_rng(6).integers(40, 80, n),
            "bright": bright.astype(int),
        }
    )
    cases.write_csv(folder / "cases.csv")
    file = folder / "product.yaml"
    file.write_text(HEAD.replace("{FEATURES}", features) + split + rest + asks)
    return file


def file_of(folder: Path, at: SetName) -> Path:
    """The image of some case of a set."""
    parted = load_cases(load(folder / "product.yaml"))
    return folder / "scans" / f"{int(str(parted.ids(at)[0])[1:])}.png"


def test_a_product_of_images_is_trained_judged_and_certified(tmp_path: Path) -> None:
    file = product(tmp_path)
    found = train(file)
    assert found.features == ("scan",)
    assert found.ladder.kept == "image_rule"
    assert check(file).outcome == "PASS"
    assert certify(file).outcome == "PASS"


def test_a_net_climbs_the_ladder_and_tells_how_far_it_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "for_cases", lambda self, cases: replace(self, epochs=2))
    seen: list[Epoch] = []
    rest = "models: [small_net]\ndecision: {calibrate: temperature}\n"
    found = train(product(tmp_path, "{image: scan, columns: age}", 160, rest=rest), seen.append)
    assert found.model == "small convolutional net (S), calibrated"
    assert found.ladder.result.reads == 2
    assert {epoch.title for epoch in seen} == {"small convolutional net (S)"}
    assert not (tmp_path / ".roadworthy" / "training").exists()
    assert check(tmp_path).subject.name.startswith("small convolutional net (S), temperature")


def test_models_of_columns_are_not_tried_where_there_are_none(tmp_path: Path) -> None:
    rest = "models: [logistic, image_rule]\n"
    found = train(product(tmp_path, rest=rest))
    step = found.ladder.steps[0]
    assert isinstance(step, NotFitted)
    assert "all features are images" in step.reason


def test_columns_alone_are_offered_to_models_of_columns(tmp_path: Path) -> None:
    rest = "models: [logistic]\n"
    found = train(product(tmp_path, "{image: scan, columns: [age]}", rest=rest))
    assert found.ladder.result.reads == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = product(tmp_path)
    train(file)
    broken = file_of(tmp_path, SetName.VALIDATION)
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(BadInput, match=f"'scans/{broken.name}' is a damaged PNG") as caught:
        check(file)
    assert caught.value.code == "unreadable_image"
    assert "(BROKEN:scan)" in caught.value.message
    broken.unlink()
    with pytest.raises(BadInput, match=r"is not there \(MISSING:image\)"):
        check(file)


def test_an_automatic_threshold_is_not_set_by_what_cannot_be_read(tmp_path: Path) -> None:
    file = product(
        tmp_path,
        rest="models: [image_rule]\ndecision: {threshold: auto}\n",
        asks="requirements: [{metric: sensitivity, at_least: 0.5}]\n",
    )
    file_of(tmp_path, SetName.VALIDATION).write_bytes(b"")
    with pytest.raises(BadInput, match="is empty"):
        train(file)


def test_training_leaves_out_what_cannot_be_read_and_says_so(tmp_path: Path) -> None:
    file = product(tmp_path)
    broken = file_of(tmp_path, SetName.TRAIN)
    broken.write_bytes(b"no image")
    found = train(file)
    assert len(found.notes) == 1
    assert f"'scans/{broken.name}' is neither PNG" in found.notes[0]
    assert "1 of 160 case has" in found.notes[0]


TRIAGE = "  split: {train: 0.3, validation: 0.2, calibration: 0.3, sealed: 0.2, seed: 3}\n"
MODE = "models: [image_rule]\ndecision: {mode: triage, clear: {fnr_at_most: 0.2}}\n"


def test_triage_hands_what_cannot_be_read_to_a_person(tmp_path: Path) -> None:
    asks = "requirements: [{metric: automation, at_least: 0.01}]\n"
    file = product(tmp_path, split=TRIAGE, rest=MODE, asks=asks)
    whole = check_trained(file)
    broken = file_of(tmp_path, SetName.VALIDATION)
    broken.write_bytes(b"")
    found = check(file)
    assert found.population.inside == whole.population.inside
    told = [note for note in found.notes if "go to a person" in note and broken.name in note]
    assert len(told) == 1
    assert "is empty (BROKEN:scan)" in told[0]


def check_trained(file: Path):  # type: ignore[no-untyped-def]
    train(file)
    return check(file)


def test_another_image_under_the_same_name_is_another_case(tmp_path: Path) -> None:
    file = product(tmp_path)
    before = load_cases(load(file))
    changed = file_of(tmp_path, SetName.SEALED)
    changed.write_bytes(file_of(tmp_path, SetName.TRAIN).read_bytes())
    assert load_cases(load(file)).fingerprint != before.fingerprint


def test_what_a_case_is_does_not_hang_on_where_the_folder_is(tmp_path: Path) -> None:
    told = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        meant = load(product(tmp_path / name))
        parted = load_cases(meant)
        found = candidate(meant, parted.to_seal(), "the split")
        told.append((parted.fingerprint, item_hashes(found.raw, found.raw.columns).tobytes()))
    assert told[0] == told[1]


def test_the_sealed_set_is_not_judged_with_a_hole_in_it(tmp_path: Path) -> None:
    file = product(tmp_path)
    train(file)
    file_of(tmp_path, SetName.SEALED).unlink()
    with pytest.raises(BadInput, match="is not there"):
        certify(file)
    # and that was no look at it
    pictures_again = np.random.default_rng(5).random(320) < 0.5
    pictures(pl.Series(np.where(pictures_again, 2.0, -2.0)), tmp_path / "scans")
    try:
        assert certify(file).outcome == "PASS"
    except Refused as told:
        raise AssertionError("a look was spent on it") from told


def test_paths_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    file = product(tmp_path)
    table = tmp_path / "cases.csv"
    table.write_text(table.read_text().replace("scans/0.png", "../scans/0.png"))
    with pytest.raises(BadInput, match="outside of the folder"):
        train(file)


def test_looking_counts_what_is_there_and_writes_a_new_table(tmp_path: Path) -> None:
    file = product(tmp_path, n=20, split="")
    (tmp_path / "scans/3.png").write_bytes(b"x")
    (tmp_path / "scans/4.png").unlink()
    found = look(file)
    assert found.sizes == (((16, 16, 8), 18),)
    assert [(one.case, one.code) for one in found.unread] == [
        ("c003", "BROKEN:scan"),
        ("c004", "MISSING:image"),
    ]
    with pytest.raises(BadInput, match="is left alone"):
        look(file, tmp_path / "cases.csv")


def test_the_context_of_dicom_files_becomes_columns(tmp_path: Path) -> None:
    from tests.io.images.test_dicom import dataset, saved

    (tmp_path / "scans").mkdir()
    for at, vendor in enumerate(["Acme", "Bolt"]):
        made = dataset(Manufacturer=vendor, ViewPosition="CC")
        saved(tmp_path, made).rename(tmp_path / "scans" / f"{at}.dcm")
    cases = {
        "case": ["a", "b", "c"],
        "scan": ["scans/0.dcm", "scans/1.dcm", None],
        "bright": [0, 1, 0],
    }
    pl.DataFrame(cases).write_csv(tmp_path / "cases.csv")
    file = tmp_path / "product.yaml"
    file.write_text(HEAD.replace("{FEATURES}", "{image: scan}") + ASKS)
    found = look(file, tmp_path / "new.csv")
    assert [one.code for one in found.unread] == ["MISSING:image"]
    written = pl.read_csv(tmp_path / "new.csv")
    assert written["scan_vendor"].to_list() == ["Acme", "Bolt", None]
    assert written["scan_view"].to_list() == ["CC", "CC", None]
    assert "scan_device" not in written.columns


def test_a_new_case_without_a_readable_image_goes_to_a_person_for_that_reason(
    tmp_path: Path,
) -> None:
    asks = "requirements: [{metric: automation, at_least: 0.01}]\n"
    file = product(tmp_path, split=TRIAGE, rest=MODE, asks=asks)
    check_trained(file)
    (tmp_path / "scans/new.png").write_bytes((tmp_path / "scans/1.png").read_bytes())
    (tmp_path / "scans/cut.png").write_bytes((tmp_path / "scans/1.png").read_bytes()[:70])
    new = {"case": ["n1", "n2", "n3"], "scan": ["scans/new.png", "scans/cut.png", "scans/away.png"]}
    found = decide(file, pl.DataFrame(new)).table
    assert found["reason"].to_list()[1:] == ["BROKEN:scan", "MISSING:image"]
    assert found["route"].to_list()[1:] == ["refer", "refer"]
    assert found["score"].is_null().to_list() == [False, True, True]


def coarse(folder: Path, n: int) -> pl.DataFrame:
    """Cases whose whole texture is another one."""
    (folder / "coarse").mkdir()
    rng = np.random.default_rng(8)
    for at in range(n):
        noise = rng.integers(60, 200, (4, 4)).astype(np.uint8)
        block = np.ones((4, 4), dtype=np.uint8)
        (folder / f"coarse/{at}.png").write_bytes(png(np.kron(noise, block)))
    found = pl.DataFrame({"case": [f"x{at}" for at in range(n)]})
    return found.with_columns(scan=pl.format("coarse/{}.png", pl.int_range(n)))


def test_a_guard_looks_at_images_and_a_copy_of_a_training_image_is_no_strange_one(
    tmp_path: Path,
) -> None:
    sets = "guard: {must_detect: [{name: coarse, cases: coarse.csv, at_least: 0.9}]}\n"
    file = product(tmp_path, n=640, rest="models: [image_rule]\n" + sets)
    coarse(tmp_path, 60).write_csv(tmp_path / "coarse.csv")
    train(file)
    found = {v.requirement: v for v in check(file).verdicts}
    assert str(found["detects-coarse"].outcome) == "PASS"
    assert str(found["guard-false-alarms"].outcome) == "PASS"
    # by its bytes, whatever it is called
    shutil.copy(file_of(tmp_path, SetName.TRAIN), tmp_path / "coarse/0.png")
    with pytest.raises(BadInput, match="the same features as training or validation cases"):
        check(file)


def test_a_strange_set_without_the_images_is_refused(tmp_path: Path) -> None:
    sets = "guard: {must_detect: [{name: coarse, cases: coarse.csv, at_least: 0.9}]}\n"
    file = product(tmp_path, rest="models: [image_rule]\n" + sets)
    pl.DataFrame({"case": ["x1"]}).write_csv(tmp_path / "coarse.csv")
    train(file)
    with pytest.raises(BadInput, match="'scan'"):
        check(file)


def test_an_image_that_may_be_missing_is_neither_counted_nor_told(tmp_path: Path) -> None:
    file = product(tmp_path, "{image: {now: scan, then: prior}, optional: prior}")
    cases = pl.read_csv(tmp_path / "cases.csv")
    gaps = pl.int_range(pl.len()) % 2 == 0
    cases = cases.with_columns(prior=pl.when(gaps).then(None).otherwise(pl.col("scan")))
    cases.write_csv(tmp_path / "cases.csv")
    found = look(file)
    assert (found.images, found.unread) == (480, ())
    assert not isinstance(train(file), NotFitted)
    assert check(file).verdicts
    cases[3, "prior"] = "scans/away.png"
    cases.write_csv(tmp_path / "cases.csv")
    assert [one.code for one in look(file).unread] == ["MISSING:image"]
