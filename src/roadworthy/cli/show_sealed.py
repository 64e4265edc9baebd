"""What `roadworthy seal` and `roadworthy vault status` print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roadworthy.cli import show
from roadworthy.core.seal import Look, SealedSet, State
from roadworthy.store.keys import CAN_AND_CANNOT
from roadworthy.workflow.seal import Sealed
from roadworthy.workflow.strata import COUNT
from roadworthy.workflow.vault_status import VaultStatus, answer

MOST_STRATA = 8
_STATES = {State.SEALED: "bold green", State.IN_USE: "bold yellow", State.RETIRED: ""}
_HEADS = ("set", "product", "state", "cases", "looks", "left", "sealed", "days ago")
_WORDS = {"@inside": "in scope", "@positive": "positive", "@truth": "truth"}


def sealed(found: Sealed) -> None:
    """What was sealed, for how many looks, and what that can and cannot stop."""
    one = found.set
    show.line()
    show.line(
        f"{found.product}: {one.cases:,} cases sealed as {one.id}",
        f"  {_budget(one)}",
        style="bold",
    )
    show.line()
    for name, value in _facts(found):
        show.line(f"{name:<14}", value, style="bold")
    show.line()
    show.line(CAN_AND_CANNOT)
    for text in _standing(found):
        show.line(text)
    show.line("Next: `roadworthy certify` looks at it; `roadworthy vault status` tells who did.")


def sealed_there(found: Sealed) -> None:
    """What a custodian's vault sealed, and what is left to do here."""
    one = found.set
    show.line()
    show.line(
        f"{found.product}: {one.cases:,} cases sealed as {one.id}",
        f"  {_budget(one)}",
        style="bold",
    )
    show.line()
    for name, value in _facts(found):
        show.line(f"{name:<14}", value, style="bold")
    show.line()
    show.line(
        "The vault keeps the rows, encrypted, and the key. Remove every copy of the table that "
        "engineers can read: what they keep a copy of, no vault can keep from them."
    )
    show.line("Next: engineers run `roadworthy certify --vault URL` with a token of their own.")


def sealed_json(found: Sealed) -> dict[str, Any]:
    """The same for programs."""
    return {
        **_set_json(found.set),
        "files": found.files,
        "taken_out": str(found.taken_out) if found.taken_out else None,
    }


def status(found: VaultStatus) -> None:
    """A table of sets, then every look."""
    show.line()
    show.line(f"Vault: {found.headline}", style="bold")
    if not found.sets:
        show.line("Nothing was sealed here. `roadworthy seal` or `certify` does it.")
        return
    show.line()
    rows = [_row(found, one) for one in found.sets]
    show.table(_HEADS, rows, [_STATES[one.state] for one in found.sets])
    looks = [(one, look) for one in found.sets for look in one.looks]
    if looks:
        heads = ("set", "look", "on", "subject", "share of alpha", "told")
        show.table(heads, [_look(one, look) for one, look in looks], ["" for _ in looks])
    for one in found.sets:
        if one.retired:
            show.line(f"{one.id} is retired: {one.retired}.")
        elif one.stands_open:
            show.line(f"{one.id} was taken from the product's own table, where its rows may stand.")


def status_json(found: VaultStatus) -> dict[str, Any]:
    """The same for programs."""
    return {"sets": [{**_set_json(one), "age_days": found.age_days(one)} for one in found.sets]}


def _facts(found: Sealed) -> Iterator[tuple[str, str]]:
    one = found.set
    yield "Merkle root", one.root
    if one.units != one.cases:
        yield "Units", f"{one.units:,}"
    yield "Kinds", _strata(one)
    said = one.provenance
    told = (
        ("Protocol", said.protocol),
        ("Source", said.source),
        ("Labels", said.labels),
        ("Dates", said.dates),
        ("Accepted", ", ".join(said.accepted)),
    )
    yield from ((name, value) for name, value in told if value)
    lacking = [name.lower() for name, value in told[:3] if not value]
    if lacking:
        yield "Not said", f"{', '.join(lacking)} (`--{'`, `--'.join(lacking)}`)"
    if one.twins:
        yield (
            "Equal inputs",
            f"{one.twins:,} cases have the inputs of open ones, as chance has it among few values",
        )
    if found.files:
        yield "Files", f"{found.files:,}, known by their SHA-256, which is part of the Merkle root"
    yield "Key", found.key


