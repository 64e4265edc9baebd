"""What fails under a perturbation asks for training that knows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from roadworthy.core.evidence import Measured
from roadworthy.core.lever import Rejudge
from roadworthy.core.product import Change, Product, TrainRules
from roadworthy.core.requirement import WHOLE
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.product_yaml import parse_product
from roadworthy.levers.perturbed_training import PerturbedTraining

TEXT = """version: 1
product: p
data: {cases: c, truth: y, positive: 1, features: {image: scan}}
train: {loss: focal}
requirements:
  - id: sturdy
    metric: robustness
    of: sensitivity
    at_least: 0.85
    under: [{noise: 0.05}, {blur: 2}]
"""


class Again:
    """As much of a second judgement as this lever asks for."""

    def __init__(self, product: Product) -> None:
        self.product = product


def verdicts(product: Product, outcome: Outcome) -> list[Verdict]:
    seen = Measured(0.5, 0.4, 0.6, 1.0, 0.001, 40, "positives", "exact")
    return [
        Verdict(r.id, r.metric, WHOLE, r.tier, r.limit, outcome, seen, 0.95, 0.95, "")
        for r in product.requirements
    ]


def proposed(product: Product, outcome: Outcome = Outcome.FAIL) -> list[tuple[str, str]]:
    again: Rejudge = Again(product)  # type: ignore[assignment]
    study: object = None
    found = PerturbedTraining().propose(study, verdicts(product, outcome), again)  # type: ignore[arg-type]
    assert not any(path.settles for path in found)
    return [(path.change, path.write) for path in found]


def test_augmentation_is_proposed_where_nets_have_it_and_cases_elsewhere() -> None:
    noise, blur = proposed(parse_product(TEXT, Path("product.yaml")))
    assert noise[0].startswith("Let nets see noise while they learn")
    assert noise[1] == "train: {loss: focal, augment: [shift, noise]}"
    assert blur[0].startswith("Bring training cases as they are under blur 2")


def test_what_nets_see_already_is_not_proposed_again() -> None:
    product = parse_product(TEXT, Path("product.yaml"))
    seen = replace(product, training=TrainRules(augment=tuple(Change)))
    assert all(change.startswith("Bring training cases") for change, _ in proposed(seen))


def test_where_everything_passes_nothing_is_proposed() -> None:
    assert not proposed(parse_product(TEXT, Path("product.yaml")), Outcome.PASS)
