"""The inspection of cloth runs on a few dozen pieces, and its runner names what there is."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from roadworthy.cli.app import app
from roadworthy.core.compression import Metered
from roadworthy.core.errors import Refused
from roadworthy.io.images import read
from roadworthy.io.product_yaml import load_product
from roadworthy.models import compression as heirs
from roadworthy.models import metering
from roadworthy.models.nets.plan import Plan
from roadworthy.workflow.check import check
from roadworthy.workflow.compress import compress, keep
from roadworthy.workflow.decide import decide
from roadworthy.workflow.marks import marks
from roadworthy.workflow.train import train

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "inspection"
SHARE = 0.06


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Any]]:
    """prepare.py and demo.py, imported as the demo does."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        import demo  # type: ignore[import-not-found]
        import prepare  # type: ignore[import-not-found]

        yield {"demo": demo, "prepare": prepare}
    finally:
        sys.path.remove(str(EXAMPLE))


@pytest.fixture(scope="module")
def cloth(scripts: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("cloth")
    scripts["prepare"].lay_out(into, SHARE)
    return into


def test_both_sizes_hold_the_same_pieces_without_the_white_line(cloth: Path) -> None:
    full, half = (pl.read_csv(cloth / name / "cases.csv") for name in ("full", "half"))
    assert full.equals(half)
    assert set(full["set"]) == {"train", "validation", "calibration", "sealed"}
    for name, side in (("full", 248), ("half", 124)):
        for image in full["image"].head(5):
            pixels = read(cloth / name / image).pixels
            assert pixels.shape == (side, side, 1)
            assert pixels[:, -2:].mean() < 0.9 and pixels[-2:].mean() < 0.9


def test_boxes_are_small_and_of_pieces_with_a_defect_alone(cloth: Path) -> None:
    for name, side in (("full", 248), ("half", 124)):
        cases, boxes = (pl.read_csv(cloth / name / f"{one}.csv") for one in ("cases", "boxes"))
        assert set(boxes["piece"]) == set(cases.filter(pl.col("defect") == 1)["piece"])
        for x, y, width, height in boxes.select("x", "y", "width", "height").rows():
            assert 0 <= x < x + width <= side and 0 <= y < y + height <= side
            assert max(width, height) <= side / 7


def test_a_piece_is_in_one_table_only_and_its_name_tells_nothing(cloth: Path) -> None:
    tables = [pl.read_csv(cloth / "full" / f"{name}.csv") for name in ("cases", "strange", "today")]
    assert all(table.height for table in tables)
    every = pl.concat(tables)
    assert every["piece"].n_unique() == every["photograph"].n_unique() == every.height
    kinds = every.sort("piece")["photograph"].str.split("/").list.first()
    assert (kinds != kinds.shift(1)).sum() > every.height / 4


@pytest.mark.slow
def test_so_few_pieces_show_little_and_nothing_is_made_of_it(cloth: Path) -> None:
    file = cloth / "full" / "product.yaml"
    models = "models: [majority, image_rule, image_boosting]"
    file.write_text(file.read_text().replace(models, "models: [majority, image_rule]"))
    assert train(file).ladder.kept == "image_rule"
    seen = marks(file, into=cloth / "marks", pictures=2)
    assert seen.pictures == 2 and (cloth / "marks" / "index.html").exists()
    assert seen.found is not None and seen.false is not None
    assert seen.found > seen.false
    judged = check(file)
    assert str(judged.outcome) != "PASS"
    assert judged.certificate is not None
    assert str(judged.certificate.outcome) == "INCONCLUSIVE"
    with pytest.raises(Refused, match="certificate"):
        decide(file, cloth / "full" / "today.csv")


@pytest.fixture(scope="module")
def small(cloth: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The product at half the size, with a net that sees 32 pixels and learns for two epochs."""
    folder = tmp_path_factory.mktemp("small") / "half"
    shutil.copytree(cloth / "half", folder)
    file = folder / "product.yaml"
    text = file.read_text()
    models = "models: [majority, image_rule, image_boosting, small_net]"
    assert models in text and "{image: image}" in text
    text = text.replace(models, "models: [small_net]")
    file.write_text(text.replace("{image: image}", "{image: image, side: 32}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plan, "for_cases", lambda self, cases: replace(self, epochs=2))
        # no process is started to be timed, and no heir is taught: graphs and INT8 are enough
        patch.setattr(metering, "metered", lambda *_: Metered(1.0, 2.0, 1.0, 50.0, 10, 1))
        patch.setattr(heirs, "PRUNED", ())
        patch.setattr(heirs, "STUDENTS", ())
        train(file)
        yield file


def test_a_net_that_learnt_nothing_marks_and_none_of_its_heirs_is_kept(
    small: Path, tmp_path: Path
) -> None:
    seen = marks(small, into=tmp_path / "marks", pictures=3)
    cases = pl.read_csv(small.parent / "cases.csv")
    assert seen.images == cases.filter(pl.col("set") == "validation").height
    assert seen.lesions == cases.filter(set="validation", defect=1).height
    found = compress(small)
    assert {one.point for one in found.points} >= {"parent", "fp32"}
    assert found.answer is None and found.kept == "parent"
    # somebody insists: what is judged from here on is the heir, and nothing is made of it
    keep(small, "fp32", anyway=True)
    assert str(check(small).outcome) != "PASS"
    assert keep(small, "parent").kept == "parent"


def test_marks_and_check_name_the_same_images_that_cannot_be_read(
    small: Path, tmp_path: Path
) -> None:
    cases = pl.read_csv(small.parent / "cases.csv").filter(set="validation")
    first, second, third = (small.parent / name for name in cases["image"].head(3))
    whole = third.read_bytes()
    # headers that can be read, and pixels that cannot
    Image.new("CMYK", (124, 124)).save(first, format="JPEG")
    Image.new("LA", (124, 124), (90, 10)).save(second, format="PNG")
    third.write_bytes(whole[: len(whole) // 2])
    seen = marks(small, into=tmp_path / "marks", pictures=0)
    assert {one.case for one in seen.unread} == set(cases["piece"].head(3))
    assert seen.images == cases.height - 3
    told = " ".join(check(small).notes)
    assert f"3 of {cases.height} cases have an image that cannot be read" in told
    assert all(str(one) in told for one in seen.unread)


def test_both_products_can_be_read() -> None:
    for name in ("product.yaml", "product_half.yaml"):
        product = load_product(EXAMPLE / name)
        assert {r.metric for r in product.requirements} >= {"automation", "sensitivity"}


def test_the_runner_and_the_makefile_name_commands_that_there_are(scripts: dict[str, Any]) -> None:
    commands = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in app.registered_commands
        if command.callback
    }
    steps = scripts["demo"].STEPS
    assert steps and {step.words[0] for step in steps} <= commands
    assert {step.product for step in steps} == {"full", "half"}
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^demo-inspection:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    script = re.search(r"(examples/\S+\.py)", recipe[1])
    assert script is not None and (ROOT / script[1]).exists()
    extras = re.search(r"'\.\[([\w,]+)\]'", makefile[makefile.index(".inspects: py") :])
    assert extras is not None
    declared = (ROOT / "pyproject.toml").read_text()
    assert all(re.search(rf"^{name} = \[", declared, re.MULTILINE) for name in extras[1].split(","))


def test_the_runner_leaves_a_folder_of_somebody_else_alone(
    scripts: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit, match="was not made by this demo"):
        scripts["demo"].fresh(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
