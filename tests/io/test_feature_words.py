"""Images of a case, alone, several, or by side; and what is said where that is mistaken."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.io.product_yaml import parse_product

HEAD = "version: 1\nproduct: p\ndata: {cases: c.csv, truth: y, positive: 1, prevalence: 0.1, "
REST = "}\nrequirements: [{metric: auc, at_least: 0.7}]\n"
SIDES = "{left: [l_cc, l_mlo], right: [r_cc, r_mlo]}"


def images(features: str) -> Images:
    found = parse_product(HEAD + "features: " + features + REST, Path("product.yaml")).data.images
    assert found is not None
    return found


def test_one_word_pools_everything() -> None:
    found = images("{image: [a, b], pool: mean}")
    assert (found.columns, found.pool, found.sides) == (("a", "b"), Pool.MEAN, ())
    both = images(f"{{image: {SIDES}, pool: mean}}")
    assert (both.pool, both.within) == (Pool.MEAN, Pool.MEAN)


def test_sides_have_a_rule_of_their_own() -> None:
    found = images(f"{{image: {SIDES}, pool: {{image: mean, side: max}}, side: 64}}")
    assert found.sides == (("left", ("l_cc", "l_mlo")), ("right", ("r_cc", "r_mlo")))
    assert (found.within, found.pool, found.side) == (Pool.MEAN, Pool.MAX, 64)
    assert found.columns == ("l_cc", "l_mlo", "r_cc", "r_mlo")
    names = [f"@file:{name}" for name in ("r_mlo", "l_cc", "l_mlo", "r_cc")]
    assert found.pooling(names).sides == ((1, 2), (3, 0))


def test_priors_may_be_missing() -> None:
    assert images("{image: [now, prior], optional: prior}").optional == ("prior",)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ("{image: {left: [a, b], right: [b]}}", "names 'b' in 'left' and in 'right'"),
        ("{image: {left: [a]}, columns: [a]}", "names 'a', which is an image"),
        ("{image: [a, b], pool: {image: mean}}", "tells of sides, and there are none"),
        (f"{{image: {SIDES}, pool: {{image: median}}}}", "median"),
        (
            f"{{image: {SIDES}, pool: {{unit: max}}}}",
            "pools units, and the case is what is answered",
        ),
        ("{image: [now, prior], optional: [priors]}", "names 'priors', which is no image"),
        ("{image: now, optional: now}", "names every image"),
        ("{image: {}}", "names no side"),
        ("{image: {left: []}}", "left"),
    ],
)
def test_what_is_mistaken_is_named(features: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        images(features)
    assert said in str(caught.value)
