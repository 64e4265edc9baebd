"""The page on costs: whoever follows it to the letter gets what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.pages import REPOSITORY, checkout, commands, followed, undated

from roadworthy.core.evidence import Measured
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import parse_product
from roadworthy.workflow.check import check
from roadworthy.workflow.compare import compare
from roadworthy.workflow.train import train

PAGE = REPOSITORY / "docs" / "costs.md"


@pytest.mark.slow
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(commands(page)) > 5
    assert undated(followed(page, checkout(tmp_path))) == undated(page)


def test_what_the_page_says_may_be_written_can_be_read() -> None:
    head = "version: 1\nproduct: p\ndata: {cases: c.csv, truth: y, prevalence: as_sampled}\n"
    binary, classes, decision = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    asks = "requirements: [{metric: expected_cost, at_most: 1}]\n"
    well = head.replace("truth: y", "truth: y, positive: 1")
    for text in (well + binary, head + classes + asks, well + decision + asks):
        parse_product(text, Path("product.yaml"))


def test_by_cost_and_by_accuracy_differ_and_the_bound_says_by_how_much(tmp_path: Path) -> None:
    folder = checkout(tmp_path) / "examples" / "credit"
    by_cost, by_accuracy = folder / "product.yaml", folder / "by_accuracy" / "product.yaml"
    aside = folder / "kept_aside.csv"
    assert train(by_cost).fingerprint != train(by_accuracy).fingerprint
    assert check(by_cost, aside).outcome is check(by_accuracy, aside).outcome is Outcome.PASS
    found = compare(by_cost, by_accuracy, on=aside)
    gain = found.found[0].evidence
    assert found.outcome is Outcome.PASS
    assert isinstance(gain, Measured)
    assert (gain.low or 0.0) > 0.3
