"""A seal covers the bytes of image files, and a look at others than were sealed is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, SCORED, simulated, write_product
from tests.vaults import looks, sets
from tests.workflow.test_imaging import MODE, TRIAGE, file_of, product

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import SetName
from roadworthy.testing.pictures import pictures
from roadworthy.workflow.certify import certify
from roadworthy.workflow.load import load
from roadworthy.workflow.seal import seal
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.train import train

OPEN = "  split: {train: 0.5, validation: 0.5, seed: 3}\n"


def trained(folder: Path, looks: int = 1) -> Path:
    """A product of images of which every case is open."""
    asks = f"confidence: {{looks: {looks}}}\nrequirements: [{{metric: auc, at_least: 0.7}}]\n"
    file = product(folder, n=160, split=OPEN, asks=asks)
    train(file)
    return file


def fresh(folder: Path, n: int = 120, seed: int = 9) -> pl.DataFrame:
    """Cases that nobody saw, with images of their own."""
    bright = np.random.default_rng(seed).random(n) < 0.5
    pictures(pl.Series(np.where(bright, 2.0, -2.0)), folder / "new")
    return pl.DataFrame(
        {
            "case": [f"n{at}" for at in range(n)],
            "scan": [f"new/{at}.png" for at in range(n)],
            "age": 50,
            "bright": bright.astype(int),
        }
    )


def refused(*given: object, **named: object) -> Refused:
    with pytest.raises(Refused) as told:
        seal(*given, **named)  # type: ignore[arg-type]
    return told.value


def test_a_look_at_files_that_changed_is_refused_and_goes_on_once_they_are_back(
    tmp_path: Path,
) -> None:
    file = trained(tmp_path, looks=2)
    assert seal(file, fresh(tmp_path)).files == 120
    image = tmp_path / "new/7.png"
    content, other = image.read_bytes(), (tmp_path / "new/8.png").read_bytes()
    image.write_bytes(other)
    with pytest.raises(Refused, match=r"'new/7\.png' has other bytes") as told:
        certify(file)
    assert (told.value.code, told.value.value) == ("files_changed", "new/7.png")
    image.unlink()
    with pytest.raises(Refused, match=r"cases \(1\) are not .* is not there"):
        certify(file)
    image.write_bytes(content)
    assert certify(file).outcome == "PASS"
    assert [look.number for look in looks(file)] == [1], "it went on with the same look"


def test_files_that_change_where_the_rows_stand_open_spend_no_look(tmp_path: Path) -> None:
    file = product(tmp_path)
    train(file)
    seal(file)
    image = file_of(tmp_path, SetName.SEALED)
    content = image.read_bytes()
    image.write_bytes(file_of(tmp_path, SetName.TRAIN).read_bytes())
    with pytest.raises(Refused, match="1 of the 80 cases of the sealed set") as told:
        certify(file)
    assert told.value.code == "files_changed"
    assert looks(file) == []
    image.write_bytes(content)
    assert certify(file).outcome == "PASS"


def test_the_root_hangs_on_the_bytes_of_the_files(tmp_path: Path) -> None:
    file = trained(tmp_path)
    seal(file, fresh(tmp_path))
    one = sets(file)[0]
    assert "@digest:scan" in one.by and "scan" not in one.by
    renamed = fresh(tmp_path).with_columns(
        case=pl.format("m{}", pl.int_range(120)), scan=pl.format("./{}", "scan")
    )
    assert refused(file, renamed).code == "sealed_before", "other ids and paths, the same bytes"


def test_an_image_that_stands_open_cannot_be_sealed_under_another_name(tmp_path: Path) -> None:
    file = trained(tmp_path)
    table = fresh(tmp_path)
    (tmp_path / "new/3.png").write_bytes((tmp_path / "scans/5.png").read_bytes())
    told = refused(file, table)
    assert told.code == "same_file" and told.value == "n3"
    assert refused(file, table, accept=["n3"]).code == "same_file"


def test_an_image_that_looks_like_an_open_one_waits_for_a_person(tmp_path: Path) -> None:
    from PIL import Image

    file = trained(tmp_path)
    table = fresh(tmp_path)
    with Image.open(tmp_path / "scans/5.png") as known:
        Image.fromarray(np.asarray(known) + np.uint8(5)).save(tmp_path / "new/3.png")
    told = refused(file, table)
    assert told.code == "near_duplicate" and "n3 looks like" in told.message
    assert seal(file, table, accept=["n3"]).set.provenance.accepted == ("n3",)


def test_a_sealed_image_that_comes_to_stand_in_open_data_is_found_at_the_look(
    tmp_path: Path,
) -> None:
    file = trained(tmp_path)
    seal(file, fresh(tmp_path))
    (tmp_path / "scans/5.png").write_bytes((tmp_path / "new/3.png").read_bytes())
    train(file)
    with pytest.raises(Refused, match=r"cases \(1\) stand in the") as told:
        certify(file)
    assert told.value.code == "same_file"


def test_a_set_that_was_sealed_without_images_is_not_looked_at_by_a_model_of_images(
    tmp_path: Path,
) -> None:
    file = trained(tmp_path)
    words = file.read_text()
    table = fresh(tmp_path).with_columns(score=0.5)
    cases = pl.read_csv(tmp_path / "cases.csv").with_columns(score=0.5)
    cases.write_csv(tmp_path / "cases.csv")
    file.write_text(words.replace("  id: case\n", "  id: case\n  score: score\n"))
    seal(file, table)
    file.write_text(words)
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "files_not_sealed" and looks(file) == []


def test_scores_that_were_handed_in_need_no_files_at_a_look(tmp_path: Path) -> None:
    def table(name: str, seed: int) -> pl.DataFrame:
        ids, files = pl.format(f"{name}{{}}", pl.int_range(200)), pl.format("{}.txt", "case")
        frame = simulated(200, seed, 0.98).with_columns(case=ids).with_columns(note=files)
        for at in range(200):
            (tmp_path / f"{name}{at}.txt").write_text(f"report {name}{at}")
        return frame

    data = {**SCORED, "file": "note"}
    file = write_product(tmp_path, table("o", 3), [FINDS], data=data)
    test = table("t", 4)
    (tmp_path / "t5.txt").unlink()
    with pytest.raises(BadInput, match="the file of case t5 cannot be read"):
        seal(file, test)
    (tmp_path / "t5.txt").write_text("report o7")
    assert refused(file, test).code == "same_file"
    (tmp_path / "t5.txt").write_text("report t5")
    assert seal(file, test).files == 200
    for at in range(200):
        (tmp_path / f"t{at}.txt").unlink()
    assert certify(file).population.cases == 200


@pytest.mark.parametrize("times", [1, 2])
def test_an_image_that_cannot_be_read_is_told_with_the_numbers_and_never_before(
    tmp_path: Path, times: int
) -> None:
    wanted = "requirements: [{metric: automation, at_least: 0.01}]\n"
    asks = f"confidence: {{looks: {times}}}\n{wanted}"
    file = product(tmp_path, split=TRIAGE, rest=MODE, asks=asks)
    train(file)
    broken = file_of(tmp_path, SetName.SEALED)
    broken.write_bytes(b"")
    told = [note for note in certify(file).notes if broken.name in note]
    assert [f"'scans/{broken.name}' is empty (BROKEN:scan)" in note for note in told] == (
        [True] if times == 1 else []
    )


def test_sealing_says_that_files_are_not_encrypted(tmp_path: Path) -> None:
    file = trained(tmp_path)
    fresh(tmp_path).write_csv(tmp_path / "test.csv")
    told = " ".join(roadworthy("seal", tmp_path / "test.csv", "--product", file).out.split())
    assert "120, known by their SHA-256" in told
    assert "The files that they name are not encrypted" in told
    assert load_cases(load(file)).split
