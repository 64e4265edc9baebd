"""Whether an expression says the same of a row whatever the other rows are.

Only then may a table be cut into batches.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

_FUNCTIONS = frozenset({"Abs", "FillNull", "Negate"})
_BOOLEAN = frozenset(
    {
        "AllHorizontal",
        "AnyHorizontal",
        "IsBetween",
        "IsFinite",
        "IsIn",
        "IsInfinite",
        "IsNan",
        "IsNotNan",
        "IsNotNull",
        "IsNull",
        "Not",
    }
)


def is_elementwise(expression: pl.Expr) -> bool:
    """Whether every node of ``expression`` is known to look at one row at a time.

    What is not known here is taken not to: then a table is gathered as a whole, more slowly.

    >>> is_elementwise(pl.col("a").fill_null(0) > 3), is_elementwise(pl.col("a") > pl.mean("a"))
    (True, False)
    """
    try:
        tree = json.loads(expression.meta.serialize(format="json"))
        return _known(tree)
    except (pl.exceptions.PolarsError, KeyError, TypeError, ValueError):
        return False


def _known(node: Any) -> bool:
    if not isinstance(node, dict) or len(node) != 1:
        return False
    kind, inner = next(iter(node.items()))
    if kind == "Column":
        return isinstance(inner, str)
    if kind == "Literal":
        return isinstance(inner, dict) and set(inner) <= {"Dyn", "Scalar"}
    if kind == "Alias":
        return _known(inner[0])
    if kind == "BinaryExpr":
        return _known(inner["left"]) and _known(inner["right"])
    if kind == "Cast":
        return _known(inner["expr"])
    if kind == "Ternary":
        return all(_known(inner[part]) for part in ("predicate", "truthy", "falsy"))
    return kind == "Function" and _is_known_function(inner)


def _is_known_function(node: Any) -> bool:
    name = node["function"]
    if isinstance(name, dict) and "Boolean" in name:
        which = name["Boolean"]
        known = (which if isinstance(which, str) else next(iter(which))) in _BOOLEAN
    elif isinstance(name, dict):
        known = set(name) == {"Pow"}
    else:
        known = name in _FUNCTIONS
    return known and all(_known(one) for one in node["input"])
