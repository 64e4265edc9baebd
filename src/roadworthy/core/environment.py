"""The target environment: in which contexts the product will work, and how often in each."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.requirement import Level


@dataclass(frozen=True)
class Context:
    """One cell of the environment: a level for each of its columns (None: missing), its weight."""

    levels: tuple[Level | None, ...]
    weight: float


@dataclass(frozen=True)
class Environment:
    """A mix of contexts over the columns ``by``.

    Weights are declared shares that sum to 1, or, when ``sampled``, counts of cases that were drawn
    from the environment. ``file`` names a table of contexts that has not been read yet.
    """

    by: tuple[str, ...]
    contexts: tuple[Context, ...] = ()
    sampled: bool = False
    file: str | None = None

    @property
    def total(self) -> float:
        """All weights together."""
        return sum(context.weight for context in self.contexts)

    def told(self, context: Context) -> str:
        """A context in words."""
        pairs = zip(self.by, context.levels, strict=True)
        return ", ".join(f"{name} {'missing' if level is None else level}" for name, level in pairs)
