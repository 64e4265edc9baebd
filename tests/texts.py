"""Messages whose truth is told by their words alone, for tests of every room that reads."""

from __future__ import annotations

import numpy as np
import polars as pl

_HARD = ("is broken", "was never delivered", "smells burnt", "cost me my job")
_EASY = ("is lovely", "has which size", "is on sale when", "comes in what colour")
_THINGS = ("lamp", "kettle", "jacket", "tent", "radio", "mirror", "carpet", "drill")


def wordy(cases: pl.DataFrame) -> pl.DataFrame:
    """The same messages with three of 300 other words each: more terms than trees could take."""
    rng = np.random.default_rng(1)
    syllables = np.array([f"{a}{b}" for a in "bdfgklmnprst" for b in "aeiou"])
    words = np.array(["".join(rng.choice(syllables, 4)) for _ in range(300)])
    more = pl.Series([" ".join(rng.choice(words, 3)) for _ in range(cases.height)])
    return cases.with_columns(pl.format("{} {}", "message", more).alias("message"))


def messages(n: int, seed: int, gaps: float = 0.02) -> pl.DataFrame:
    """Columns ``case``, ``ill`` (yes or no), ``message`` with gaps, and ``noise``."""
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < 0.5
    told = [
        f"{'Hello, ' * int(rng.integers(2))}the {rng.choice(_THINGS)} number {rng.integers(1000)} "
        f"{rng.choice(_HARD if yes else _EASY)}"
        for yes in ill
    ]
    lost = rng.random(n) < gaps
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": np.where(ill, "yes", "no"),
            "message": [None if gone else text for text, gone in zip(told, lost, strict=True)],
            "noise": rng.normal(size=n),
        }
    )
