"""Nets that tell how unsure they are: by disagreement, by dropout, and by their last layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.core.model import Uncertain
from roadworthy.core.product import Calibrate, LossName, Task, TrainRules
from roadworthy.models import archive, calibrators
from roadworthy.models.calibrated import CalibratedModel
from roadworthy.models.nets import ensemble, laplace, mc_dropout
from roadworthy.models.nets.averaged import Averaged, each, last
from roadworthy.models.nets.model import WEIGHTS, TrainedNet
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.posterior import Curved
from roadworthy.models.nets.unsure_rungs import Laplace, McDropout, NetEnsemble
from roadworthy.stats import calibration

SHORT = Plan(epochs=4, least_steps=0)
RUNGS = {"laplace": Laplace, "mc_dropout": McDropout, "net_ensemble": NetEnsemble}
Floats = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "MEMBERS", 3)
    monkeypatch.setattr(mc_dropout, "PASSES", 8)


def learnt(
    rung: str,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task = Task.BINARY,
    plan: Plan = SHORT,
    seed: int = 0,
    **told: Any,
) -> Any:
    features = tuple(cases.columns)
    found = RUNGS[rung]("S", plan).fit(
        cases, truth, task, features, seed, None, guidance(cases, **told)
    )
    assert isinstance(found, Averaged) and isinstance(found, Uncertain)
    return found


def thirds(cases: pl.DataFrame) -> pl.Series:
    radius = np.hypot(cases["a"].to_numpy(), cases["b"].to_numpy())
    return pl.Series(np.where(radius < 0.8, "near", np.where(radius < 1.5, "middle", "far")))


def test_an_ensemble_answers_with_the_mean_of_its_nets_answers() -> None:
    cases, inside = rings(120)
    model = learnt("net_ensemble", cases, inside)
    alone = [TrainedNet(net, model.card).answer(cases).to_numpy() for net in model.nets]
    assert len({one.tobytes() for one in alone}) == 3
    plain = replace(model, temperature=1.0)
    assert np.allclose(plain.answer(cases).to_numpy(), np.mean(alone, axis=0))
    told = plain.distribution(cases)
    low, high = np.quantile(alone, [0.05, 0.95], axis=0)
    assert np.allclose(told["low"], np.minimum(low, told["score"]))
    assert np.allclose(told["high"], np.maximum(high, told["score"]))


@pytest.mark.parametrize("rung", sorted(RUNGS))
def test_of_several_classes_the_score_is_the_chance_of_the_one_that_is_named(rung: str) -> None:
    cases, _ = rings(150)
    model = learnt(rung, cases, thirds(cases), Task.MULTICLASS)
    told, chances = model.distribution(cases), model.chances(cases)
    place = [model.card.classes.index(name) for name in model.answer(cases)]
    assert np.allclose(told["score"], chances[np.arange(len(place)), place])
    assert ((told["low"] <= told["score"]) & (told["score"] <= told["high"])).all()
    assert told["mutual_information"].min() >= 0.0 and told["mutual_information"].max() > 1e-4
    assert told["entropy"].max() <= np.log(3) + 1e-9


@pytest.mark.parametrize("rung", sorted(RUNGS))
def test_values_have_an_interval_and_no_entropy(rung: str) -> None:
    cases, _ = rings(120)
    model = learnt(rung, cases, cases["a"] * 30 + 100, Task.REGRESSION)
    told = model.distribution(cases)
    assert np.allclose(told["score"], model.answer(cases))
    assert (told["low"] < told["high"]).all()
    assert told["entropy"].null_count() == told["mutual_information"].null_count() == 120


@pytest.mark.parametrize("rung", sorted(RUNGS))
def test_what_is_read_back_is_as_unsure_as_before(rung: str, tmp_path: Path) -> None:
    cases, inside = rings(120)
    model, file = learnt(rung, cases, inside), tmp_path / "artifact"
    file.write_bytes(model.to_bytes())
    again = RUNGS[rung]().load(file)
    assert isinstance(again, Averaged)
    assert again.distribution(cases).equals(model.distribution(cases))
    card, parts, _ = archive.unpack(file, [WEIGHTS])
    other = "laplace" if rung != "laplace" else "mc_dropout"
    for forged in ({"kind": other}, {"temperature": 0.0}, {"format": 9}):
        file.write_bytes(archive.pack({**card, **forged}, parts))
        with pytest.raises(BadInput, match="cannot be read"):
            RUNGS[rung]().load(file)


def test_a_pass_leaves_out_the_same_of_every_case() -> None:
    """So no answer hangs on the cases beside it, nor on how often it was asked before."""
    cases, inside = rings(120)
    model = learnt("mc_dropout", cases, inside)
    together, alone = model.distribution(cases), model.distribution(cases[17:18])
    assert np.allclose(together[17:18].to_numpy(), alone.to_numpy(), rtol=1e-5)
    assert model.distribution(cases).equals(together)
    assert learnt("mc_dropout", cases, inside, seed=0).to_bytes() == model.to_bytes()


def test_passes_over_images_share_what_comes_before_dropout(tmp_path: Path) -> None:
    cases, bright = spots(tmp_path, 24)
    model = learnt("mc_dropout", cases, bright, plan=Plan(epochs=1, least_steps=0))
    batch = next(each(model.card, cases, []))
    assert np.allclose(model.members(batch), Averaged.members(model, batch))
    assert len({one.tobytes() for one in model.members(batch)}) == 8


def test_passes_keep_as_much_as_training_did(monkeypatch: pytest.MonkeyPatch) -> None:
    cases, inside = rings(60)
    monkeypatch.setattr(mc_dropout, "PASSES", 200)
    model = learnt("mc_dropout", cases, inside, plan=Plan(epochs=1, least_steps=0))
    kept = np.concatenate([mask.ravel() for mask in model.masks])
    assert kept.mean() == pytest.approx(1.0 - mc_dropout.DROPOUT, abs=0.02)
    mask = model.masks[-1][0]
    batch = next(each(model.card, cases, []))
    head = model.nets[0].head
    features = torch.ones(1, len(mask))
    share = 1.0 - mc_dropout.DROPOUT
    assert np.allclose(head[0](features).numpy()[0], mask / share)
    assert model.members(batch).shape == (200, 60, 2)


@pytest.mark.parametrize("pool", list(Pool))
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_the_slope_of_a_last_layer_is_what_a_small_step_changes(
    tmp_path: Path, pool: Pool, task: Task
) -> None:
    one, bright = spots(tmp_path, 24)
    cases = one.with_columns(
        one[columns.file("picture")].reverse().alias(columns.file("second")),
        age=pl.int_range(24).cast(pl.Float64),
    )
    truth = bright if task is Task.BINARY else bright.cast(pl.String)
    model = learnt("laplace", cases, truth, task, images=Images((), pool))
    net, batch = model.nets[0], next(each(model.card, cases, []))
    out, slope = laplace.linear(net, batch)
    layer, step = last(net), 1e-3
    for at in (0, 3):
        with torch.no_grad():
            layer.weight[-1, at] += step
            moved = laplace.linear(net, batch)[0]
            layer.weight[-1, at] -= step
        assert np.allclose((moved - out)[:, -1] / step, slope[:, -1, at], atol=4e-3)
    assert layer.bias is not None
    with torch.no_grad():
        layer.bias[-1] += step
        assert np.allclose((laplace.linear(net, batch)[0] - out)[:, -1] / step, slope[:, -1, -1],
                           atol=4e-3)  # fmt: skip


def test_a_laplace_net_is_bayesian_logistic_regression_on_its_last_features() -> None:
    """Independently: the Hessian of the log loss of that regression, inverted, by its features."""
    cases, inside = rings(200)
    model = learnt("laplace", cases, inside)
    net = model.nets[0]
    batch = next(each(model.card, cases, []))
    with torch.no_grad():
        x = np.column_stack([net.body(batch.numbers).double().numpy(), np.ones(200)])
    logit = x @ laplace.weights_of(net)
    p = 1 / (1 + np.exp(-logit))
    rows = np.flatnonzero(~_held_out(cases, inside))
    assert len(rows) == 160
    hessian = (x[rows] * (p * (1 - p))[rows, None]).T @ x[rows]
    covariance = model.spread.astype(np.float64) @ model.spread.T.astype(np.float64)
    prior = np.linalg.inv(covariance) - hessian
    precision = float(np.median(np.diag(prior)))
    assert np.allclose(prior, precision * np.eye(len(prior)), atol=2e-3 * precision + 1e-3)
    variance = np.einsum("ni,ij,nj->n", x, covariance, x)
    softer = 1 / (1 + np.exp(-logit / np.sqrt(1 + np.pi * variance / 8)))
    plain = replace(model, temperature=1.0)
    assert np.allclose(plain.answer(cases).to_numpy(), softer, atol=1e-4)
    # draws and formula are about one posterior
    drawn = plain.members(batch)[:, :, 1].mean(axis=0)
    assert np.abs(drawn - softer).max() < 0.04


def test_a_laplace_net_grows_unsure_far_from_what_it_learnt() -> None:
    cases, inside = rings(200)
    model = learnt("laplace", cases, inside, plan=Plan(epochs=20, least_steps=0))
    away = cases * 4
    near, far = (
        np.sqrt(_variance(model, next(each(model.card, some, [])))).mean() for some in (cases, away)
    )
    assert far > 2 * near


def test_a_prior_under_which_held_out_cases_are_answered_badly_is_narrowed() -> None:
    """The widest that does as well as the best, and no wider."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1, 3))
    out = 8.0 * x[:, :, 0]
    truth = (rng.random(200) < 1 / (1 + np.exp(-out[:, 0]))).astype(np.int64)
    known = laplace.HeldOut(out, x, truth)
    flat = Curved(np.ones(3), np.eye(3) * 1e-6)
    found = laplace.settled(flat, 0.01, known)
    losses = [known.losses(flat.spread(one)).mean() for one in (0.01, found, 0.01 * 4.0**7)]
    assert losses[0] > 2 * losses[1] and losses[1] < 1.3 * losses[2]
    assert 0.01 < found < 0.01 * 4.0**7


