"""A way towards yes: what to change, what it costs, what is then expected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """A cost with its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Path:
    """A lever's proposal, computed on open data only.

    ``cost`` is paid once, ``per_case`` for every case from then on; None: not known, or nothing.
    ``cases`` counts the fresh labelled cases it takes (None: cannot be said, or none help).
    ``selection``: it was chosen on the very cases it was judged on, so only fresh ones prove it.
    ``proof`` says what would prove it then, and ``write`` what product.yaml must say. ``settles``:
    with it, every gating requirement that can be measured is expected to hold.
    """

    lever: str
    change: str
    expected: str
    cost: Amount | None = None
    assumed: tuple[str, ...] = ()
    selection: bool = False
    write: str = ""
    per_case: Amount | None = None
    cases: int | None = None
    settles: bool = False
    proof: str = ""