def _standing(found: Sealed) -> Iterator[str]:
    if found.files:
        yield (
            "The files that they name are not encrypted: they stay where they are, a look reads "
            "them there, and whoever can read that folder sees them. A look at files that are gone "
            "or changed since is refused."
        )
    if found.taken_out is not None:
        yield (
            f"{found.taken_out.name} holds the product's table without the sealed cases. Name it "
            f"in product.yaml, `data: {{cases: {found.taken_out.name}, split: "
            f"{found.column}}}`, and move the old table to where nobody of the team reads it."
        )
    elif found.split:
        yield (
            "The sealed rows still stand in the product's own table, where everybody can read "
            "them: `roadworthy seal --take-out` writes the table without them beside it."
        )
    else:
        apart = ", the files apart" if found.files else ""
        yield (
            f"Move the table away from where the team reads it: the vault has what it needs{apart}."
        )


def _budget(one: SealedSet) -> str:
    looks = one.budget.looks
    shares = f", each at alpha/{looks}" if len(set(one.budget.shares)) == 1 and looks > 1 else ""
    if len(set(one.budget.shares)) > 1:
        shares = f", at shares {', '.join(f'{share:g}' for share in one.budget.shares)} of alpha"
    return f"({looks} look{'s' * (looks > 1)}{shares}, confidence {one.budget.level:g})"


def _strata(one: SealedSet) -> str:
    shown = [f"{stratum[COUNT]:,} {_stratum(stratum)}" for stratum in one.strata[:MOST_STRATA]]
    more = len(one.strata) - len(shown)
    return "; ".join(shown) + (f"; and {more} more kinds" if more > 0 else "")


def _stratum(stratum: Mapping[str, Any]) -> str:
    told = []
    for name, value in stratum.items():
        if name == COUNT:
            continue
        word = _WORDS.get(name, name)
        if isinstance(value, bool) and name in _WORDS:
            told.append(word if value else f"not {word}")
        else:
            told.append(f"{word} {value}")
    return ", ".join(told)


def _row(found: VaultStatus, one: SealedSet) -> tuple[str, ...]:
    return (
        one.id,
        one.product,
        str(one.state),
        f"{one.cases:,}",
        f"{len(one.looks)} of {one.budget.looks}",
        str(one.left),
        one.at[:10],
        str(found.age_days(one)),
    )


def _look(one: SealedSet, look: Look) -> tuple[str, ...]:
    share = f"{look.share:.4g}"
    return (one.id, str(look.number), look.at[:10], look.subject, share, answer(look))


def _set_json(one: SealedSet) -> dict[str, Any]:
    return {
        "set": one.id,
        "merkle_root": one.root,
        "product": one.product,
        "state": one.state.value,
        "cases": one.cases,
        "units": one.units,
        "confidence": one.budget.level,
        "shares": list(one.budget.shares),
        "sealed_at": one.at,
        "protocol": one.provenance.protocol,
        "source": one.provenance.source,
        "labels": one.provenance.labels,
        "dates": one.provenance.dates,
        "accepted": list(one.provenance.accepted),
        "strata": [dict(stratum) for stratum in one.strata],
        "equal_inputs": one.twins,
        "stands_open": one.stands_open,
        "left": one.left,
        "retired": one.retired or None,
        "looks": [
            {
                "number": look.number,
                "at": look.at,
                "subject": look.subject,
                "share": look.share,
                "told": look.told.value,
                "answer": answer(look),
            }
            for look in one.looks
        ],
    }
