"""What README and the examples show is what really happens."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from roadworthy.cli import main
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product, parse_product
from roadworthy.io.registry import instruments
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def run(*words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def copied(name: str, into: Path) -> Path:
    shutil.copytree(ROOT / "examples" / name, into / name)
    return into / name / "product.yaml"


def test_the_verdict_in_the_readme_is_the_one_that_the_demo_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", "--into", str(tmp_path / "demo"), monkeypatch=monkeypatch) == 0
    printed = {line.rstrip() for line in capsys.readouterr().out.splitlines()}
    shown = [line.rstrip() for line in block("text").splitlines()]
    missing = [line for line in shown if line not in printed and not DATED.search(line)]
    assert shown[0].startswith("mammographic-masses: ")
    assert not missing, "paste the demo's own output into README.md"


def test_the_product_in_the_readme_is_short_and_can_be_read() -> None:
    text = block("yaml")
    assert len(text.splitlines()) <= 16
    product = parse_product(text, ROOT / "examples" / "mammography" / "product.yaml")
    assert [r.id for r in product.requirements] == ["finds-cancers", "spares-biopsies"]


def test_every_metric_is_named_in_the_readme() -> None:
    assert not [name for name in instruments() if f"`{name}`" not in README]


def test_the_predictions_example_ends_in_pass(tmp_path: Path) -> None:
    judgement = check(copied("predictions", tmp_path))
    assert judgement.outcome is Outcome.PASS
    assert all(v.outcome is Outcome.PASS for v in judgement.verdicts)


def test_the_mammography_example_compares_with_the_radiologist_of_the_facts(
    tmp_path: Path,
) -> None:
    """Elter et al. 2007: at BI-RADS 4 and up she finds .983 and spares .068."""
    import polars as pl

    from roadworthy.core import columns
    from roadworthy.workflow.source import load_cases

    product = load_product(copied("mammography", tmp_path))
    cases = load_cases(product).schema
    assert columns.call("radiologist") in cases
    table = pl.read_csv(product.folder / "mammographic_masses.csv")
    called = table["bi_rads"].is_in([4, 5, 6, 55])
    malignant = table["severity"] == "malignant"
    assert (int((called & malignant).sum()), int(malignant.sum())) == (396, 403)
    assert (int((~called & ~malignant).sum()), int((~malignant).sum())) == (29, 427)


def test_the_mammography_example_ends_in_a_verdict_on_101_sealed_positives(tmp_path: Path) -> None:
    file = copied("mammography", tmp_path)
    train(file)
    judgement = certify(file)
    found = {v.requirement: v for v in judgement.verdicts}
    evidence = found["finds-cancers"].evidence
    assert judgement.set == "sealed"
    assert judgement.population.positives == 101
    assert getattr(evidence, "n", None) == 101
    kept = json.loads(
        (file.parent / ".roadworthy" / "judgements" / "product" / "sealed.json").read_text()
    )
    assert kept["outcome"] == judgement.outcome
