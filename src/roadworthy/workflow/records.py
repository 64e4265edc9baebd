"""One record a case: what was decided, by what it was decided, and by which versions."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from roadworthy import __version__
from roadworthy.core import columns, decided
from roadworthy.core.certificate import Certificate
from roadworthy.core.decided import made
from roadworthy.core.policy import Decides, Route
from roadworthy.core.product import Product
from roadworthy.core.scope import LEARNED
from roadworthy.io.certificate_json import certificate_fingerprint
from roadworthy.workflow.marking import shown_marks
from roadworthy.workflow.queues import queue_of
from roadworthy.workflow.routes import thresholds
from roadworthy.workflow.scoping import beyond
from roadworthy.workflow.subject import Judged


def records(
    cases: pl.DataFrame,
    judged: Judged,
    certificate: Certificate | None,
    policy: Decides,
    now: datetime,
) -> pl.DataFrame:
    """The table of decisions (see core.decided), one row a case in the order of ``cases``."""
    product = judged.product
    clear_below, flag_above = thresholds(policy)
    told: list[pl.Expr | pl.Series] = [
        pl.lit(clear_below, dtype=pl.Float64).alias(made(decided.CLEAR_BELOW)),
        pl.lit(flag_above, dtype=pl.Float64).alias(made(decided.FLAG_ABOVE)),
        _scope_reasons(cases, product).alias(made(decided.SCOPE_REASONS)),
        _queue(cases, product).alias(made(decided.QUEUE)),
        *_versions(judged, certificate, now),
    ]
    left_out = {decided.UNIT} if product.data.unit is None else set()
    left_out |= {decided.MARKS} if product.marks is None else set()
    if product.marks is not None:
        told.append(shown_marks(cases, product.marks).alias(made(decided.MARKS)))
    before = [name for name in decided.BEFORE_FIELDS if name not in left_out]
    return cases.with_columns(told).select(
        *(pl.col(made(name)).alias(name) for name in before),
        # the score stands there already, and where readers are shown these columns it must not
        *(name for name in product.worklist.fields if name != product.data.score),
        *(pl.col(made(name)).alias(name) for name in decided.AFTER_FIELDS),
    )


def _queue(cases: pl.DataFrame, product: Product) -> pl.Expr:
    people = [route.value for route in Route if route.to_person]
    seen = pl.col(made(decided.ROUTE)).is_in(people)
    return pl.when(seen).then(queue_of(cases, product.worklist))


def _scope_reasons(cases: pl.DataFrame, product: Product) -> pl.Expr:
    """Every failed check of the scope: what rejects first, the guard last."""
    failed = [
        pl.when(one.where).then(pl.lit(one.reason.code)) for one in beyond(cases, product.scope)
    ]
    if columns.UNFAMILIAR in cases.columns:
        failed.append(pl.when(columns.UNFAMILIAR).then(pl.lit(LEARNED)))
    if not failed:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_list(failed).list.drop_nulls()


def _versions(judged: Judged, certificate: Certificate | None, now: datetime) -> list[pl.Expr]:
    guard = None if judged.guard is None else judged.guard.guard.fingerprint
    certified = None if certificate is None else certificate_fingerprint(certificate)
    texts = {
        decided.PRODUCT: judged.product.name,
        decided.PRODUCT_FINGERPRINT: judged.product.fingerprint,
        decided.SUBJECT_FINGERPRINT: judged.subject.fingerprint,
        decided.MODEL_FINGERPRINT: judged.model.fingerprint,
        decided.CERTIFICATE_FINGERPRINT: certified,
        decided.GUARD_FINGERPRINT: guard,
        decided.ROADWORTHY_VERSION: __version__,
    }
    at = pl.lit(now, dtype=pl.Datetime("us", "UTC")).alias(made(decided.DECIDED_AT))
    return [at, *(pl.lit(text, dtype=pl.String).alias(made(name)) for name, text in texts.items())]
