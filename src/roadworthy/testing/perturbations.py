"""The conformance kit of perturbations: what one must keep to before a verdict rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from json import dumps
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.perturbation import ChangesColumn, ChangesImages, Perturbation

SEED = 7
_ROWS = 64
_SHAPES = ((24, 32, 1), (24, 32, 3), (1, 1, 1))
_VALUES: tuple[Sequence[Any], ...] = (
    np.linspace(-3.0, 90.0, _ROWS).tolist(),
    [None if i % 9 == 4 else i for i in range(_ROWS)],
    [None if i % 9 == 4 else f"word {i % 5}" for i in range(_ROWS)],
    [i % 3 == 0 for i in range(_ROWS)],
)


def check_perturbation(perturbation: Perturbation) -> None:
    """Checks every promise of a perturbation, as product.yaml would make it.

    Raises:
        AssertionError: a sentence that says which promise is broken.
    """
    name = type(perturbation).__name__
    assert is_dataclass(perturbation), f"{name} is no dataclass: its fields are its words"
    assert perturbation.__dataclass_params__.frozen, f"{name} is not frozen"
    assert perturbation.about.strip(), f"{name}.about is empty: it says what happens to a case"
    words = asdict(perturbation)
    try:
        dumps(words, allow_nan=False)
    except (TypeError, ValueError) as reason:
        raise AssertionError(f"the words of {name} cannot be told in JSON: {reason}") from reason
    again = type(perturbation)(**words)
    assert again == perturbation, f"{name} made of its own words is another one"
    if isinstance(perturbation, ChangesImages):
        _check_images(perturbation, name)
        return
    assert isinstance(perturbation, ChangesColumn), f"{name} offers neither `image` nor `values`"
    assert "column" in {one.name for one in fields(perturbation)}, f"{name} has no field `column`"
    _check_column(perturbation, name)


def pixels(shape: tuple[int, int, int] = _SHAPES[0]) -> NDArray[np.float32]:
    """Grey or coloured noise over a ramp, from 0 to 1."""
    rng = np.random.default_rng(SEED)
    ramp = np.linspace(0.1, 0.8, shape[1], dtype=np.float32)[None, :, None]
    found: NDArray[np.float32] = ramp + 0.2 * rng.random(shape, dtype=np.float32)
    return found


def _check_images(perturbation: ChangesImages, name: str) -> None:
    for shape in _SHAPES:
        given = pixels(shape)
        before = given.copy()
        found = perturbation.image(given, np.random.default_rng(SEED))
        assert np.array_equal(given, before), f"{name} writes into the image that it was given"
        assert found.dtype == np.float32, f"{name} gives {found.dtype}, and float32 is asked for"
        assert found.ndim == 3, f"{name} gives the shape {found.shape}, without channels"
        assert found.shape == shape, f"{name} makes {found.shape} of {shape}"
        assert np.isfinite(found).all(), f"{name} gives pixels that are no numbers"
        ends = float(found.min()), float(found.max())
        assert 0.0 <= ends[0] <= ends[1] <= 1.0, f"{name} leaves 0 to 1: {ends[0]} to {ends[1]}"
        same = perturbation.image(given, np.random.default_rng(SEED))
        assert np.array_equal(found, same), f"{name} gives another image for the same seed"
    changed = perturbation.image(pixels(), np.random.default_rng(SEED))
    assert not np.array_equal(changed, pixels()), f"{name} changes nothing of an image"


def _check_column(perturbation: ChangesColumn, name: str) -> None:
    chance = np.random.default_rng(SEED).uniform(1e-9, 1.0 - 1e-9, _ROWS)
    changed = False
    for values in _VALUES:
        given = pl.Series(perturbation.column, values)
        try:
            found = perturbation.values(given, chance)
        except ValueError:
            # it says no to values of this kind
            continue
        what = f"{name}, of values such as {values[0]!r}"
        assert found.len() == given.len(), f"{what}, makes {found.len()} of {given.len()}"
        assert found.dtype == given.dtype, f"{what}, makes {found.dtype} of {given.dtype}"
        back = perturbation.values(given[::-1], chance[::-1].copy())[::-1]
        assert found.equals(back, null_equal=True), f"{what}, looks at other cases than its own"
        first = perturbation.values(given[:1], chance[:1])
        assert first.equals(found[:1], null_equal=True), (
            f"{what}, looks at how many cases there are"
        )
        changed |= not found.equals(given, null_equal=True)
    assert changed, f"{name} changes nothing of any column"
