"""roadworthy: a requirement in, PASS, FAIL or INCONCLUSIVE out, with the evidence.

>>> import roadworthy
>>> roadworthy.check  # doctest: +ELLIPSIS
<function check at ...>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.io.product_yaml import load_product
    from roadworthy.workflow.certify import certify
    from roadworthy.workflow.check import check
    from roadworthy.workflow.dossier import dossier
    from roadworthy.workflow.plan import plan
    from roadworthy.workflow.train import train

__all__ = ["certify", "check", "dossier", "load_product", "plan", "train"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Loads a verb when it is first used: `import roadworthy` alone loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'roadworthy' has no attribute {name!r}")
    room = "io.product_yaml" if name == "load_product" else f"workflow.{name}"
    return getattr(import_module(f"roadworthy.{room}"), name)
