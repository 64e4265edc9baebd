"""Which cases the vault holds, asked of it only where there is one: most products have none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.product import Product
from roadworthy.store.place import store_of


def sealed_names(product: Product, *, retired: bool = False) -> NDArray[np.uint64]:
    """Names of all cases in this product's sealed sets, or in those that are retired."""
    database = store_of(product, os.environ).database
    if isinstance(database, Path) and not database.exists():
        return np.empty(0, dtype=np.uint64)
    # no database is loaded for a product that has none
    from roadworthy.workflow.vault import names_in

    return names_in(product, retired=retired)
