"""The learning rate finder: which rates it tries, what it makes of them, and that it leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from engine import templates
from engine.errors import Cancelled
from engine.events import EpochDone, Finished, Result, StepsDone
from engine.formats import project_file
from engine.optimizers import SGD, OneCycle
from engine.project import Project
from engine.rate_finder import RateCurve, RateTried, find_rate
from engine.start import Start
from engine.training import train


def curve_of(project: Project, start: Start | None = None, **how: float) -> RateCurve:
    *_, last = find_rate(project, start, **how)  # type: ignore[arg-type]
    assert isinstance(last, Result)
    return last.value


def made(losses: list[float], smoothed: list[float] | None = None, *, diverged: bool = False) -> RateCurve:
    rates = np.geomspace(1e-5, 1.0, len(losses)).tolist()
    return RateCurve(tuple(rates), tuple(losses), tuple(smoothed or losses), diverged)


@pytest.fixture(scope="module")
def iris() -> RateCurve:
    return curve_of(templates.make("iris-mlp"), steps=120)


def test_the_rates_grow_by_one_factor(iris: RateCurve) -> None:
    factors = np.divide(iris.rates[1:], iris.rates[:-1])
    np.testing.assert_allclose(factors, (10 / 1e-7) ** (1 / 119), rtol=1e-6)
    assert iris.rates[0] == pytest.approx(1e-7)
    assert len(iris.rates) == len(iris.losses) == len(iris.smoothed)


def test_a_proposed_rate_trains_better_than_the_extremes(iris: RateCurve) -> None:
    assert iris.proposed is not None
    assert iris.least is not None
    assert 1e-4 < iris.proposed <= iris.least / 10 * 1.05  # two digits of it

    def loss(rate: float) -> float:
        project = templates.make("iris-mlp").with_training(epochs=5)
        optimizer = project.training.optimizer.replace(learning_rate=rate)
        done = [e for e in train(project.with_training(optimizer=optimizer)) if isinstance(e, EpochDone)]
        return done[-1].logs["loss"]

    assert loss(iris.proposed) < loss(1e-6)


def test_the_losses_are_those_of_training() -> None:
    # Two steps at one rate, as a run makes them: the same weights, batches and order.
    project = templates.make("iris-mlp").with_training(epochs=1, optimizer=SGD(learning_rate=0.05))
    curve = curve_of(project, lowest=0.05, highest=0.05 * (1 + 1e-9), steps=3)
    logs = [event.logs["loss"] for event in train(project) if isinstance(event, StepsDone)]
    np.testing.assert_allclose(curve.losses, np.concatenate(logs)[:3], rtol=1e-4)


def test_a_schedule_does_not_bend_the_rates() -> None:
    plain = templates.make("iris-mlp").with_training(optimizer=SGD(learning_rate=0.01))
    cycled = plain.with_training(optimizer=SGD(learning_rate=OneCycle(total_steps=30)))
    some = {"lowest": 0.001, "highest": 0.1, "steps": 12}
    np.testing.assert_allclose(curve_of(plain, **some).losses, curve_of(cycled, **some).losses, rtol=1e-5)


def test_begins_with_weights_that_are_given() -> None:
    project = templates.make("iris-mlp").with_training(epochs=30)
    *_, finished = train(project)
    start = Start(finished.weights)  # type: ignore[attr-defined]
    before = {key: {n: a.copy() for n, a in own.items()} for key, own in start.weights.items()}
    fresh, trained = (curve_of(project, given, steps=12) for given in (None, start))
    assert trained.losses[0] < 0.7 * fresh.losses[0]
    for key, own in before.items():
        for name, array in own.items():
            np.testing.assert_array_equal(start.weights[key][name], array)  # a copy was trained


def test_stops_where_the_loss_diverges() -> None:
    project = templates.make("diabetes-regression").with_training(optimizer=SGD())
    curve = curve_of(project, highest=1000.0, steps=120)
    assert curve.diverged
    assert len(curve.rates) < 120
    assert np.isfinite(curve.losses).all()


def test_a_search_that_is_ended_early_gives_what_it_has() -> None:
    job = find_rate(templates.make("iris-mlp"))
    for event in job:
        if isinstance(event, RateTried) and event.done == 15:
            break
    last = job.throw(Cancelled())
    assert isinstance(last, Result)
    assert len(last.value.rates) == 15
    early = find_rate(templates.make("iris-mlp"))
    next(early)
    with pytest.raises(Cancelled):
        early.throw(Cancelled())


# What is made of a curve


def test_proposes_the_steepest_point_before_the_least() -> None:
    falling = [2.0] * 30 + np.linspace(2.0, 1.0, 10).tolist() + [0.9] * 30 + [5.0] * 5
    curve = made(falling)
    assert curve.steepest is not None
    assert curve.least is not None
    assert 29 <= curve.rates.index(curve.steepest) <= 40
    assert curve.least == curve.rates[40]
    assert curve.proposed == float(f"{min(curve.steepest, curve.least / 10):.2g}")


def test_keeps_a_tenth_from_the_least() -> None:
    curve = made([2.0] * 40 + [1.0, 0.5, 0.2] + [4.0] * 10)
    assert curve.steepest is not None
    assert curve.least is not None
    assert curve.proposed == float(f"{curve.least / 10:.2g}") < curve.steepest


@pytest.mark.parametrize("losses", [[], [1.0], [1.0] * 40, np.linspace(1, 3, 40).tolist(), [1.0, 0.995] * 20])
def test_proposes_nothing_where_the_loss_never_falls(losses: list[float]) -> None:
    curve = made(losses)
    assert curve.proposed is None
    assert curve.steepest is None


def noise(size: int, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).normal(0.06, 0.04, size).clip(0.001).tolist()


def smooth(losses: list[float]) -> list[float]:
    """As the finder does: a mean of which each loss before counts a tenth less."""
    mean, found = 0.0, []
    for number, loss in enumerate(losses, 1):
        mean = 0.9 * mean + 0.1 * loss
        found.append(mean / (1 - 0.9**number))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_what_noise_alone_does_is_no_fall(seed: int) -> None:
    losses = noise(200, seed)
    assert made(losses, smooth(losses)).proposed is None


def test_keeps_a_tenth_from_where_the_loss_of_trained_weights_rises() -> None:
    losses = [*noise(120), *np.geomspace(0.06, 3, 40)]
    curve = made(losses, smooth(losses))
    assert curve.least is None
    assert curve.rises is not None
    assert 115 <= curve.rates.index(curve.rises) <= 140
    assert curve.proposed == float(f"{curve.rises / 10:.2g}")
    at_once = made(losses[:120], smooth(losses[:120]), diverged=True)  # the next loss was no number
    assert at_once.rises == at_once.rates[-1]


def test_weights_that_are_well_trained_are_proposed_a_rate_below_that_where_they_are_lost() -> None:
    project = templates.make("digits-cnn").with_training(epochs=15)
    *_, last = train(project)
    assert isinstance(last, Finished)
    curve = curve_of(project, Start(last.weights))
    assert curve.least is None
    assert curve.proposed is not None
    assert 1e-5 < curve.proposed < 1e-2


# On the command line


def test_the_command_line_proposes_and_leaves_no_run(tmp_path: Path) -> None:
    path = tmp_path / "iris.loom"
    project_file.save(templates.make("iris-mlp"), path)
    before = path.read_bytes()
    found = CliRunner().invoke(cli, ["find-rate", str(path), "--steps", "60", "--json"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["proposed"] > 0
    assert len(told["rates"]) == len(told["smoothed"])
    said = CliRunner().invoke(cli, ["find-rate", str(path), "--steps", "60"])
    assert f"Proposed: {told['proposed']:g}" in said.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["iris.loom"]
    assert path.read_bytes() == before
    refused = CliRunner().invoke(cli, ["find-rate", str(path), "--lowest", "1", "--highest", "0.1"])
    assert refused.exit_code == 2
