"""Looks at calibration cases as the ledger knows them: files alone can be deleted, or edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product
from roadworthy.store import certificates, ledger
from roadworthy.store.certificates import Look
from roadworthy.store.ledger import Entry
from roadworthy.workflow.ledger import note
from roadworthy.workflow.store import opened

LOOKED, MADE = "certificate_looked", "certificate_made"


def note_look(product: Product, taken: Look) -> None:
    """Writes a look down before it is used."""
    told = {"model": taken.asked.model, "look": taken.number, "looks": taken.asked.looks}
    note(product, LOOKED, {**told, "name": taken.name})


def note_made(product: Product, certificate: Mapping[str, Any]) -> None:
    """Writes down which certificate a look gave."""
    note(product, MADE, {"certificate": _digest(certificate)})


def refuse_forgotten(product: Product, names: NDArray[np.uint64], known: int) -> None:
    """Refuses a look at cases of which the ledger tells more looks than the ``known`` files do.

    Raises:
        Refused: files of earlier looks are gone.
    """
    found = _told(product, LOOKED, certificates.set_name(names))
    # one that was interrupted is written down again when it goes on
    told = len({str(entry.content.get("name")) for entry in found})
    if told > known:
        raise Refused(
            f"the ledger tells of {told} look{'s' if told > 1 else ''} at these calibration cases, "
            f"and the files of {told - known} of them are gone.",
            code="broken_look",
            where=f".roadworthy/{certificates.CERTIFICATES}",
            value=told,
            next_step="Restore the folder from a backup, or bring fresh calibration cases.",
        )


def require_witnessed(product: Product, taken: Look, certificate: Mapping[str, Any]) -> None:
    """Refuses a kept certificate that is not the one that was made.

    Raises:
        Refused: the ledger does not know it.
    """
    if not _told(product, MADE, _digest(certificate)):
        raise Refused(
            "the kept certificate is none that the ledger knows: it was changed after it was made, "
            "or comes from elsewhere.",
            code="foreign_certificate",
            where=f".roadworthy/{certificates.CERTIFICATES}/{taken.name}",
            next_step="Restore the folder and the store from a backup, or bring fresh calibration "
            "cases. If the ledger is kept elsewhere, set ROADWORTHY_STORE.",
        )


def _digest(certificate: Mapping[str, Any]) -> str:
    return sha256(json.dumps(certificate, sort_keys=True).encode()).hexdigest()


def _told(product: Product, kind: str, word: str) -> list[Entry]:
    """The entries of a kind that name a word; none where there is no ledger."""
    try:
        with opened(product) as store, store.database.reading() as connection:
            return list(ledger.naming(connection, kind, word))
    except BadInput as problem:
        if problem.code == "no_store":
            return []
        raise
