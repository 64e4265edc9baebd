"""Where truth is known of some cases only: who was to be verified; nothing learns from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
from scipy.stats import binom

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.policy import Route
from roadworthy.core.product import Calibrate, Product, SetName, Verification
from roadworthy.stats.verified_metric import UnderDesign

# by chance alone once in a million tables: a smaller number would refuse no honest one either
UNBELIEVABLE = 1e-6
NEXT = (
    "Wait until every case that a person was to see is read, or leave out all cases decided after "
    "some day: a cut by date selects nobody."
)


def is_designed(cases: pl.DataFrame | pl.Schema) -> bool:
    """Whether some truths of prepared cases are known by a verification design only."""
    return columns.CHANCE in (cases if isinstance(cases, pl.Schema) else cases.columns)


def by_design(cases: pl.DataFrame, known: Mapping[str, Instrument]) -> Mapping[str, Instrument]:
    """The instruments as a verification design of the prepared cases lets them measure."""
    if not is_designed(cases):
        return known
    return {name: UnderDesign(one) for name, one in known.items()}


def of_own_table(product: Product, schema: pl.Schema) -> Product:
    """The product as its own table is read: cases gathered before it was at work have no design.

    Then every truth must be known; another table, of the product at work, has its columns.
    """
    design = product.data.verification
    if design is None or any(name in schema for name in design.columns):
        return product
    return replace(product, data=replace(product.data, verification=None))


def designed(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds ``@verified`` and ``@chance``, of cases whose truth and scope are declared.

    Raises:
        BadInput: the columns of the design hold other words, or contradict the truth.
    """
    design = product.data.verification
    if design is None:
        return cases
    _require_routes(cases, design)
    cleared = pl.col(design.policy_route) == str(Route.CLEAR)
    left = pl.col(design.route) == str(Route.CLEAR)
    _require_chances(cases, design, cleared)
    chance = pl.when(cleared).then(pl.col(design.audit_probability).cast(pl.Float64)).otherwise(1.0)
    known = pl.col(columns.POSITIVE).is_not_null()
    _require_read(cases, design, ~known & ~left)
    certain = cases.filter(left & (chance == 1.0))
    if certain.height:
        raise _bad(
            f"{certain.height} cases were cleared with an audit probability of 1, and went to "
            f"nobody; the first is {certain[columns.ID][0]}.",
            design.audit_probability,
            1.0,
            "Restore the columns as `roadworthy decide` wrote them.",
        )
    found = cases.with_columns(
        (known & ~left).alias(columns.VERIFIED), chance.alias(columns.CHANCE)
    )
    _require_drawn(found.filter(cleared & ~pl.col(columns.REJECTED)), design, left)
    return found


def require_truths(cases: pl.DataFrame, sets: pl.Series, product: Product) -> None:
    """Refuses to learn from, choose on or certify by cases of which some are verified only.

    Raises:
        BadInput: such a set holds cases without a truth.
    """
    if product.data.verification is None or product.data.split is None:
        return
    learning = [SetName.TRAIN, SetName.CALIBRATION]
    learning += [SetName.VALIDATION] if _chooses(product) else []
    for name in learning:
        missing = int((cases[columns.POSITIVE].is_null() & (sets == str(name))).sum())
        if missing:
            raise BadInput(
                f"{missing} {name} cases have no truth, and `data.verification` only tells how to "
                "judge with some unknown, not how to learn or choose.",
                code="unverified_cases",
                where=f"{product.file.name}: data.verification",
                value=missing,
                next_step="Part the cases so that those of the product at work judge only, or "
                "judge them by `roadworthy check --on FILE`.",
            )


def refuse_unverified(product: Product, cases: pl.DataFrame | pl.Schema, what: str) -> None:
    """Refuses what has no meaning where some truths of the prepared cases are unknown."""
    if is_designed(cases):
        raise BadInput(
            f"{what} needs the truth of every case, and `data.verification` says that some are "
            "unknown.",
            code="unverified_cases",
            where=f"{product.file.name}: data.verification",
            next_step="Use a table in which every case has its truth.",
        )


