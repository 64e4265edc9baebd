"""What a net is shown: columns beside images, several images, and nothing that cannot be read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.core.product import LossName, Task, TrainRules
from roadworthy.models.nets import feed, fitting, model
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.rungs import Mlp, SmallNet
from roadworthy.testing.pictures import PICTURE, png

SHORT = Plan(epochs=3, least_steps=0)


def small(cases: pl.DataFrame, truth: pl.Series, **more: object) -> model.TrainedNet:
    features = tuple(cases.columns)
    told = guidance(cases, **more)
    found = SmallNet("S", SHORT).fit(cases, truth, Task.BINARY, features, 0, None, told)
    assert isinstance(found, model.TrainedNet)
    return found


def test_images_that_do_not_fit_into_memory_teach_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases, truth = spots(tmp_path, 40)
    kept = small(cases, truth).to_bytes()
    monkeypatch.setattr(fitting, "feed_of", partial(feed.feed_of, most_kept=0))
    assert small(cases, truth).to_bytes() == kept


def test_an_image_that_cannot_be_read_teaches_nothing(tmp_path: Path) -> None:
    cases, truth = spots(tmp_path, 40)
    files = cases[PICTURE].to_list()
    broken = pl.DataFrame({PICTURE: [None, str(tmp_path / "away.png"), *files]})
    found = small(broken, pl.concat([pl.Series([True, True]), truth]))
    assert found.card.fitted_on == 40
    assert found.answer(broken).is_null().to_list() == [True, True] + [False] * 40


def test_without_any_readable_image_nothing_is_learnt(tmp_path: Path) -> None:
    cases = pl.DataFrame({PICTURE: pl.Series([str(tmp_path / "away")] * 8)})
    with pytest.raises(BadInput, match="none of the 8 training cases"):
        small(cases, pl.Series([True, False] * 4))


def test_the_most_suspicious_of_several_images_decides(tmp_path: Path) -> None:
    """Every case holds one faint image; the other one is bright in half of the cases."""
    one, truth = spots(tmp_path)
    other = one.filter(~truth)[PICTURE].to_list()
    both = one.with_columns(
        pl.Series(columns.file("second"), [other[at % len(other)] for at in range(96)])
    )
    found = SmallNet("S", Plan(epochs=20, least_steps=100)).fit(
        both, truth, Task.BINARY, tuple(both.columns), 0, None, guidance(both)
    )
    turned = both.select(
        pl.col(columns.file("second")).alias(PICTURE), pl.col(PICTURE).alias(columns.file("second"))
    )
    assert np.allclose(found.answer(both), found.answer(turned), rtol=1e-5)
    assert np.mean((found.answer(both) >= 0.5).to_numpy() == truth.to_numpy()) > 0.9


def test_the_mean_of_several_images_is_another_rule(tmp_path: Path) -> None:
    one, truth = spots(tmp_path, 40)
    both = one.with_columns(one[PICTURE].reverse().alias(columns.file("second")))
    images = (Images((), pool) for pool in Pool)
    answers = [small(both, truth, images=rule).answer(both).to_list() for rule in images]
    assert answers[0] != answers[1]


def test_large_images_are_scaled_to_the_side_that_is_asked_for(tmp_path: Path) -> None:
    rng, files = np.random.default_rng(0), []
    for at in range(12):
        file = tmp_path / f"{at}.png"
        file.write_bytes(png(rng.integers(0, 65535, (120, 60)).astype(np.uint16)))
        files.append(str(file))
    cases = pl.DataFrame({PICTURE: files})
    found = small(cases, pl.Series([True, False] * 6), images=Images((), side=32))
    assert found.card.canvas is not None
    assert (found.card.canvas.height, found.card.canvas.width) == (32, 16)


def test_colours_are_refused_where_grey_was_learnt(tmp_path: Path) -> None:
    from PIL import Image

    cases, truth = spots(tmp_path, 24)
    found = small(cases, truth)
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    pixels[:, :, 0] = 250
    Image.fromarray(pixels).save(tmp_path / "red.png")
    assert found.answer(pl.DataFrame({PICTURE: [str(tmp_path / "red.png")]})).to_list() == [None]


def test_several_classes_cost_what_the_matrix_says() -> None:
    cases, inside = rings()
    truth = inside.replace_strict({True: "near", False: "far"}, return_dtype=pl.String)
    # whatever is called far costs a fortune, and the classes stand in another order
    costs = np.array([[0.0, 9.0] if one == "near" else [0.1, 9.0] for one in truth])
    rules = TrainRules(loss=LossName.COST)
    told = guidance(cases, training=rules, costs=costs, calls=("near", "far"))
    found = Mlp("S").fit(cases, truth, Task.MULTICLASS, ("a", "b"), 0, None, told)
    assert set(found.answer(cases)) == {"near"}


def test_weights_move_what_is_learnt() -> None:
    cases, truth = rings()
    weights = truth.replace_strict({True: 1.9, False: 0.1}, return_dtype=pl.Float64)
    plain = Mlp("S").fit(cases, truth, Task.BINARY, ("a", "b"), 0)
    moved = Mlp("S").fit(cases, truth, Task.BINARY, ("a", "b"), 0, weights)
    answers = [np.mean(one.answer(cases).to_numpy()) for one in (plain, moved)]
    assert answers[1] > answers[0] + 0.05


def test_without_torch_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.models.nets.room.find_spec", lambda name: None)
    cases, truth = rings(20)
    with pytest.raises(BadInput, match=r"pip install 'roadworthy\[torch\]'"):
        Mlp().fit(cases, truth, Task.BINARY, ("a", "b"), 0)


def test_a_forged_card_is_refused(tmp_path: Path) -> None:
    from roadworthy.models import archive

    cases, truth = rings(60)
    found = Mlp("S", SHORT).fit(cases, truth, Task.BINARY, ("a", "b"), 0)
    file = tmp_path / "a"
    file.write_bytes(found.to_bytes())
    card, parts, _ = archive.unpack(file, [model.WEIGHTS])
    for key, value in {"kind": "os.system", "outputs": 10**9, "channels": 1e9, "size": "M"}.items():
        shape = {**card["shape"], key: value}
        file.write_bytes(archive.pack({**card, "shape": shape}, parts))
        with pytest.raises(BadInput, match="cannot be read"):
            Mlp().load(file)
