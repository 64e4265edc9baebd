"""How a net is trained, in numbers that were tried on small tables and images alike."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """At most ``epochs`` passes in batches of ``batch`` cases.

    Training stops when the score on ``held_out`` of the training units has not become better for
    ``patience`` epochs. ``rate`` is the highest learning rate, ``decay`` AdamW's, and gradients
    longer than ``longest`` are shortened.
    """

    epochs: int = 40
    batch: int = 32
    rate: float = 2e-3
    decay: float = 1e-3
    patience: int = 8
    held_out: float = 0.2
    longest: float = 5.0
    warm_up: float = 0.1

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of one step: a short climb, then half a cosine down to nothing.

        Smith & Topin 2018 (one cycle); Loshchilov & Hutter 2017 (cosine).

        >>> plan = Plan(rate=1.0, warm_up=0.1)
        >>> [round(plan.rate_at(step, 100), 2) for step in (0, 9, 10, 55, 99)]
        [0.1, 1.0, 1.0, 0.5, 0.0]
        """
        climb = max(1, round(self.warm_up * steps))
        if step < climb:
            return self.rate * (step + 1) / climb
        done = (step - climb) / max(1, steps - climb)
        return self.rate * 0.5 * (1.0 + math.cos(math.pi * done))
