"""`compress:` says a margin and a number of threads, and nothing that is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.product import CompressRules
from roadworthy.io.product_yaml import parse_product

HEAD = """version: 1
product: p
data: {cases: cases.csv, truth: y, positive: 1}
requirements: [{metric: sensitivity, at_least: 0.9}]
"""


def read(compress: str) -> CompressRules:
    return parse_product(f"{HEAD}{compress}\n", Path("product.yaml")).compress


def test_by_default_the_requirements_alone_count() -> None:
    assert read("") == CompressRules(None, 1)
    assert read("compress: {margin: 0.02, threads: 4}") == CompressRules(0.02, 4)
    assert read("compress: {margin: 0}") == CompressRules(0.0, 1)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{margin: 2}", "no share from 0 to 1"),
        ("{margin: few}", "must be a number"),
        ("{threads: 0}", "no number of threads"),
        ("{threads: true}", "no number of threads"),
        ("{}", "is empty"),
        ("{margins: 0.02}", "margin"),
    ],
)
def test_what_is_neither_is_named(said: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(f"compress: {said}")
    assert told in f"{refused.value.message} {refused.value.next_step}"
