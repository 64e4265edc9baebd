"""roadworthy: a requirement in, PASS, FAIL or INCONCLUSIVE out, with the evidence."""

from __future__ import annotations

__version__ = "0.1.0"
