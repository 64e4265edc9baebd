"""What is known of the product that decides: its last verdict, if that is no PASS."""

from __future__ import annotations

from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product, SetName
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import judgements
from roadworthy.workflow.subject import Judged

# the sealed set has the last word
_SETS = ("sealed", "other", "open")


def last_verdict(product: Product, workspace: Workspace, judged: Judged) -> tuple[str, ...]:
    """A note where this very subject was never judged, or did not pass."""
    subject = judged.subject.fingerprint
    for name in _SETS:
        kept = workspace.read_json(f"{judgements(product.file)}/{name}.json") or {}
        about = kept.get("subject")
        if not isinstance(about, dict) or about.get("fingerprint") != subject:
            continue
        if kept.get("outcome") == Outcome.PASS:
            return ()
        day = str(kept.get("made", ""))[:10]
        return (
            f"This product did not pass: on {_place(str(kept.get('set')))} it was judged "
            f"{kept.get('outcome')} on {day}.",
        )
    return (
        "This product was never judged as it is now: `roadworthy check` judges it on open data.",
    )


def _place(name: str) -> str:
    return f"the {name} set" if name in {str(one) for one in SetName} else name
