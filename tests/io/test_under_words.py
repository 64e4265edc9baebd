"""How perturbations are written, and what is said when one is written wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.requirement import Tier
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.registry import instruments
from roadworthy.io.schema import json_schema
from roadworthy.perturbations.missing_view import MissingView
from roadworthy.perturbations.noise import Noise
from roadworthy.workflow.looking import wanted_of

HEAD = """version: 1
product: p
data: {cases: c, truth: y, positive: 1, features: {image: [left, right]}, prevalence: as_sampled}
requirements:
"""
STURDY = "  - {id: sturdy, metric: robustness, of: sensitivity, at_least: 0.85, under: [UNDER]}\n"


def text(under: str, also: str = "") -> str:
    return HEAD + STURDY.replace("UNDER", under) + also


def read(written: str) -> Product:
    return parse_product(written, Path("product.yaml"))


def test_each_perturbation_is_a_requirement_of_its_own() -> None:
    found = read(text("{noise: 0.05}, {missing_view: left, at_least: 0.7, tier: advisory}"))
    noise, view = found.requirements
    assert [one.id for one in (noise, view)] == ["sturdy-noise-0.05", "sturdy-missing_view-left"]
    assert {one.metric for one in (noise, view)} == {"sensitivity"}
    assert noise.under is not None and noise.under.perturbation == Noise(0.05)
    assert view.under is not None and view.under.perturbation == MissingView("left")
    assert (noise.limit.value, noise.tier) == (0.85, Tier.CRITICAL)
    assert (view.limit.value, view.tier) == (0.7, Tier.ADVISORY)


def test_a_metric_keeps_its_own_words() -> None:
    own = "metric: robustness, of: calibration_error, bins: 5, at_most: 0.1, under: [{blur: 2}]"
    (found,) = read(f"{HEAD}  - {{{own}}}\n").requirements
    assert found.id == "robustness-blur-2"
    assert found.parameters.bins == 5


def test_one_requirement_may_name_its_perturbation_itself() -> None:
    own = "  - {metric: sensitivity, at_least: 0.8, under: {exposure: {gain: 1.3, gamma: 0.9}}}\n"
    (found,) = read(HEAD + own).requirements
    assert str(found.under) == "exposure 1.3 0.9"


@pytest.mark.parametrize(
    ("under", "told", "next_step"),
    [
        ("{niose: 0.05}", "'niose', which is no perturbation", "noise"),
        ("{noise: 0}", "deviation must lie between 0 and 1, not 0", "Correct"),
        ("{noise: loud}", "must be a number, not 'loud'", "0.9"),
        ("{noise: {deviation: 0.1, seed: 4}}", "unknown key", "deviation"),
        ("{jitter: age}", "is missing", "Add it"),
        ("{noise: 0.1, blur: 2}", "must be one perturbation", "{noise: 0.05}"),
        ("noise", "must be one perturbation, not 'noise'", "{noise: 0.05}"),
        ("{noise: 0.1}, {noise: 0.1}", "which line 5 has already", "id"),
        ("{missing_view: middle}", "no column of images", "left, right"),
        ("{missing: y}", "which the product does not see", "feature"),
        ("", "is an empty list", "{noise: 0.05}"),
        ("{shift: 0.5}", "must be a whole number", "1"),
    ],
)
def test_what_is_written_wrongly_is_named_with_what_to_do(
    under: str, told: str, next_step: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(text(under))
    assert told in caught.value.message
    assert next_step in caught.value.next_step
    assert "pydantic" not in str(caught.value)


def test_what_hangs_on_no_call_cannot_be_robust() -> None:
    small = "  - {metric: robustness, of: model_size_mb, at_most: 1, under: [{noise: 0.1}]}\n"
    with pytest.raises(BadInput, match="does not hang on what the product says"):
        read(HEAD + small)


def test_images_are_needed_where_images_are_perturbed() -> None:
    with pytest.raises(BadInput, match="changes images, and the product has none"):
        read(text("{noise: 0.1}").replace(", features: {image: [left, right]}", ""))


def test_an_unknown_metric_of_it_is_named() -> None:
    with pytest.raises(BadInput, match="unknown metric: 'sensitivty'"):
        read(text("{noise: 0.1}").replace("of: sensitivity", "of: sensitivty"))


def test_who_refers_everything_under_noise_cannot_pass_by_that() -> None:
    right = "decision: {referred: right, refer_between: [0.4, 0.6]}\n"
    freely = "  - {metric: automation, at_least: 0.3}\n"
    with pytest.raises(BadInput, match=r"nothing limits referral under noise 0\.1"):
        read(text("{noise: 0.1}", freely) + right)
    there = (
        "  - {id: busy, metric: robustness, of: automation, at_least: 0.2, under: [{noise: 0.1}]}\n"
    )
    assert len(read(text("{noise: 0.1}", freely + there) + right).requirements) == 3


def test_another_strength_is_another_question_at_a_sealed_set() -> None:
    prints = {
        wanted_of(read(text(f"{{noise: {value}}}")).requirements[0]).print for value in (0.1, 0.2)
    }
    plain = read(HEAD + "  - {metric: sensitivity, at_least: 0.85, id: sturdy-noise-0.1}\n")
    assert len(prints | {wanted_of(plain.requirements[0]).print}) == 3


@pytest.mark.parametrize(
    ("under", "valid"),
    [
        ("{noise: 0.05}", True),
        ("{missing_view: {column: left, share: 0.5}, at_least: 0.7}", True),
        ("{niose: 0.05}", False),
        ("{noise: loud}", False),
        ("", False),
    ],
)
def test_editors_know_perturbations_too(under: str, valid: bool) -> None:
    schema = json.loads(json.dumps(json_schema(instruments())))
    assert Draft202012Validator(schema).is_valid(yaml.safe_load(text(under))) is valid