def test_a_posterior_of_the_log_loss_is_not_taken_for_one_of_another() -> None:
    cases, inside = rings(60)
    rules = TrainRules(loss=LossName.FOCAL, parameter=2.0)
    with pytest.raises(BadInput, match="minimises focal"):
        learnt("laplace", cases, inside, training=rules)
    assert learnt("mc_dropout", cases, inside, training=rules).temperature == 1.0


def test_a_last_layer_that_is_too_wide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cases, inside = rings(60)
    monkeypatch.setattr(laplace, "MOST_WEIGHTS", 10)
    with pytest.raises(BadInput, match="33 weights"):
        learnt("laplace", cases, inside, plan=Plan(epochs=1, least_steps=0))


def test_features_are_what_the_last_layers_see(tmp_path: Path) -> None:
    cases, inside = rings(60)
    model = learnt("net_ensemble", cases, inside, plan=Plan(epochs=1, least_steps=0))
    batch = next(each(model.card, cases, []))
    with torch.no_grad():
        wanted = torch.cat([net.body(batch.numbers) for net in model.nets], dim=1)
    assert np.allclose(model.features(cases).to_numpy(), wanted.numpy())
    pictured, bright = spots(tmp_path, 24)
    seen = learnt("mc_dropout", pictured, bright, plan=Plan(epochs=1, least_steps=0))
    some = pl.DataFrame({pictured.columns[0]: [*pictured.to_series()[:2], None]})
    found = seen.features(some)
    assert found.null_count().row(0) == (1,) * found.width


