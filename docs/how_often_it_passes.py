"""Simulates realistic products and writes docs/how-often-it-passes.md anew.

Each run draws the counts of one test set, asks the project's own evidence functions and judge, and
notes the outcome; nothing here knows how a verdict comes about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roadworthy.core.evidence import Regime
from roadworthy.core.parameters import NoParameters
from roadworthy.core.requirement import Limit, Requirement, Side, Slice, SliceKey, Tier
from roadworthy.core.verdict import Outcome
from roadworthy.stats.evidence import rate
from roadworthy.stats.gathered import Tally
from roadworthy.workflow.judge import Weighed, judge, product_outcome
from roadworthy.workflow.slicing import Cell

RUNS = 400
SIZES = (2_000, 5_000, 10_000, 20_000, 50_000)
PAGE = Path(__file__).with_name("how-often-it-passes.md")

# ten sites: four large, four middling, two small; shares of the cases
SITES = (0.20, 0.16, 0.14, 0.12, 0.10, 0.09, 0.07, 0.05, 0.04, 0.03)


@dataclass(frozen=True)
class Product:
    """A product as it truly is: its rates, how common positives are, and what is asked by site."""

    title: str
    sensitivity: float
    specificity: float
    prevalence: float
    site_limit: float | None


PRODUCTS = (
    Product("good, half positive, no slices", 0.95, 0.88, 0.50, None),
    Product("good, half positive, 10 sites at .90", 0.95, 0.88, 0.50, 0.90),
    Product("good, half positive, 10 sites at .85", 0.95, 0.88, 0.50, 0.85),
    Product("good, 10 % positive, 10 sites at .85", 0.95, 0.88, 0.10, 0.85),
    Product("very good, 10 % positive, 10 sites at .85", 0.98, 0.92, 0.10, 0.85),
    Product("very good, 10 % positive, no slices", 0.98, 0.92, 0.10, None),
    Product("very good, 2 % positive, no slices", 0.98, 0.92, 0.02, None),
    Product("at its limits, half positive, no slices", 0.90, 0.80, 0.50, None),
    Product("bad, half positive, 10 sites at .85", 0.85, 0.80, 0.50, 0.85),
)


def outcome(product: Product, cases: int, rng: np.random.Generator) -> Outcome:
    """One test set of ``cases``, drawn and judged: three requirements, one of them by site."""
    by_site = rng.multinomial(cases, SITES)
    positives = rng.binomial(by_site, product.prevalence)
    found = rng.binomial(positives, product.sensitivity)
    spared = rng.binomial(by_site - positives, product.specificity)
    negatives = int((by_site - positives).sum())
    right = int(found.sum() + spared.sum())
    weighed = [
        _cell("sensitivity", 0.90, found.sum(), positives.sum()),
        _cell("specificity", 0.80, spared.sum(), negatives),
        _cell("accuracy", 0.80, right, cases),
    ]
    if product.site_limit is not None:
        for site in range(len(SITES)):
            part = Slice((SliceKey("site", site),))
            limit = product.site_limit
            weighed.append(_cell("sensitivity", limit, found[site], positives[site], part))
    return product_outcome(judge(weighed))


def _cell(metric: str, limit: float, k: int, n: int, part: Slice | None = None) -> Weighed:
    requirement = Requirement(
        metric, metric, Limit(Side.AT_LEAST, limit), NoParameters(), tier=Tier.CRITICAL
    )
    regime = Regime(requirement.alpha)
    evidence = rate(Tally(int(k), int(n)), requirement.limit, regime, "cases")
    return Weighed(Cell(requirement, part or Slice()), evidence, regime)


def table(rng: np.random.Generator) -> list[str]:
    """The share of runs that end in PASS, and in FAIL where there are any, per product and size."""
    lines = [
        "| product | " + " | ".join(f"{size:,}" for size in SIZES) + " |",
        "|---|" + "---|" * len(SIZES),
    ]
    for product in PRODUCTS:
        cells = []
        for size in SIZES:
            counts = Counter(outcome(product, size, rng) for _ in range(RUNS))
            fails = f", FAIL {counts[Outcome.FAIL] / RUNS:.0%}" if counts[Outcome.FAIL] else ""
            cells.append(f"{counts[Outcome.PASS] / RUNS:.0%}{fails}")
        lines.append(f"| {product.title} | " + " | ".join(cells) + " |")
    return lines


INTRO = f"""# How often does it pass?

A tool that always says INCONCLUSIVE helps nobody. This page is made by
`python docs/how_often_it_passes.py`: {RUNS} simulated test sets a cell, judged by the project's own
judge. All products must show, at .95 confidence and together: sensitivity at least .90,
specificity at least .80, accuracy at least .80; where it says so, also a sensitivity on each of ten
sites that hold 3 to 20 % of the cases. *Good* means a true sensitivity of .95 and specificity of
.88, *very good* .98 and .92, *bad* .85 and .80. Share of test sets that end in PASS, by their
number of cases (a share near one half is known to within 5 points); what is neither PASS nor
FAIL is INCONCLUSIVE:
"""

LESSONS = """
What to take from it:

- A product that is clearly better than its limits passes, and 2,000 cases are enough when half
  are positive and nothing is asked by slice.
- What decides is the number of *positives in the smallest gating slice*. The smallest site holds
  3 % of the cases: of 2,000 cases with 10 % positives that is 6 positives, and six found of
  six show no more than .61. `roadworthy plan` says so before anything is labelled.
- A slice limit equal to the overall limit is expensive. A slice limit a little lower, or
  `tier: advisory` for slices that are only watched, is often what is meant.
- A product that is *at* its limits passes at most 5 % of the time, as it must; a bad one never.
  A PASS would mean nothing otherwise.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRO, *table(np.random.default_rng(20261123)), LESSONS])


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"wrote {PAGE}")
