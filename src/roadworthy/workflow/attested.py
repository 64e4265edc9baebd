"""What the ledger says of a kept judgement: it is the one that was made, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.io.dossier import Ledger
from roadworthy.io.product_yaml import load_product
from roadworthy.store import ledger
from roadworthy.store.ledger import Entry
from roadworthy.workflow.ledger import CERTIFIED, CHECKED, JUDGEMENT, OUTCOME, PRODUCT
from roadworthy.workflow.store import Opened, opened


def attested(product_file: Path, judged: Product, kept_as: Path) -> Ledger:
    """Verifies the ledger, and looks in it for the very file of the judgement, and its product.

    Which ledger that is, product.yaml says as it stands now: the one that was kept with a
    judgement could name a ledger of its own.
    """
    try:
        with opened(load_product(product_file)) as store:
            return _said(store, judged, sha256(kept_as.read_bytes()).hexdigest())
    except BadInput as problem:
        told = f"The ledger could not be verified: {problem.message} ({problem.where})"
        return Ledger(
            "Ledger head: not known.",
            f"{told} Every judgement is written into one, so nothing shows that this one is as it "
            "was made. If it is kept elsewhere, set ROADWORTHY_STORE.",
        )


def _said(store: Opened, judged: Product, digest: str) -> Ledger:
    with store.database.reading() as connection:
        head, broken = ledger.head(connection), ledger.verify(connection)
        found = [
            entry
            for kind in (CHECKED, CERTIFIED)
            for entry in ledger.naming(connection, kind, digest)
            if broken is None and entry.content.get(JUDGEMENT) == digest
        ]
        own = found[-1] if found else None
        after = [] if own is None else ledger.entries(connection, kind=own.kind, after=own.number)
        later = None if own is None else _later(after, own)
    entries = "1 entry" if head.number == 1 else f"{head.number:,} entries"
    told = f"Ledger head: {head.hash} after {entries}"
    if broken:
        return Ledger(
            f"{told}; the verification FAILED at entry {broken.number}.",
            f"The ledger of this workspace was tampered with at entry {broken.number}: "
            f"{broken.problem}. Nothing on this page is proof.",
        )
    if own is None:
        return Ledger(
            f"{told}, verified; this judgement is not in it.",
            "The file of this judgement is none that the ledger knows: it was changed after it was "
            "judged, or comes from elsewhere. Nothing on this page is proof.",
        )
    told = f"{told}, verified; this judgement is entry {own.number:,}."
    if own.content.get(PRODUCT) != judged.fingerprint:
        return Ledger(
            told,
            "The product.yaml that was kept with this judgement is not the one that was judged: it "
            "was changed since. What this page says of the product is no proof.",
        )
    if later is None:
        return Ledger(told)
    return Ledger(
        told,
        f"Entry {later.number:,} of the ledger judged the same product on the same set later, with "
        f"another outcome: {later.content.get(OUTCOME)}. This page tells an earlier judgement.",
    )


def _later(after: Iterable[Entry], own: Entry) -> Entry | None:
    """The last judgement of the same product and set, if it came later and is another one."""
    same = [
        entry
        for entry in after
        if all(entry.content.get(key) == own.content.get(key) for key in ("product", "set"))
    ]
    if not same or same[-1].content.get(OUTCOME) == own.content.get(OUTCOME):
        return None
    return same[-1]
