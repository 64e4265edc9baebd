"""A guard looks at images themselves; what it cannot read it does not call strange."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.models.guard import FittedGuard, fit_guard, load_guard
from roadworthy.testing.pictures import png

SCAN = columns.file("scan")


def files(folder: Path, n: int, grain: int, seed: int) -> pl.DataFrame:
    """Noise of that many pixels a grain, the same brightness whatever the grain."""
    folder.mkdir(exist_ok=True)
    rng, found = np.random.default_rng(seed), []
    for at in range(n):
        noise = rng.integers(60, 200, (24 // grain, 24 // grain)).astype(np.uint8)
        file = folder / f"{seed}-{at}.png"
        file.write_bytes(png(np.kron(noise, np.ones((grain, grain), dtype=np.uint8))))
        found.append(str(file))
    return pl.DataFrame({SCAN: found})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def guard(folder: Path) -> FittedGuard:
    fitted = fit_guard(files(folder, 120, 1, 1), (SCAN,), ("knn", "mahalanobis"), "said", seed=1)
    return fitted.set_on(fitted.scores(files(folder, 160, 1, 2)).tolist(), 0.02, 0.05)


def test_another_texture_is_turned_away_and_the_same_one_is_not(
    folder: Path, guard: FittedGuard
) -> None:
    assert guard.turned_away(files(folder, 40, 2, 3)).all()
    assert guard.turned_away(files(folder, 40, 1, 4)).sum() <= 4


def test_an_image_that_cannot_be_read_is_unknown_and_not_strange(
    folder: Path, guard: FittedGuard
) -> None:
    (folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    strange = files(folder, 1, 2, 5)[SCAN][0]
    cases = pl.DataFrame({SCAN: [str(folder / "cut.png"), None, strange]})
    assert guard.turned_away(cases).to_list() == [False, False, True]
    assert guard.scores(cases[:2]).tolist() == [0.0, 0.0]


def test_training_images_that_cannot_be_read_teach_the_guard_nothing(folder: Path) -> None:
    whole = files(folder, 60, 1, 6)
    holed = pl.concat([whole, pl.DataFrame({SCAN: [str(folder / "gone.png")]})])
    one, other = (fit_guard(c, (SCAN,), ("knn", "mahalanobis"), "", 1) for c in (whole, holed))
    asked = files(folder, 5, 2, 8)
    assert one.card == other.card
    assert one.scores(asked).tolist() == other.scores(asked).tolist()
    gone = pl.DataFrame({SCAN: [str(folder / "gone.png"), str(folder / "also.png")]})
    with pytest.raises(BadInput, match="none of the 2 training cases"):
        fit_guard(gone, (SCAN,), ("knn", "mahalanobis"), "", 1)


def test_it_is_kept_with_what_it_measures(folder: Path, guard: FittedGuard, tmp_path: Path) -> None:
    (tmp_path / "guard.skops").write_bytes(guard.to_bytes())
    kept = load_guard(tmp_path / "guard.skops")
    assert kept.needs == (SCAN,)
    asked = files(folder, 5, 2, 7)
    assert kept.scores(asked).tolist() == guard.scores(asked).tolist()
