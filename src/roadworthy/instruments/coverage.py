"""Coverage: how much of the environment where the product will work the test set really holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.environment import Context, Environment
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import inherited
from roadworthy.core.requirement import Level, Requirement
from roadworthy.io import telling
from roadworthy.stats.evidence import certain, rate
from roadworthy.stats.gathered import Tally

MISSING = "\0missing"
_NAMED = 8


@dataclass(frozen=True)
class Parameters:
    """A context counts as covered with ``min_cases`` judged cases in scope, each of its own unit.

    ``environment`` is the product's own, unless the requirement names another.
    """

    environment: Environment | None = inherited("environment")
    min_cases: int = 30

    def __post_init__(self) -> None:
        if self.min_cases < 1:
            raise ValueError(f"min_cases must be 1 or more, not {self.min_cases}")


@dataclass(frozen=True)
class Held:
    """Of every context how many units were judged, and how many of them in scope."""

    judged: Mapping[tuple[str, ...], int]
    inside: Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class ByContext:
    """Counts units by context; cases of one unit are one piece of evidence."""

    by: tuple[str, ...]
    rows: Rows = Rows.ALL

    def columns(self) -> Mapping[str, pl.Expr]:
        contexts = {str(i): _spelled(pl.col(name)) for i, name in enumerate(self.by)}
        return {"inside": pl.col(columns.INSIDE), **contexts}

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Held:
        inside = columns["inside"].astype(bool)
        units = np.arange(len(inside)) if unit is None else unit
        found = [columns[str(i)] for i in range(len(self.by))]
        return Held(_count(found, units), _count([one[inside] for one in found], units[inside]))


class Coverage:
    """The share of the environment in contexts of which the judged set holds enough cases."""

    about = About(
        title="Coverage",
        definition="The share of the declared environment in contexts of which enough cases in "
        "scope were judged.",
        formula="sum of the shares of contexts with at least min_cases judged cases in scope",
        source="ISO 34503:2023 and BSI PAS 1883:2020 (the operational design domain); exact "
        "binomial bound where the shares are counts",
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "It is as good as the declared mix: a context that nobody named is blind and unseen.",
            "Enough cases of a context to be seen are not enough to show a requirement there: "
            "slice the requirement by the same columns.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Units by context."""
        environment = requirement.parameters.environment
        return {"held": ByContext(() if environment is None else environment.by)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact given declared shares; an exact bound where shares are counts of a sample."""
        words: Parameters = requirement.parameters
        environment, held = words.environment, gathered["held"]
        if environment is None or environment.total <= 0:
            return NotMeasured("no environment is declared")
        if not held.judged:
            return NotMeasured("no case was judged")
        blind = [c for c in environment.contexts if _held(held.inside, c) < words.min_cases]
        total = environment.total
        covered = total - sum(context.weight for context in blind)
        detail = _blind(environment, blind, held, words.min_cases)
        if environment.sampled:
            tally = Tally(round(covered), round(total))
            found = rate(tally, requirement.limit, regime, "cases of the environment")
        else:
            # what nobody would write as a share is rounding; it must not decide about a limit
            found = certain(
                requirement.limit,
                round(covered / total, 9),
                n=len(environment.contexts),
                of="contexts",
                method="shares as declared",
            )
        return replace(found, detail=detail) if isinstance(found, Measured) else found

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Cases drawn as the environment is mixed, so that the contexts that count are held.

        These are the most frequent ones that reach the limit together; the rarest of them decides.
        Of what was judged, the evidence names the contexts that lack cases, and no number would do
        for all of them.
        """
        if seen is not None:
            return Need("cases")
        words: Parameters = requirement.parameters
        rarest = _rarest(words.environment, requirement.limit.threshold)
        if not rarest:
            return Need("cases", never="the environment has no context with a share above 0")
        return Need(
            "cases",
            at_target=_drawn(words.min_cases, rarest, power),
            without_error=math.ceil(words.min_cases / rarest),
            assumed=(
                "cases in scope are drawn as the environment is mixed; collected context by "
                "context, fewer do",
            ),
        )


def _rarest(environment: Environment | None, limit: float) -> float:
    """The share of the rarest context among the most frequent that reach ``limit`` together."""
    if environment is None or environment.total <= 0:
        return 0.0
    shares = sorted((c.weight / environment.total for c in environment.contexts), reverse=True)
    reached = 0.0
    for share in shares:
        reached += share
        if reached >= limit - 1e-9:
            return share
    return shares[-1]


def _drawn(cases: int, share: float, power: float) -> int:
    """Draws that bring so many cases of a context with probability ``power``."""
    from scipy.stats import nbinom

    return int(nbinom.ppf(power, cases, share)) + cases


def _count(found: Sequence[NDArray[Any]], units: NDArray[Any]) -> dict[tuple[str, ...], int]:
    seen: dict[tuple[str, ...], set[Any]] = {}
    for *levels, unit in zip(*found, units, strict=True):
        seen.setdefault(tuple(map(str, levels)), set()).add(unit)
    return {context: len(members) for context, members in seen.items()}


def _held(counts: Mapping[tuple[str, ...], int], context: Context) -> int:
    return counts.get(tuple(_word(level) for level in context.levels), 0)


def _spelled(cell: pl.Expr) -> pl.Expr:
    """A column's values as they are spelled here: 7.0 is 7, and NaN is missing."""
    text = cell.cast(pl.String).str.replace(r"\.0$", "")
    return pl.when(text.str.to_lowercase() == "nan").then(None).otherwise(text).fill_null(MISSING)


def _word(level: Level | None) -> str:
    if level is None:
        return MISSING
    return str(level).lower() if isinstance(level, bool) else str(level).removesuffix(".0")


def _blind(environment: Environment, blind: Sequence[Context], held: Held, least: int) -> str:
    """Which contexts lack cases, the most frequent first, and why."""
    if not blind:
        return f"every context has at least {least} judged cases in scope"
    worst = sorted(blind, key=lambda context: -context.weight)
    told = [
        f"{environment.told(context)} ({telling.percent(context.weight / environment.total)}: "
        f"{_why(context, held)})"
        for context in worst[:_NAMED]
    ]
    more = [f"and {len(worst) - _NAMED} more"] if len(worst) > _NAMED else []
    return f"fewer than {least} judged cases in scope of {'; '.join([*told, *more])}"


def _why(context: Context, held: Held) -> str:
    inside, judged = _held(held.inside, context), _held(held.judged, context)
    if not judged:
        return "no case"
    return f"{inside} in scope" + ("" if inside == judged else f", {judged - inside} out of it")
