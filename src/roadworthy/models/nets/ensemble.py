"""Five nets of other beginnings: where they disagree, the training cases did not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from roadworthy.models.nets import states
from roadworthy.models.nets.averaged import Averaged, net_of, prefixed
from roadworthy.models.nets.card import Card

MEMBERS = 5


@dataclass(frozen=True)
class NetEnsemble(Averaged):
    """A deep ensemble: the same net, trained from several seeds on the same cases.

    Source: Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS (five members; no adversarial cases).
    """

    kind = "net_ensemble"

    def arrays(self) -> states.Arrays:
        """The weights of every member."""
        return {
            f"{at}/{name}": array
            for at, net in enumerate(self.nets)
            for name, array in states.arrays_of(net.state_dict()).items()
        }

    @classmethod
    def built(cls, card: Card, arrays: Mapping[str, NDArray[Any]], **said: Any) -> Self:
        """As many members as there are weights of."""
        count = len({name.partition("/")[0] for name in arrays})
        nets = tuple(net_of(card, prefixed(arrays, f"{at}/")) for at in range(count))
        if not nets:
            raise ValueError("it has no member")
        return cls(nets, card, **said)
