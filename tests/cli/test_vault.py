"""vault explain: the numbers of the day, in words and as JSON; and the page shows the same ones."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import roadworthy

PAGE = Path(__file__).parents[2] / "docs" / "sealed-sets.md"


def test_it_tells_what_looks_and_shown_scores_cost() -> None:
    ran = roadworthy("vault", "explain")
    assert ran.code == 0
    for told in ("PASS or NOT YET", "591", "56.5%", "2.1%", "docs/sealed-sets.md"):
        assert told in ran.out


def test_json_and_the_page_hold_the_same_prices() -> None:
    told, page = roadworthy("vault", "explain", "--json").json, PAGE.read_text()
    assert len(told["price_of_looks"]) == 6
    for one in told["price_of_looks"]:
        assert f"| {one['looks']} | {one['first']} | {one['safe']} |" in page


def test_one_line_when_quiet() -> None:
    ran = roadworthy("--quiet", "vault", "explain")
    assert ran.out.count("\n") == 1
