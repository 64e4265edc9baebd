"""A temperature brings averaged answers back to chances, and never to certainty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import softmax

from roadworthy.models import tempering

Floats = NDArray[np.float64]


def draws(temperature: float, n: int = 4000, classes: int = 4) -> tuple[Floats, NDArray[np.int64]]:
    """What is said, and truths drawn from chances that are sharper or flatter by a temperature."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(n, classes)) * 2.0
    chances = softmax(logits, axis=1)
    truth = (chances.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(logits * temperature, axis=1), truth


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_it_finds_the_temperature_by_which_answers_are_off(temperature: float) -> None:
    said, truth = draws(temperature)
    assert tempering.best(said, truth) == pytest.approx(temperature, rel=0.08)


def test_answers_that_were_all_right_do_not_become_certain() -> None:
    """Twenty times right is no proof that the twenty-first will be."""
    said, truth = np.tile([0.2, 0.8], (20, 1)), np.ones(20, dtype=np.int64)
    sharper = tempering.tempered(said, tempering.best(said, truth))
    assert 0.9 < sharper[0, 1] <= 20.5 / 21 + 1e-6


def test_a_handful_of_cases_tells_no_temperature() -> None:
    said, truth = draws(3.0, n=tempering.LEAST - 1)
    assert tempering.best(said, truth) == 1.0


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5), st.floats(0.05, 20.0))
def test_it_never_turns_the_order_of_classes_round(p: list[float], temperature: float) -> None:
    total = sum(p) or 1.0
    given_, found = np.array(p) / total, tempering.tempered(np.array(p) / total, temperature)
    assert found.sum() == pytest.approx(1.0)
    assert (np.diff(found[np.argsort(given_, kind="stable")]) >= -1e-12).all()
