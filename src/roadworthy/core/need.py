"""Which observations, and how many, could show that a requirement holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A fresh set of ``of`` that shows PASS with the requirement's power.

    ``at_target`` holds if the truth is the target, ``at_observed`` if it is what was seen; None:
    not known, or no number would do. ``without_error`` is the least that could ever do, with not
    one error. ``never`` says why the requirement can never be shown. ``among`` names the statistic
    of the instrument whose size is counted.
    """

    of: str
    at_target: int | None = None
    at_observed: int | None = None
    without_error: int | None = None
    never: str | None = None
    among: str | None = None
    assumed: tuple[str, ...] = ()
