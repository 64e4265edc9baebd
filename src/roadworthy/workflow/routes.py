"""The policy on a whole table: where every case goes and why, as core.policy says of one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns, decided
from roadworthy.core import policy as codes
from roadworthy.core.decided import made
from roadworthy.core.policy import Audit, Decides, Route, Triage
from roadworthy.core.requirement import Slice
from roadworthy.workflow.audit import drawn
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.prepare import doubt_and_flag, likely_right


@dataclass(frozen=True)
class Rules:
    """What decides: a policy, whether its certificate has expired, and on what it is silent.

    ``silent`` are protected parts of the cases for which nothing was certified.
    """

    policy: Decides
    expired: bool = False
    silent: Sequence[Slice] = ()
    audit: Audit | None = None


def routed(cases: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Adds ``@policy_route``, ``@route``, ``@reason`` and ``@audit_probability``.

    ``cases`` have ``@id``, ``@score``, and what the scope says of them; no truth.
    """
    found = cases.with_columns(_by_policy(cases.schema, rules))
    cleared = pl.col(made(decided.POLICY_ROUTE)) == Route.CLEAR.value
    audited = pl.Series("@audited", drawn(cases[columns.ID], rules.audit))
    seen = cleared & audited
    share = 0.0 if rules.audit is None else rules.audit.share
    return found.with_columns(
        pl.when(seen)
        .then(pl.lit(Route.REFER.value))
        .otherwise(pl.col(made(decided.POLICY_ROUTE)))
        .alias(made(decided.ROUTE)),
        pl.when(seen)
        .then(pl.lit(codes.AUDIT_SAMPLE))
        .otherwise(pl.col(made(decided.REASON)))
        .alias(made(decided.REASON)),
        pl.when(cleared).then(pl.lit(share)).alias(made(decided.AUDIT_PROBABILITY)),
    )


def thresholds(policy: Decides) -> tuple[float | None, float | None]:
    """Below which score a case is cleared, and above (or from) which it is flagged.

    Of a single threshold both are it; a band around it moves them apart.
    """
    if isinstance(policy, Triage):
        return policy.clear_below, policy.flag_above
    band = policy.refer_between
    if band is not None and band[0] <= policy.threshold <= band[1]:
        return band
    return policy.threshold, policy.threshold


def _by_policy(schema: pl.Schema, rules: Rules) -> list[pl.Expr]:
    """The policy's own route and its reason: what stands in its way comes first."""
    missing = ~pl.col(columns.SCORE).is_finite().fill_null(False)
    doubt, flagged = doubt_and_flag(rules.policy)
    route = pl.when(flagged).then(pl.lit(Route.FLAG.value)).otherwise(pl.lit(Route.CLEAR.value))
    route = pl.when(doubt).then(_in_doubt(rules.policy)).otherwise(route)
    route = pl.when(missing).then(pl.lit(Route.REFER.value)).otherwise(route)
    no_score = pl.lit(codes.NO_SCORE)
    if columns.UNREAD in schema:
        no_score = pl.coalesce(columns.UNREAD, no_score)
    reason = pl.when(missing).then(no_score).otherwise(_by_score(rules.policy))
    for part in reversed(rules.silent):
        strange = on_slice(part, schema)
        code = f"{codes.NOT_CERTIFIED}:{'+'.join(key.column for key in part.keys)}"
        route = pl.when(strange).then(pl.lit(Route.REFER.value)).otherwise(route)
        reason = pl.when(strange).then(pl.lit(code)).otherwise(reason)
    inside = pl.col(columns.INSIDE)
    route = pl.when(inside).then(route).otherwise(pl.lit(Route.REFER.value))
    reason = pl.when(inside).then(reason).otherwise(pl.col(columns.OUTSIDE))
    if rules.expired:
        route, reason = pl.lit(Route.REFER.value), pl.lit(codes.CERTIFICATE_EXPIRED)
    rejected = pl.col(columns.REJECTED)
    return [
        pl.when(rejected)
        .then(pl.lit(Route.REJECT.value))
        .otherwise(route)
        .alias(made(decided.POLICY_ROUTE)),
        pl.when(rejected)
        .then(pl.col(columns.OUTSIDE))
        .otherwise(reason)
        .alias(made(decided.REASON)),
    ]


def _in_doubt(policy: Decides) -> pl.Expr:
    """A person gets it, with a suggestion where one is likely enough to be right."""
    alone = pl.lit(Route.REFER.value)
    if not isinstance(policy, Triage) or policy.assist_from is None:
        return alone
    likely = likely_right(policy.assist_from)
    return pl.when(likely).then(pl.lit(Route.ASSIST.value)).otherwise(alone)


def _by_score(policy: Decides) -> pl.Expr:
    """The reason of a case whose score alone says where it goes."""
    doubt, flagged = doubt_and_flag(policy)
    if not isinstance(policy, Triage):
        unsure = pl.lit(codes.IN_DOUBT)
        high, low = codes.AT_OR_ABOVE, codes.BELOW
    else:
        unsure, high, low = _unsure(policy), codes.ABOVE_FLAG, codes.BELOW_CLEAR
    alone = pl.when(flagged).then(pl.lit(high)).otherwise(pl.lit(low))
    return pl.when(doubt).then(unsure).otherwise(alone)


def _unsure(policy: Triage) -> pl.Expr:
    if policy.assist_from is None:
        return pl.lit(codes.UNCERTAIN)
    suggests = (
        pl.when(pl.col(columns.SCORE) >= 0.5)
        .then(pl.lit(codes.SUGGESTS_FLAG))
        .otherwise(pl.lit(codes.SUGGESTS_CLEAR))
    )
    likely = likely_right(policy.assist_from)
    return pl.when(likely).then(suggests).otherwise(pl.lit(codes.UNCERTAIN))
