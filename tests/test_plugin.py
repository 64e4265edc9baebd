"""A stranger's package adds a metric, a rung and a lever, each by one line, and all know them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.tables import FINDS, LEARNT, SCORED, SPARES, counted, learnable, write_product
from tests.texts import messages

EXAMPLE = Path(__file__).parent / "plugin_example"
RUN = "from roadworthy.cli import main; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example package was installed into, and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    how = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    pip = [sys.executable, "-m", "pip", "install", *how, str(EXAMPLE)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def roadworthy(installed: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process that finds the plug-in, or does not."""
    paths = [os.environ.get("PYTHONPATH", ""), "" if installed is None else str(installed)]
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", RUN, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=there)


def product(folder: Path, **words: object) -> Path:
    """Sensitivity .95 and specificity .90, so J is .85, and .870 with weight .7."""
    asked = {"id": "tells-apart", "metric": "youden_j", "at_least": 0.6, **words}
    cases = counted(found=190, missed=10, cleared=180, alarmed=20)
    return write_product(folder, cases, [asked], data=SCORED)


def test_its_metric_is_judged(installed: Path, tmp_path: Path) -> None:
    done = roadworthy(installed, "check", str(product(tmp_path)), "--json")
    assert done.returncode == 0, done.stderr
    (verdict,) = json.loads(done.stdout)["verdicts"]
    assert (verdict["metric"], verdict["outcome"]) == ("youden_j", "PASS")
    assert verdict["estimate"] == pytest.approx(0.85)


def test_its_own_parameter_changes_what_is_measured(installed: Path, tmp_path: Path) -> None:
    done = roadworthy(installed, "check", str(product(tmp_path, weight=0.7)), "--json")
    (verdict,) = json.loads(done.stdout)["verdicts"]
    assert verdict["estimate"] == pytest.approx(2 * (0.7 * 0.95 + 0.3 * 0.9) - 1)


def test_it_fails_the_product_like_any_other(installed: Path, tmp_path: Path) -> None:
    assert roadworthy(installed, "check", str(product(tmp_path, at_least=0.95))).returncode == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [({"weight": 1.5}, "weight must lie between 0 and 1"), ({"wieght": 0.7}, "weight")],
)
def test_a_wrong_parameter_is_told_with_its_line(
    installed: Path, tmp_path: Path, words: dict[str, float], told: str
) -> None:
    file = product(tmp_path, **words)
    done = roadworthy(installed, "check", str(file))
    assert done.returncode == 2
    assert told in " ".join((done.stdout + done.stderr).split())


def test_editors_learn_its_words(installed: Path) -> None:
    with_it, without = (roadworthy(where, "schema").stdout for where in (installed, None))
    assert "youden_j" in with_it
    assert "weight" in with_it
    assert "youden_j" not in without


def test_without_the_package_the_metric_is_unknown(tmp_path: Path) -> None:
    done = roadworthy(None, "check", str(product(tmp_path)))
    assert done.returncode == 2
    assert "youden_j" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "promise",
    [
        "youden_j import Parameters, YoudenJ; check_instrument(YoudenJ()); "
        "check_instrument(YoudenJ(), Parameters(weight=0.7))",
        "naive_bayes import NaiveBayes; check_rung(NaiveBayes(), tasks=TASKS)",
        "second_reading import SecondReading; check_lever(SecondReading())",
        "letter_pairs import LetterPairs; check_embedding(LetterPairs())",
    ],
)
def test_each_keeps_the_promises_of_its_kind(installed: Path, promise: str) -> None:
    run = (
        "from roadworthy.core.product import Task\n"
        "from roadworthy.testing import "
        "check_embedding, check_instrument, check_lever, check_rung\n"
        "TASKS = [Task.BINARY, Task.MULTICLASS]\n"
        f"from roadworthy_plugin_example.{promise}\n"
    )
    there = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", run], capture_output=True, text=True, check=False, env=there
    )
    assert done.returncode == 0, done.stderr


def test_its_rung_is_tried_and_its_lever_proposes(installed: Path, tmp_path: Path) -> None:
    split = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
    asked = [{**FINDS, "at_least": 0.99}, {**SPARES, "at_least": 0.9}]
    file = write_product(
        tmp_path,
        learnable(600, 5),
        asked,
        data={**LEARNT, "split": split},
        models=["majority", "naive_bayes"],
    )
    done = roadworthy(installed, "train", str(file), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [step["rung"] for step in json.loads(done.stdout)["ladder"]] == [
        "majority",
        "naive_bayes",
    ]
    done = roadworthy(installed, "check", str(file), "--json")
    assert "second_reading" in {path["lever"] for path in json.loads(done.stdout)["paths"]}


def test_its_embedding_reads_for_every_rung_that_can(installed: Path, tmp_path: Path) -> None:
    split = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
    text = {"features": ["noise"], "text": {"message": "letter_pairs"}}
    file = write_product(
        tmp_path,
        messages(300, 5),
        [{**FINDS, "at_least": 0.6}],
        data={**LEARNT, "split": split, **text},
        models=["logistic", "naive_bayes"],
    )
    done = roadworthy(installed, "train", str(file), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    fitted = {step["rung"]: step.get("code") for step in json.loads(done.stdout)["ladder"]}
    assert fitted == {"logistic": None, "naive_bayes": "reads_no_text"}
    without = roadworthy(None, "check", str(file))
    assert without.returncode == 2 and "letter_pairs" in without.stdout + without.stderr


def test_its_readme_is_in_order(installed: Path, tmp_path: Path) -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (asked,) = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])["requirements"]
    file = write_product(tmp_path, counted(190, 10, 180, 20), [asked], data=SCORED)
    assert roadworthy(installed, "check", str(file)).returncode == 0
