"""The doctor finds each thing that can be wrong, says what to do, and changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, LEARNT, counted, learnable, rewrite, write_product
from tests.vaults import sets

from roadworthy.store.artifacts import Artifacts
from roadworthy.workflow import doctor as doctors
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.doctor import doctor
from roadworthy.workflow.train import train

SPLIT = {"train": 0.5, "validation": 0.25, "sealed": 0.25, "seed": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product that was trained, checked and certified."""
    data = {**LEARNT, "split": SPLIT}
    folder = tmp_path_factory.mktemp("made")
    file = write_product(folder / "product", learnable(300, seed=5), [FINDS], data=data)
    train(file)
    check(file)
    certify(file)
    return file


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copytree(made.parent, tmp_path / "product")) / made.name


def problems(file: Path) -> dict[str, str]:
    return {found.what: f"{found.told} {found.next_step}" for found in doctor(file).problems}


def test_a_product_in_order_has_no_problem(file: Path) -> None:
    found = roadworthy("doctor", file)
    assert found.code == 0
    assert "PROBLEM" not in found.out
    for word in (
        "python",
        "packages",
        "metrics",
        "workspace",
        "judgements",
        "sealed sets",
        "model",
    ):
        assert f"OK       {word}" in found.out
    assert roadworthy("doctor", file, "--json").json["ok"] is True


def test_it_changes_nothing(tmp_path: Path) -> None:
    made = write_product(tmp_path, counted(10, 1, 5), [FINDS])
    before = sorted(tmp_path.rglob("*"))
    assert doctor(made).problems == ()
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_product_the_installation_alone_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = roadworthy("doctor")
    assert found.code == 0
    assert "product.yaml" not in found.out


def kept(folder: Path, name: str) -> Path:
    return next((folder / ".roadworthy").rglob(name))


def cut_model(folder: Path) -> None:
    path = kept(folder, "model.skops")
    path.write_bytes(path.read_bytes()[:100])


def other_features(folder: Path) -> None:
    rewrite(folder / "product.yaml", data={"features": ["noise"]})


def newer(folder: Path) -> None:
    kept(folder, "VERSION").write_text("99\n")


def cut_judgement(folder: Path) -> None:
    path = kept(folder, "open.json")
    path.write_text(path.read_text()[:200])


def lost_yaml(folder: Path) -> None:
    kept(folder, "sealed.yaml").unlink()


def cut_seal(folder: Path) -> None:
    (one,) = sets(folder / "product.yaml")
    path = Artifacts(folder / ".roadworthy" / "artifacts").path(one.content)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-3])


def cut_table(folder: Path) -> None:
    path = folder / "cases.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def typo(folder: Path) -> None:
    path = folder / "product.yaml"
    path.write_text(path.read_text().replace("metric: sensitivity", "metric: sensitivty"))


def no_column(folder: Path) -> None:
    rewrite(folder / "product.yaml", scope=[{"field": "nowhere", "in": ["a"]}])


def a_file(folder: Path) -> None:
    shutil.rmtree(folder / ".roadworthy")
    (folder / ".roadworthy").write_text("")


@pytest.mark.parametrize(
    ("damage", "what", "told"),
    [
        (cut_model, "model", "roadworthy train"),
        (other_features, "model", "roadworthy train"),
        (newer, "workspace", "99"),
        (cut_judgement, "judgements", "open.json"),
        (lost_yaml, "judgements", "sealed.yaml"),
        (cut_seal, "sealed sets", "is not what was kept"),
        (cut_table, "cases", "cannot be read"),
        (typo, "product.yaml", "Did you mean `sensitivity`?"),
        (no_column, "cases", "nowhere"),
        (a_file, "workspace", "no folder"),
    ],
)
def test_each_damage_is_found_and_told_with_what_to_do(
    damage: Callable[[Path], None], what: str, told: str, file: Path
) -> None:
    damage(file.parent)
    found = problems(file)
    assert told in found[what], found
    ran = roadworthy("doctor", file)
    assert ran.code == 2
    assert f"PROBLEM  {what}" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_an_old_python_and_old_or_absent_packages_are_problems() -> None:
    assert not doctors._python((3, 10, 2)).ok
    assert doctors._python((3, 12, 0)).ok
    told = [
        found.told
        for found in doctors._packages(
            ["numpy>=2.0", "scipy>=999", "no-such-package-at-all>=1", "pytest; extra == 'dev'"]
        )
    ]
    assert any("too old" in text for text in told)
    assert "is not installed" in told
    assert told[-1] == "installed"


def test_an_absent_extra_is_no_problem() -> None:
    found = list(doctors._packages(["no-such-package-at-all>=1; extra == 'strange'"]))
    assert all(one.ok for one in found)
    assert "pip install" in found[-1].told


def test_versions_are_compared_as_numbers() -> None:
    assert doctors._numbers("2.10") > doctors._numbers("2.9.3")
    assert doctors._numbers("2.0") == doctors._numbers("2")
    assert doctors._numbers("2.13.0+cpu") == (2, 13, 0)
