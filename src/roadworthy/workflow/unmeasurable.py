"""What could never be measured on sealed cases is refused before one of them is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import Refused
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement
from roadworthy.core.seal import SealedSet
from roadworthy.models.marking import localising
from roadworthy.workflow.measure import table_of
from roadworthy.workflow.vault import columns_kept, vault_if_there
from roadworthy.workflow.withholding import gates


def refuse_missing(
    product: Product, missing: Mapping[str, str], instruments: Mapping[str, Instrument]
) -> None:
    """No look is spent where a critical requirement has no table; ``missing`` says why, by table.

    Raises:
        Refused: naming the first such requirement.
    """
    for one in product.requirements:
        why = None if one.under is not None else missing.get(table_of(one, instruments))
        if why is not None and gates(one):
            raise _never(one, why, "Bring the table")


def refuse_unmarked(
    product: Product,
    sealed: SealedSet | None,
    rows: pl.DataFrame | None,
    model: Model,
    instruments: Mapping[str, Instrument],
) -> None:
    """The same where marks must hit, and either they or the true boxes cannot be there.

    ``rows`` are those of a set that is sealed on the spot.

    Raises:
        Refused: naming the first requirement of marks.
    """
    asked = [r for r in product.requirements if instruments[r.metric].about.judges_marks]
    rules = product.marks
    for one in filter(gates, asked):
        if rules is None or (rules.table is None and localising(model) is None):
            raise _never(one, f"{model.name} does not say where it looks", "Train a net on images")
        if not _has_boxes(product, sealed, rows):
            raise _never(one, "the set has no true boxes", "Seal fresh cases with `marks.boxes`")


def _has_boxes(product: Product, sealed: SealedSet | None, rows: pl.DataFrame | None) -> bool:
    if sealed is None:
        assert rows is not None
        return bool(rows[columns.BOXES].is_not_null().any())
    with vault_if_there(product) as vault:
        kept = columns_kept(vault, sealed) if vault else None
    return kept is None or columns.BOXES in kept


def _never(requirement: Requirement[Any], why: str, step: str) -> Refused:
    return Refused(
        f"{requirement.id} could never be shown: {why}. The sealed set was not opened.",
        code="cannot_measure",
        where="the requirements",
        value=requirement.id,
        next_step=f"{step}, or make it `tier: advisory`.",
    )
