"""Where a net starts: its first filters take apart what neighbouring pixels say twice.

Neighbouring pixels are nearly alike, and what is rare is in what they do not share. With filters
drawn at random a net that was told only which of 320 images hold a small fault did not find it;
with the principal components of patches it did within a few epochs (decision 027).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.feed import Feed, Rows

# so many cases show what patches are like
LOOKED_AT = 64
_LEAST_VARIANCE = 1e-6


def begin(net: nn.Module, feed: Feed, rows: Rows) -> None:
    """Gives the first convolution of ``net`` filters of whitened patches of training images.

    Every component comes with its opposite, so that the ReLU behind them loses nothing (Jordan
    2024, arXiv 2404.00498, after Page 2019). They are trained like any other weights. A net that is
    not ours, or sees no images, is left as it is.
    """
    if not isinstance(net, Net) or net.trunk is None:
        return
    first = next(one for one in net.modules() if isinstance(one, nn.Conv2d))
    images = next(iter(feed.batches([rows[:LOOKED_AT]]))).images
    assert images is not None
    half = first.out_channels // 2
    flat = images.flatten(0, 1)
    there = flat[flat.abs().amax(dim=(1, 2, 3)) > 0]
    filters = whitened(there, first.kernel_size[0], half)
    with torch.no_grad():
        signed = torch.cat([filters, -filters]).to(first.weight)
        first.weight[: len(signed)] = signed


def whitened(images: Tensor, side: int, most: int) -> Tensor:
    """Filters (filters, channels, side, side) whose answers to patches have the variance 1.

    ``images`` (n, channels, height, width) are around 0. Of all principal components at most
    ``most`` are given: half of them of the smallest variance, half of the largest.
    """
    channels = images.shape[1]
    patches = nn.functional.unfold(images, side, padding=side // 2, stride=2)
    flat = patches.transpose(1, 2).flatten(0, 1).double()
    variances, axes = torch.linalg.eigh(flat.T @ flat / len(flat))
    low = min(len(axes), most) // 2
    high = min(len(axes), most) - low
    chosen = torch.cat([torch.arange(low), torch.arange(len(axes) - high, len(axes))])
    scaled = axes[:, chosen] / variances[chosen].clamp(min=_LEAST_VARIANCE).sqrt()
    found: Tensor = scaled.T.float().unflatten(1, (channels, side, side))
    return found
