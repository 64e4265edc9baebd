"""What the ledger says of a kept judgement: it is the one that was made, or nobody can tell."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.io.dossier import Ledger
from roadworthy.store import ledger
from roadworthy.workflow.ledger import CERTIFIED, CHECKED, JUDGEMENT
from roadworthy.workflow.store import Opened, opened


def attested(product: Product, kept_as: Path) -> Ledger:
    """Verifies the ledger, and looks in it for the very file of the judgement."""
    try:
        with opened(product) as store:
            return _said(store, sha256(kept_as.read_bytes()).hexdigest())
    except BadInput as problem:
        told = f"The ledger could not be verified: {problem.message} ({problem.where})"
        return Ledger(
            "Ledger head: not known.",
            f"{told} Every judgement is written into one, so nothing shows that this one is as it "
            "was made. If it is kept elsewhere, set ROADWORTHY_STORE.",
        )


def _said(store: Opened, digest: str) -> Ledger:
    with store.database.reading() as connection:
        head, broken = ledger.head(connection), ledger.verify(connection)
        found = [
            entry.number
            for kind in (CHECKED, CERTIFIED)
            for entry in ledger.naming(connection, kind, digest)
            if broken is None and entry.content.get(JUDGEMENT) == digest
        ]
    entries = "1 entry" if head.number == 1 else f"{head.number:,} entries"
    told = f"Ledger head: {head.hash} after {entries}"
    if broken:
        return Ledger(
            f"{told}; the verification FAILED at entry {broken.number}.",
            f"The ledger of this workspace was tampered with at entry {broken.number}: "
            f"{broken.problem}. Nothing on this page is proof.",
        )
    if not found:
        return Ledger(
            f"{told}, verified; this judgement is not in it.",
            "The file of this judgement is none that the ledger knows: it was changed after it was "
            "judged, or comes from elsewhere. Nothing on this page is proof.",
        )
    return Ledger(f"{told}, verified; this judgement is entry {found[-1]:,}.")
