"""What `roadworthy vault explain` prints: what looks cost, and what shown scores cost more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from roadworthy.cli import show
from roadworthy.workflow import vault_explain
from roadworthy.workflow.vault_explain import Explained


def explained(found: Explained) -> None:
    """The lesson, then the price of looks, then what happens without paying it."""
    show.line()
    show.line("A test set is worn out by answering, not by being used.", style="bold")
    show.line(
        "Each number it tells steers the next product a little towards its own cases. So a sealed "
        "set answers PASS or NOT YET,"
    )
    show.line(
        "each look at its share of alpha, and the first PASS ends it: then k looks keep the "
        "promise that one look would, whatever a team tries in between."
    )
    show.line()
    show.line(
        "What looks cost in labels",
        f"  (to show {vault_explain.LIMIT:g} with a product that reaches {vault_explain.TARGET:g}, "
        f"alpha {vault_explain.ALPHA:g}, power {vault_explain.POWER:g})",
        style="bold",
    )
    show.table(
        ("looks", "positives", "never fewer than enough from"),
        [(f"{one.looks:,}", f"{one.first:,}", f"{one.safe:,}") for one in found.prices],
        ["" for _ in found.prices],
    )
    show.line(
        f"What {found.tries} looks cost when nobody pays",
        f"  (products that truly reach {vault_explain.FAILING:g}, "
        f"{vault_explain.CASES} cases, limit {vault_explain.LIMIT:g})",
        style="bold",
    )
    show.line(f"  the estimate must reach the limit:           {found.by_point:.0%} get a PASS")
    show.line(f"  the bound must, at alpha each time:          {found.by_bound:.1%}")
    show.line(f"  the bound must, at its share of alpha:       {found.by_share:.1%}")
    show.line()
    show.line(
        "What shown scores cost",
        "  (labels that are pure chance, 1,000 cases, the boosting attack)",
        style="bold",
    )
    for tries, accuracy in found.boosted:
        show.line(f"  after {tries:>5,} scores the set shows an accuracy of {accuracy:.2f}")
    show.line(
        "The truth is 0.50. Even an honest alpha per look does not help once scores are shown: "
        "what is then tested was made of the test set."
    )
    show.line("With figures and simulations: docs/sealed-sets.md.")


def explained_json(found: Explained) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "schema": 1,
        "limit": vault_explain.LIMIT,
        "target": vault_explain.TARGET,
        "alpha": vault_explain.ALPHA,
        "power": vault_explain.POWER,
        "price_of_looks": [asdict(one) for one in found.prices],
        "failing_products": {
            "truth": vault_explain.FAILING,
            "cases": vault_explain.CASES,
            "looks": found.tries,
            "false_pass_point": found.by_point,
            "false_pass_bound": found.by_bound,
            "false_pass_share_of_alpha": found.by_share,
        },
        "boosting": [{"scores": tries, "accuracy": shown} for tries, shown in found.boosted],
    }
