"""A metric is explained to somebody who must choose a limit for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.terminal import roadworthy

from roadworthy.core.guard import FALSE_ALARMS, MUST_DETECT, STRANGENESS
from roadworthy.core.product import Task
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.registry import instruments
from roadworthy.workflow.explain import explain

METRICS = sorted(instruments())


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_says_what_it_is_where_it_comes_from_and_how_it_is_misread(
    metric: str,
) -> None:
    found = roadworthy("explain", metric)
    assert found.code == 0
    about = instruments()[metric].about
    told = " ".join(found.out.split())
    for text in (about.title, about.definition, about.formula, about.source, *about.pitfalls):
        assert " ".join(text.split()) in told
    assert about.pitfalls
    assert all(pitfall.endswith(".") for pitfall in about.pitfalls)


@pytest.mark.parametrize("metric", METRICS)
def test_the_snippet_of_every_metric_can_be_pasted_into_a_product(
    metric: str, tmp_path: Path
) -> None:
    snippet = explain(metric).snippet
    task = next(task for task in Task if task in instruments()[metric].about.tasks)
    (tmp_path / "cases.txt").write_text("c1\n")
    data: dict[str, Any] = {"cases": "c.csv", "truth": "truth", "prevalence": "as_sampled"}
    page = {
        "version": 1,
        "product": "pasted",
        "task": str(task),
        "data": data | ({"positive": 1} if task is Task.BINARY else {}),
        "environment": {"by": "vendor", "shares": {"A": 0.7, "B": 0.3}},
        "requirements": yaml.safe_load(snippet),
        **_amounts(metric),
    }
    if instruments()[metric].about.judges_marks:
        page["marks"] = {"boxes": "boxes.csv", "at_most_per_image": 50}
        page["requirements"].append({"id": "few", "metric": "false_marks_per_image", "at_most": 1})
    if instruments()[metric].about.table in (FALSE_ALARMS, MUST_DETECT, STRANGENESS):
        split = {"train": 0.5, "validation": 0.5, "seed": 1}
        page["data"] = {**data, "id": "case", "split": split, "positive": 1}
        page["guard"] = {"must_detect": [{"name": "A", "cases": "a.csv", "at_least": 0.9}]}
    product = parse_product(yaml.safe_dump(page), tmp_path / "product.yaml")
    assert product.requirements[0].metric == metric
    compared = [one for one in product.requirements if one.limit.against]
    assert bool(compared) is instruments()[metric].about.comparable


def _amounts(metric: str) -> dict[str, Any]:
    """What the product must declare for the metrics that count costs or harms."""
    if metric == "expected_harm":
        return {"harms": {"A": {"miss": 1}}}
    profit = {"column": "margin", "min": -5, "max": 8, "when": "flagged"}
    costs = {"miss": 10, "false_alarm": 1, "refer": 0.2, "profit": profit}
    priced = metric in ("expected_cost", "expected_utility", "profit_per_case")
    return {"costs": costs} if priced else {}


def test_without_a_name_all_metrics_are_listed() -> None:
    found = roadworthy("explain")
    assert found.code == 0
    assert all(metric in found.out.split() for metric in METRICS)
    listed = roadworthy("explain", "--json").json["metrics"]
    assert [one["metric"] for one in listed] == METRICS


def test_the_option_says_the_same_as_the_command() -> None:
    assert roadworthy("--explain", "ppv").out == roadworthy("explain", "ppv").out
    as_json = roadworthy("--explain", "ppv", "--json").json
    assert as_json == roadworthy("explain", "ppv", "--json").json
    assert as_json["needs_prevalence"] is True


def test_a_typo_is_told_with_the_metric_that_was_meant() -> None:
    found = roadworthy("explain", "sensitivty")
    assert (found.code, found.out) == (2, "")
    assert "`sensitivity`" in found.err


def test_words_tell_their_kind_and_what_stands_there_by_itself() -> None:
    def words(metric: str) -> dict[str, dict[str, str]]:
        told = roadworthy("explain", metric, "--json").json["words"]
        return {one["name"]: one for one in told}

    assert words("mae")["max_error"]["default"] == "must be given"
    spread = {"name": "spread", "kind": "a number", "default": "none", "about": ""}
    assert words("mae")["spread"] == spread
    assert words("event_rate")["exposure"]["kind"] == "a column"