def _chooses(product: Product) -> bool:
    """Whether anything is chosen on validation cases."""
    decision, data = product.decision, product.data
    trained = data.score is None and product.model is None
    tuned = isinstance(decision.threshold, str) or decision.cheapest_band
    return trained or tuned or decision.calibrate is not Calibrate.NONE


def _require_routes(cases: pl.DataFrame, design: Verification) -> None:
    words = [str(route) for route in Route]
    inside = cases.filter(~pl.col(columns.REJECTED))
    for name in (design.policy_route, design.route):
        strange = inside.filter(~pl.col(name).cast(pl.String).is_in(words).fill_null(False))
        if strange.height:
            value = strange[name][0]
            raise _bad(
                f"{strange.height} cases have no route in {name!r}: case "
                f"{strange[columns.ID][0]} has {value!r}.",
                name,
                value,
                f"Each case has one of {', '.join(words)}, as `roadworthy decide` writes them.",
            )
    back = inside.filter(
        (pl.col(design.policy_route) != str(Route.CLEAR))
        & (pl.col(design.route) == str(Route.CLEAR))
    )
    if back.height:
        raise _bad(
            f"{back.height} cases were not cleared by the policy and were cleared all the same; "
            f"the first is {back[columns.ID][0]}.",
            design.route,
            str(Route.CLEAR),
            f"`{design.policy_route}` and `{design.route}` may be exchanged.",
        )


def _require_chances(cases: pl.DataFrame, design: Verification, cleared: pl.Expr) -> None:
    name = design.audit_probability
    if not cases.schema[name].is_numeric():
        told = f"the column {name!r} holds {cases.schema[name]}, and numbers are needed."
        raise _bad(told, name, str(cases.schema[name]), "Write shares such as 0.02.")
    chance = pl.col(name).cast(pl.Float64)
    right = (chance.is_finite() & chance.is_between(0.0, 1.0)).fill_null(False)
    wrong = cases.filter(cleared & ~right)
    if wrong.height:
        value = wrong[name][0]
        raise _bad(
            f"{wrong.height} cleared cases have no audit probability from 0 to 1: case "
            f"{wrong[columns.ID][0]} has {value}.",
            name,
            value,
            "Write down with which probability each cleared case was drawn for an audit.",
        )


def _require_drawn(cleared: pl.DataFrame, design: Verification, left: pl.Expr) -> None:
    """As many audits as the declared chance draws: who reads some of them only has a selection."""
    counts = cleared.group_by(columns.CHANCE).agg(pl.len(), (~left).sum().alias("drawn"))
    for chance, cases, drawn in counts.sort(columns.CHANCE).rows():
        tails = (float(binom.cdf(drawn, cases, chance)), float(binom.sf(drawn - 1, cases, chance)))
        if min(tails) < UNBELIEVABLE:
            raise _bad(
                f"{drawn:,} of {cases:,} cleared cases went to a person, and an audit probability "
                f"of {chance:g} draws about {cases * chance:,.0f}: these are not the audits that "
                "were drawn.",
                design.audit_probability,
                chance,
                NEXT,
            )


def _require_read(cases: pl.DataFrame, design: Verification, unread: pl.Expr) -> None:
    waiting = cases.filter(unread & ~pl.col(columns.REJECTED))
    if waiting.height:
        drawn = waiting.filter(pl.col(design.policy_route) == str(Route.CLEAR)).height
        audits = f", {drawn} of them drawn for an audit" if drawn else ""
        raise BadInput(
            f"{waiting.height} cases went to a person or were flagged{audits}, and have no truth; "
            f"the first is {waiting[columns.ID][0]}. Without them the others would be a selection.",
            code="unread_cases",
            where=f"column {design.route}",
            value=waiting.height,
            next_step=NEXT,
        )


def _bad(message: str, column: str, value: object, next_step: str) -> BadInput:
    return BadInput(
        message,
        code="bad_verification",
        where=f"column {column}",
        value=value if isinstance(value, str | int | float) else None,
        next_step=next_step,
    )
