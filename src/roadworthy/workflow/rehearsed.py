"""Everything that can fail on sealed rows that stand open anyway, tried before a look is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import Refused
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import SetName
from roadworthy.core.study import Study
from roadworthy.core.verdict import Outcome
from roadworthy.io.certificate_words import guaranteed
from roadworthy.io.fingerprint import fingerprint
from roadworthy.workflow.source import Parted
from roadworthy.workflow.studies import Settled, resolve_rows
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.uncovered import covering

# so many open cases tell one stranger from another
_ASKED = 1000


@dataclass(frozen=True)
class Rehearsed:
    """The answers on rows that stand open anyway, so that a model that fails spends nothing."""

    inputs: pl.DataFrame
    answers: pl.Series | None

    def on(self, inputs: pl.DataFrame) -> pl.Series | None:
        """The same answers in the order of ``inputs``; None: those are other inputs."""
        if self.answers is None or set(inputs.columns) != set(self.inputs.columns):
            return None
        ours = self.inputs.select(inputs.columns).with_columns(self.answers.alias("@answer"))
        ours = inputs.select(columns.ID).join(
            ours, on=columns.ID, how="left", maintain_order="left"
        )
        return ours["@answer"] if ours.select(inputs.columns).equals(inputs) else None


def rehearse(
    settled: Settled,
    parted: Parted,
    others: Mapping[str, pl.DataFrame],
    instruments: Mapping[str, Instrument],
) -> Rehearsed:
    """The model answers, and every requirement finds its columns, without any truth.

    Raises:
        BadInput: the model or the data are wrong. Refused: a level was never certified.
    """
    judged = settled.judged
    inputs = judged.guarded(parted.sealed_inputs(judged.product))
    if settled.certificate is not None:
        refuse_uncertified(covering(settled.certificate, judged.product, inputs))
    answers = judged.answers(inputs)
    tables = {"cases": inputs, **others}
    blind = Study(judged.subject, "sealed", tables, open_levels=parted.all_open)
    resolve_rows(judged.product, blind, instruments)
    return Rehearsed(inputs, answers)


def open_answers(judged: Judged, parted: Parted) -> str:
    """A hash of what a model answers on open cases: another hash, and it is another model.

    Raises:
        BadInput: it does not answer as it should.
    """
    data = judged.product.data
    truth = [name for name in (data.truth, columns.POSITIVE, columns.TRUTH) if name]
    cases = parted.open(SetName.VALIDATION)
    cases = (parted.all_open if cases.is_empty() else cases).head(_ASKED)
    answers = judged.answers(judged.guarded(cases.drop(truth, strict=False)))
    if answers is None or cases.is_empty():
        return ""
    return fingerprint(pl.DataFrame({columns.ID: cases[columns.ID], "@": answers}), columns.ID)


def refuse_uncertified(certificate: Certificate | None) -> None:
    """Whatever the sealed cases showed, the answer could be no more than INCONCLUSIVE."""
    if certificate is None or certificate.outcome is Outcome.PASS:
        return
    why = [guaranteed(one, certificate.confidence) for one in certificate.sides if one.reason]
    why = why or list(certificate.notes[-1:])
    raise Refused(
        f"what the product would decide alone is not certified, so opening the sealed set would "
        f"prove nothing. {' '.join(why)}",
        code="not_certified",
        where="the calibration split",
        next_step="`roadworthy check` says what is missing and what could be certified now.",
    )
