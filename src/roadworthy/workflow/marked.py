"""The FROC curve of a product's marks, at the confidence of the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from roadworthy.core.instrument import Statistic
from roadworthy.core.marks import MarkRules
from roadworthy.core.picture import Froc, Share, Span
from roadworthy.core.product import Product
from roadworthy.stats import means
from roadworthy.stats.froc import FrocCurve, froc
from roadworthy.stats.gathered import Average, Tally
from roadworthy.stats.localised import FALSE_MARKS, KNOWN, LESIONS_FOUND, AllMarks, unknown

MOST_POINTS = 200


def asked(product: Product) -> Mapping[str, Statistic[Any]]:
    """What the curve asks of the data; nothing where no marks are declared."""
    if product.marks is None:
        return {}
    return {
        "marks:known": KNOWN,
        "marks:all": AllMarks(),
        "marks:found": LESIONS_FOUND,
        "marks:false": FALSE_MARKS,
    }


def curve(
    rules: MarkRules, found: Mapping[str, Any], alpha: float, told: Callable[[Tally], Share]
) -> Froc | str:
    """The curve, or why there is none; ``told`` puts bounds to a share."""
    if why := unknown(found["marks:known"]):
        return why
    scores, share, false = (found[f"marks:{name}"] for name in ("all", "found", "false"))
    if not scores.images or not share.n:
        return "no image holds a lesion"
    drawn = _thinned(froc(scores.best, scores.false, scores.images))
    return Froc(
        false_marks=tuple(drawn.false_marks.tolist()),
        found=tuple(drawn.found.tolist()),
        images=scores.images,
        threshold=rules.threshold,
        at_found=told(share),
        at_false=_span(false, alpha, float(rules.at_most_per_image)),
    )


def _thinned(whole: FrocCurve) -> FrocCurve:
    """At most MOST_POINTS thresholds, the first and the last among them."""
    count = len(whole.threshold)
    if count <= MOST_POINTS:
        return whole
    kept = np.unique(np.linspace(0, count - 1, MOST_POINTS).round().astype(int))
    return FrocCurve(whole.threshold[kept], whole.found[kept], whole.false_marks[kept])


def _span(false: Average, alpha: float, most: float) -> Span:
    sums, sizes = false.units.sums, false.units.sizes
    return Span(
        means.estimate(sums, sizes),
        means.lower(sums, sizes, alpha, 0.0, most),
        means.upper(sums, sizes, alpha, 0.0, most),
    )
