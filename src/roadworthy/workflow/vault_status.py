"""vault status: every sealed set, how often it was looked at, by whom, and with which answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from roadworthy.core.seal import Look, SealedSet, Told
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import NOT_YET
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.vault import vault_if_there


@dataclass(frozen=True)
class VaultStatus(Shown):
    """The sealed sets of a store, the oldest first, and the moment they were asked for."""

    sets: tuple[SealedSet, ...]
    now: datetime

    def __repr__(self) -> str:
        return f"<VaultStatus: {self.headline}>"

    @property
    def headline(self) -> str:
        """How many sets there are, and how many looks are left."""
        count, left = len(self.sets), sum(one.left for one in self.sets)
        return f"{count} sealed set{'s' * (count != 1)}, {left} look{'s' * (left != 1)} left"

    def age_days(self, sealed: SealedSet) -> int:
        """How many whole days ago a set was sealed."""
        return max((self.now - datetime.fromisoformat(sealed.at)).days, 0)


def vault_status(product: Given = "product.yaml") -> VaultStatus:
    """Every sealed set that the product's store knows; none where nothing was ever sealed.

    Raises:
        BadInput: the ledger was tampered with, or the store cannot be read.
    """
    with vault_if_there(as_product(product)) as vault:
        return VaultStatus(vault.sets() if vault else (), datetime.now(UTC))


def answer(look: Look) -> str:
    """What a look was told, in a word or two."""
    if look.answered is None:
        return "no answer yet"
    told = "PASS" if look.answered.passed else NOT_YET
    if look.told is Told.NUMBERS:
        return "PASS, numbers shown" if look.answered.passed else "no PASS, numbers shown"
    return f"{told}, by requirement" if look.told is Told.REQUIREMENTS else told
