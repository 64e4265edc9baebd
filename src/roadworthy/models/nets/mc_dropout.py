"""One net that is asked thirty times, each time without other parts of it.

The parts that are left out hang on the number of the pass alone, and are kept in the file: a case
is answered the same whenever, and in whatever company, it is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.models.nets import states
from roadworthy.models.nets.averaged import Averaged, Floats, net_of, prefixed, sharing
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.training import forward

PASSES, DROPOUT = 30, 0.25
_NET, _MASK = "net/", "mask/"
Masks = tuple[NDArray[np.bool_], ...]


class Masked(nn.Module):
    """Dropout that leaves out the same features of every case; ``keeps`` (features,)."""

    def __init__(self, keeps: NDArray[np.bool_], share: float) -> None:
        super().__init__()
        self.share = share
        scaled = torch.from_numpy(keeps.astype(np.float32)) / (1.0 - share)
        self.register_buffer("scaled", scaled, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """``features`` (cases, features, ...)."""
        shape = (1, -1, *[1] * (features.dim() - 2))
        found: Tensor = features * self.scaled.view(shape)  # type: ignore[operator]
        return found


@dataclass(frozen=True)
class McDropout(Averaged):
    """Passes with dropout on: draws from an approximate posterior (Gal & Ghahramani 2016, ICML).

    ``masks`` hold, for each dropout of the net, which features a pass keeps, (passes, features).
    Within a pass they are the same for all cases, so that a pass is one function drawn (Gal 2016,
    thesis, section 3.4).
    """

    masks: Masks = ()

    kind = "mc_dropout"

    def members(self, batch: Batch) -> Floats:
        """What each pass says; what comes before any dropout is the same, and computed once."""
        trunk = getattr(self.nets[0], "trunk", None)
        if batch.images is None or trunk is None or _dropouts(trunk) or _settled(trunk):
            return super().members(batch)
        device = next(trunk.parameters()).device
        with torch.inference_mode():
            maps = trunk.eval()(batch.images.flatten(0, 1).to(device))
        nets = tuple(_behind(net, maps) for net in self.nets)
        return Averaged.members(replace(self, nets=nets), batch)  # each answers as ever

    def arrays(self) -> states.Arrays:
        """The weights of the one net, and the masks."""
        weights = states.arrays_of(self.nets[0].state_dict())
        found = {f"{_NET}{name}": array for name, array in weights.items()}
        return {**found, **{f"{_MASK}{at}": mask for at, mask in enumerate(self.masks)}}

    @classmethod
    def built(cls, card: Card, arrays: Mapping[str, NDArray[Any]], **said: Any) -> Self:
        kept = prefixed(arrays, _MASK)
        masks = tuple(np.asarray(kept[str(at)], dtype=bool) for at in range(len(kept)))
        return cls.of(net_of(card, prefixed(arrays, _NET)), card, masks, **said)

    @classmethod
    def of(cls, net: nn.Module, card: Card, masks: Masks, **said: Any) -> Self:
        """One net a pass; they share their weights.

        Raises:
            ValueError: the masks are those of another net.
        """
        passes = {len(mask) for mask in masks}
        if len(passes) != 1 or len(masks) != len(_dropouts(net)):
            raise ValueError("its masks are those of another net")
        nets = tuple(_without(net, [mask[at] for mask in masks]) for at in range(*passes))
        return cls(nets, card, masks=masks, **said)


def drawn(net: nn.Module, batch: Batch, seed: int, passes: int) -> Masks:
    """Masks for each dropout of ``net``, by ``seed``; ``batch`` shows how wide they are."""
    widths: list[int] = []
    hooks = [
        one.register_forward_hook(lambda _, given, __: widths.append(int(given[0].shape[1])))
        for one in _dropouts(net)
    ]
    next(forward(net, iter([batch])))
    for hook in hooks:
        hook.remove()
    rng, shares = np.random.default_rng([seed, passes]), [one.p for one in _dropouts(net)]
    found = []
    for width, share in zip(widths, shares, strict=True):
        found.append(rng.random((passes, width)) >= share)
    return tuple(found)


class _Known(nn.Module):
    """Stands where maps were computed already."""

    def __init__(self, maps: Tensor) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, _: Tensor) -> Tensor:
        return self.maps


def _behind(net: nn.Module, maps: Tensor) -> nn.Module:
    """The net behind its trunk; the net itself stays as it is, and shares all the rest."""
    found = copy.copy(net)
    found._modules = {**net._modules, "trunk": _Known(maps)}
    return found


def _settled(part: nn.Module) -> bool:
    return any(isinstance(one, Masked) for one in part.modules())


def _without(net: nn.Module, keeps: list[NDArray[np.bool_]]) -> nn.Module:
    """The net with its dropout settled."""
    found = sharing(net)
    for (name, dropout), kept in zip(_named(found), keeps, strict=True):
        parent = found.get_submodule(name.rpartition(".")[0])
        setattr(parent, name.rpartition(".")[2], Masked(kept, dropout.p))
    return found.to(next(net.parameters()).device).eval()


def _dropouts(net: nn.Module) -> list[Any]:
    return [one for _, one in _named(net)]


def _named(net: nn.Module) -> list[tuple[str, Any]]:
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
    return [(name, one) for name, one in net.named_modules() if isinstance(one, kinds)]
