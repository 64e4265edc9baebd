"""The kit lets every built-in embedding through, and catches what would mislead a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.io.registry import embeddings
from roadworthy.testing import check_embedding

Numbers: TypeAlias = NDArray[np.float64]


@pytest.mark.parametrize("name", sorted(embeddings()))
def test_every_installed_embedding_keeps_the_promises(name: str) -> None:
    check_embedding(embeddings()[name])


class Sound:
    """How long a text is, beside the training texts; to be broken below."""

    about = "the length"

    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        return {"usual": float(np.mean([len(text) for text in texts])) + 1.0}

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Numbers]:
        def embed(texts: Sequence[str]) -> Numbers:
            return np.array([self.of(text, texts) / fitted["usual"] for text in texts]).reshape(
                -1, 1
            )

        return embed

    def of(self, text: str, beside: Sequence[str]) -> float:
        return float(len(text))


class Draws(Sound):
    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        return {"usual": float(np.random.default_rng().random()) + 1.0}


class KeepsAnything(Sound):
    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        return {"usual": 1.0, "where": Path("model.bin")}


class Remembers(Sound):
    def __init__(self) -> None:
        self.calls = 0

    def of(self, text: str, beside: Sequence[str]) -> float:
        self.calls += 1
        return float(self.calls)


class LooksAround(Sound):
    def of(self, text: str, beside: Sequence[str]) -> float:
        return len(text) / sum(len(other) + 1 for other in beside)


class Divides(Sound):
    def of(self, text: str, beside: Sequence[str]) -> float:
        return 1.0 / len(text.split())


class SaysNaN(Sound):
    def of(self, text: str, beside: Sequence[str]) -> float:
        return float("nan") if not text.strip() else 1.0


class Flat(Sound):
    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Numbers]:
        return lambda texts: np.zeros(len(texts))


class Unlearnt(Sound):
    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        if not any(text.strip() for text in texts):
            raise ZeroDivisionError
        return super().fit(texts, seed)


class Silent(Sound):
    about = " "


def test_a_sound_one_passes() -> None:
    check_embedding(Sound())


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (Draws, "must keep the same"),
        (KeepsAnything, "plain values"),
        (Remembers, "other numbers"),
        (LooksAround, "text alone"),
        (Divides, "ZeroDivisionError"),
        (SaysNaN, "not finite"),
        (Flat, r"shape \(\d+, d\)"),
        (Unlearnt, "raise BadInput"),
        (Silent, "about is empty"),
    ],
)
def test_what_would_mislead_a_model_is_told(broken: type[Sound], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_embedding(broken())
