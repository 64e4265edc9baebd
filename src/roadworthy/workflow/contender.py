"""One of two subjects that are compared: its product, and the cases it never learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Brought
from roadworthy.core.product import Product, SetName
from roadworthy.store.seen import fitted_ids, seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.own_model import brought_notes
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import Parted, known, load_cases, load_other, name_of
from roadworthy.workflow.studies import settle
from roadworthy.workflow.subject import Judged, learnt_from


@dataclass(frozen=True)
class Contender:
    """A product with its cases, and its subject as it would be judged.

    ``candidates``: among how many it was chosen on the cases that are compared.
    """

    product: Product
    parted: Parted
    judged: Judged
    candidates: int
    workspace: Workspace

    @staticmethod
    def of(product: Product, registry: Mapping[str, Instrument]) -> Contender:
        """The product as it stands in its own workspace."""
        workspace, parted = Workspace.beside(product.file), load_cases(product)
        settled = settle(product, workspace, parted, registry)
        return Contender(product, parted, settled.judged, settled.candidates, workspace)

    @property
    def learnt_here(self) -> bool:
        """Whether this workspace knows which cases the model learnt from."""
        model = self.judged.model
        return bool(model.files) and not isinstance(model, Brought)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is taken on trust of a model that was built elsewhere."""
        model = self.judged.model
        return (*brought_notes(model), *model.notes) if isinstance(model, Brought) else ()

    def cases(self, on: object | None) -> pl.DataFrame:
        """The open cases that this subject never learnt from; sealed ones are not among them."""
        if on is None:
            cases = self.parted.open(SetName.VALIDATION)
            self._require_some(cases)
            self._refuse_fitted(cases)
            return cases
        name = name_of(on)
        cases, _ = load_other(self.product, on, name)
        self._refuse_known(cases, name)
        return cases

    def _require_some(self, cases: pl.DataFrame) -> None:
        if cases.height == 0:
            raise BadInput(
                "the split leaves no validation cases, so there is nothing to compare on.",
                code="no_cases",
                where=f"{self.product.file.name}: data.split",
                next_step="Add a validation set to `data.split`, or name a table: `--on FILE`.",
            )

    def _refuse_fitted(self, cases: pl.DataFrame) -> None:
        if not self.learnt_here:
            return
        shared = int(known(cases, fitted_ids(self.workspace, self.judged.model.fingerprint)).sum())
        if shared:
            raise BadInput(
                f"{shared} of its {cases.height} open cases fitted the model: the table or its "
                "split changed since.",
                code="fitted_cases",
                where=str(self.product.file),
                value=shared,
                next_step="Restore the split that the model was trained with, or run "
                "`roadworthy train` again.",
            )

    def _refuse_known(self, cases: pl.DataFrame, name: str) -> None:
        kept = np.union1d(self.parted.sealed_names(), sealed_names(self.product))
        sealed = int(known(cases, kept).sum())
        if sealed:
            raise Refused(
                f"{sealed} of its {cases.height} cases are in the sealed set of "
                f"{self.product.name}.",
                code="sealed_cases",
                where=name,
                value=sealed,
                next_step="Leave them out: nothing is compared on sealed cases.",
            )
        used = known(cases, learnt_from(self.judged, self.parted))
        if self.learnt_here:
            used |= known(cases, seen_ids(self.workspace, self.judged.model.fingerprint))
        if used.any():
            raise BadInput(
                f"{self.judged.model.name} of {self.product.name} learnt from {int(used.sum())} of "
                f"its {cases.height} cases, or was chosen on them.",
                code="seen_cases",
                where=name,
                value=int(used.sum()),
                next_step="Leave them out: who has seen a case has an advantage on it.",
            )