def test_an_image_that_cannot_be_read_is_no_number_anywhere(tmp_path: Path) -> None:
    cases, bright = spots(tmp_path, 40)
    model = learnt("net_ensemble", cases, bright, plan=Plan(epochs=1, least_steps=0))
    some = pl.DataFrame({cases.columns[0]: [None, *cases.to_series()[:2]]})
    for name in ("score", "low", "high", "entropy", "mutual_information"):
        found = model.distribution(some)[name]
        assert found.is_null().to_list() == [True, False, False]
    assert model.distribution(some.clear()).height == 0


def test_recalibration_comes_after_averaging_and_brings_back_what_averaging_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Passes that leave out a third of the net are less sure than they are right."""
    monkeypatch.setattr(mc_dropout, "DROPOUT", 0.35)
    cases, inside = rings(1600)
    seen, fresh = cases[:600], cases[600:]
    plan = Plan(epochs=40, least_steps=0, patience=20)
    model = learnt("mc_dropout", seen, inside[:600], plan=plan)
    mean = replace(model, temperature=1.0)
    assert model.temperature < 0.8
    one, other = fresh[:400], fresh[400:]
    truth = inside[600:1000].to_numpy(), inside[1000:].to_numpy()
    outside = CalibratedModel(
        mean, calibrators.fit(Calibrate.TEMPERATURE, mean.answer(one).to_numpy(), truth[0])
    )
    before, within, after = (
        _gap(some.answer(other).to_numpy(), truth[1]) for some in (mean, model, outside)
    )
    assert before > 0.1
    assert max(within, after) < 0.06
    # the disagreement stays that of the passes
    told = [some.distribution(other)["mutual_information"] for some in (mean, model, outside)]
    assert told[0].equals(told[1]) and told[0].equals(told[2])


def _gap(scores: Floats, truth: NDArray[np.bool_]) -> float:
    return calibration.estimate(calibration.bins(scores, truth, np.linspace(0, 1, 11)))


def _variance(model: Any, batch: Any) -> Floats:
    from roadworthy.models.nets import posterior

    slope = laplace.linear(model.nets[0], batch)[1]
    return posterior.variances(slope, model.spread.astype(np.float64))[:, 0]


def _held_out(cases: pl.DataFrame, truth: pl.Series) -> NDArray[np.bool_]:
    from roadworthy.models.nets import fitting

    return fitting.held_out_cases(truth, Task.BINARY, SHORT, guidance(cases), 0)
