"""Which sealed set is looked at: one that the vault keeps, or the split's own, sealed now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, SetName
from roadworthy.core.seal import Budget, SealedSet
from roadworthy.store.vault import Items, Vault
from roadworthy.workflow.candidate import Candidate
from roadworthy.workflow.seal import candidate, no_sealed_cases
from roadworthy.workflow.sealed_files import refuse_other_files
from roadworthy.workflow.source import Parted
from roadworthy.workflow.vault import same_rows, vault_if_there


@dataclass(frozen=True)
class Chosen:
    """The set to look at; None: ``found`` is sealed on the spot.

    ``found`` are the set's rows where they stand in the product's own table; ``items`` their
    hashes.
    """

    sealed: SealedSet | None
    found: Candidate | None
    items: Items

    @property
    def id(self) -> str | None:
        return self.sealed.id if self.sealed else None

    @property
    def stands_open(self) -> bool:
        """Whether the rows stand in the product's own table as well."""
        return self.found is not None

    def drafted(
        self, product: Product, budget: Budget, cases: int, strata: tuple[Mapping[str, Any], ...]
    ) -> SealedSet:
        """What the set will be when it is sealed, as far as its budget and strata tell."""
        return SealedSet(
            *("", "", product.name, cases, 0, budget, "", "", "", "", "", ()), strata=strata
        )


def chosen_set(product: Product, parted: Parted, name: str | None) -> Chosen:
    """The set called ``name``, else the newest of the product, else the split's own sealed part.

    Raises:
        BadInput: there is none.
    """
    own = bool(parted.sizes().get(SetName.SEALED))
    found = candidate(product, parted.to_seal(), "the sealed set") if own else None
    with vault_if_there(product) as vault:
        sealed = _kept(product, vault, found, name) if vault else None
        if vault is not None and sealed is not None:
            if found is None:
                return Chosen(sealed, None, vault.items(sealed))
            same = same_rows(product, vault, sealed, found)
            return Chosen(sealed, found if same else None, vault.items(sealed))
    if found is None or name is not None:
        raise no_sealed_cases(product) if name is None else _no_vault(name)
    return Chosen(None, found, found.items)


def _kept(
    product: Product, vault: Vault, found: Candidate | None, name: str | None
) -> SealedSet | None:
    sets = vault.sets()
    if name is not None:
        return named(sets, name)
    live = [one for one in sets if one.product == product.name and not one.retired]
    if found is not None:
        # what was sealed from the split and is not its sealed part now is another set
        live = [one for one in live if not one.stands_open]
    for one in sets if found is not None else ():
        assert found is not None
        # a set of its own that was looked at gives its answer, unless a fresh one waits
        if (not one.retired or not live) and same_rows(product, vault, one, found):
            return one
    for one in sets if found is not None else ():
        assert found is not None
        if not one.retired:
            refuse_other_files(one, found, vault.items(one))
    if live:
        return live[-1]
    retired = [one for one in sets if one.product == product.name]
    return retired[-1] if retired and found is None else None


def named(sets: tuple[SealedSet, ...], name: str) -> SealedSet:
    """The set with this id, or the beginning of it.

    Raises:
        BadInput: there is none, or there are several.
    """
    found = [one for one in sets if one.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.id for one in sets) or "none"
    raise BadInput(
        f"{'no' if not found else 'more than one'} sealed set is called {name}.",
        code="no_such_set",
        where="the vault",
        value=name,
        next_step=f"The sealed sets here: {known}. `roadworthy vault status` tells of each.",
    )


def _no_vault(name: str) -> BadInput:
    return BadInput(
        f"no sealed set is called {name}: nothing was sealed here.",
        code="no_such_set",
        where="the vault",
        value=name,
        next_step="Seal a set first: `roadworthy seal`.",
    )
