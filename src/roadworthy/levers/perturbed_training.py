"""Perturbed training: what a product learns from looks like what it must be robust against."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.evidence import Measured
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Path
from roadworthy.core.perturbation import Under
from roadworthy.core.product import Change, Product
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words

# how nets can see training images that comes near to a perturbation
_LIKE = {"noise": Change.NOISE, "shift": Change.SHIFT}


class PerturbedTraining:
    """One path for each perturbation under which something is still open."""

    about = "train on perturbed cases"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """Augmentation where nets have it, otherwise training cases that look so."""
        product = rejudge.product
        under = {one.id: one.under for one in product.requirements if one.under is not None}
        found: dict[str, Path] = {}
        for verdict in path_words.still_open(verdicts):
            asked = isinstance(verdict.evidence, Measured)
            if asked and (which := under.get(verdict.requirement)) is not None:
                found.setdefault(str(which), _path(verdict, which, product))
        return list(found.values())


def _path(verdict: Verdict, under: Under, product: Product) -> Path:
    expected = f"{path_words.seen(verdict)}; open data cannot say how much it would bring."
    change = _LIKE.get(under.name)
    here = product.model is None and (product.data.score or product.data.prediction) is None
    if here and product.data.images is not None and change not in (None, *product.training.augment):
        assert change is not None
        return Path(
            "perturbed_training",
            f"Let nets see {change} while they learn, and train again: {verdict.requirement} is "
            "open.",
            expected,
            assumed=("a net is on the ladder: `models:` names one, or says nothing",),
            write=path_words.augmented(product, change),
        )
    return Path(
        "perturbed_training",
        f"Bring training cases as they are under {under}, taken or perturbed so; or, where such "
        "cases can be told, put them out of `scope`.",
        expected,
    )
