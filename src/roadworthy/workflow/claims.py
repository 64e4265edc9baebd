"""What smaller nets were tested for: whoever asks for something else chose among them by it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement, Tier
from roadworthy.io.registry import instruments
from roadworthy.workflow.measure import on_cases


def claims(product: Product) -> str:
    """A hash of all that decides whether a net is shown to meet; its size and times do not."""
    registry = instruments()
    asked = [
        (one.metric, one.limit, one.parameters, one.confidence, one.slices, one.per_unit, one.of)
        for one in product.requirements
        if _gates(one) and on_cases(one, registry)
    ]
    under = [str(one.under) for one in product.requirements if one.under and _gates(one)]
    decided = [product.decision, product.scope, product.costs, product.harms, product.marks]
    said = [asked, under, *decided, product.team, product.compress.margin]
    return hashlib.sha256(json.dumps(said, default=repr).encode()).hexdigest()


def _gates(one: Requirement[Any]) -> bool:
    return Tier.CRITICAL in (one.tier, *(rule.tier for rule in one.slices))
