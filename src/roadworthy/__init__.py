"""roadworthy: a requirement in, PASS, FAIL or INCONCLUSIVE out, with the evidence.

>>> import roadworthy
>>> roadworthy.check  # doctest: +ELLIPSIS
<function check at ...>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.core.errors import RoadworthyError
    from roadworthy.workflow.certify import certify
    from roadworthy.workflow.check import check
    from roadworthy.workflow.compare import compare
    from roadworthy.workflow.compress import compress
    from roadworthy.workflow.decide import decide
    from roadworthy.workflow.doctor import doctor
    from roadworthy.workflow.dossier import dossier
    from roadworthy.workflow.explain import explain
    from roadworthy.workflow.init import init
    from roadworthy.workflow.load import load
    from roadworthy.workflow.measure_device import measure_device
    from roadworthy.workflow.plan import plan
    from roadworthy.workflow.renew import renew
    from roadworthy.workflow.report import report
    from roadworthy.workflow.seal import seal
    from roadworthy.workflow.train import train
    from roadworthy.workflow.worklist import worklist

__all__ = [
    "RoadworthyError",
    "certify",
    "check",
    "compare",
    "compress",
    "decide",
    "doctor",
    "dossier",
    "explain",
    "init",
    "load",
    "measure_device",
    "plan",
    "renew",
    "report",
    "seal",
    "train",
    "worklist",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Loads a verb when it is first used: `import roadworthy` alone loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'roadworthy' has no attribute {name!r}")
    if name == "RoadworthyError":
        return import_module("roadworthy.core.errors").RoadworthyError
    import_module("roadworthy.notebook").register()
    return getattr(import_module(f"roadworthy.workflow.{name}"), name)


def __dir__() -> list[str]:
    """What is there, also before it is first used: for completion."""
    return sorted({*globals(), *__all__})
