"""How a net is trained, in numbers that were tried on small tables and images alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """At most ``epochs`` passes in batches of ``batch`` cases.

    Training stops when the score on ``held_out`` of the training units has not become better for
    ``patience`` epochs. Where cases are few, both are longer: ``least_steps`` are planned, and a
    quarter of them waited for. ``rate`` is the highest learning rate, ``decay`` AdamW's, and
    gradients longer than ``longest`` are shortened.
    """

    epochs: int = 40
    batch: int = 32
    rate: float = 2e-3
    decay: float = 1e-3
    patience: int = 8
    least_steps: int = 400
    held_out: float = 0.2
    longest: float = 5.0
    warm_up: float = 0.1

    def for_cases(self, cases: int) -> Plan:
        """The plan with as many epochs as so many cases need.

        >>> Plan().for_cases(64).epochs, Plan().for_cases(64_000).epochs
        (200, 40)
        """
        a_pass = max(1, -(-cases // self.batch))
        return replace(
            self,
            epochs=max(self.epochs, -(-self.least_steps // a_pass)),
            patience=max(self.patience, -(-self.least_steps // 4 // a_pass)),
        )

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
