"""Warm-up and one-cycle: their rates, and what becomes of them in files and programs."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine import templates
from engine.formats import models
from engine.formats.keras_code import keras_code
from engine.formats.keras_optimizer import optimizer_config, read_optimizer, replaced
from engine.formats.loaded import Notes
from engine.model import compile_graph
from engine.optimizers import SGD, OneCycle, Warmup
from engine.optimizers.schedules import SCHEDULES, CosineDecay, PiecewiseConstantDecay, Schedule
from engine.project import Project, TrainingSettings
from tests.engine.graphs import run


def _rates(schedule: Schedule, steps: int) -> np.ndarray:
    return np.asarray(jax.vmap(schedule.at)(jnp.arange(steps, dtype=jnp.float32)))


def test_warmup_rises_and_stays() -> None:
    rates = _rates(Warmup(learning_rate=0.4, initial_learning_rate=0.1, warmup_steps=3), 6)
    np.testing.assert_allclose(rates, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4], rtol=1e-6)


def test_one_cycle_is_that_of_pytorch() -> None:
    # The rates of torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=10), worked out by its formula.
    peak, end, first = 0.3 * 10 - 1, 9, 0.1 / 25
    last = first / 1e4

    def wave(start: float, stop: float, share: float) -> float:
        return stop + (start - stop) / 2 * (1 + math.cos(math.pi * share))

    wanted = [
        wave(first, 0.1, step / peak) if step <= peak else wave(0.1, last, (step - peak) / (end - peak))
        for step in range(10)
    ]
    rates = _rates(OneCycle(max_learning_rate=0.1, total_steps=10), 12)
    np.testing.assert_allclose(rates[:10], wanted, rtol=1e-5, atol=1e-8)
    assert rates[2] == pytest.approx(0.1)
    np.testing.assert_allclose(rates[10:], last, atol=1e-8)  # it stays at the end


@pytest.mark.parametrize("schedule", [Warmup(warmup_steps=7), OneCycle(total_steps=40), OneCycle(total_steps=3)])
def test_what_files_of_keras_hold_is_near(schedule: Schedule) -> None:
    config = optimizer_config(SGD(learning_rate=schedule))
    entry = {"module": "keras.optimizers", **deepcopy(config), "registered_name": None}
    theirs = keras.saving.deserialize_keras_object(entry)._learning_rate
    rates = [float(theirs(step)) for step in range(45)]
    assert isinstance(theirs, keras.optimizers.schedules.CosineDecay)
    # Exact for the warm-up; the rise of one cycle is a wave here and a line there, some tenth of the top apart.
    far = 1e-7 if isinstance(schedule, Warmup) else 0.12 * schedule.highest
    np.testing.assert_allclose(_rates(schedule, 45), rates, atol=far)
    read = read_optimizer(config, Notes())
    assert read is not None
    assert read.learning_rate == schedule.in_keras()


def test_the_nearest_is_told() -> None:
    assert replaced(SGD(learning_rate=Warmup())) == []
    (note,) = replaced(SGD(learning_rate=OneCycle()))
    assert "CosineDecay" in note


@pytest.mark.parametrize("schedule", [Warmup.beginning(0.1), OneCycle(max_learning_rate=0.1, total_steps=20)])
def test_programs_follow_the_same_rates(schedule: Schedule) -> None:
    project = templates.make("iris-mlp").with_training(optimizer=SGD(learning_rate=schedule))
    model = run(keras_code(project))["model"]
    theirs = model.optimizer._learning_rate
    rates = [float(theirs(step)) for step in range(25)]
    np.testing.assert_allclose(_rates(schedule, 25), rates, rtol=1e-5, atol=1e-8)
    if isinstance(schedule, OneCycle):
        assert type(theirs).from_config(theirs.get_config()).get_config() == theirs.get_config()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_keras_opens_a_file_of_a_project_with_one_cycle(suffix: str, tmp_path: Path) -> None:
    project = templates.make("iris-mlp").with_training(optimizer=SGD(learning_rate=OneCycle(total_steps=50)))
    model = compile_graph(project.graph)
    path = tmp_path / f"model{suffix}"
    models.save(path, project.graph, model.to_host(model.init(0)), project.training)
    theirs = keras.saving.load_model(path)
    assert isinstance(theirs.optimizer._learning_rate, keras.optimizers.schedules.CosineDecay)
    assert models.load(path).training is not None


@pytest.mark.parametrize("cls", SCHEDULES.values(), ids=lambda cls: cls.__name__)
def test_each_schedule_can_be_brought_to_another_rate(cls: type[Schedule]) -> None:
    schedule = cls.beginning(0.25)
    assert schedule.highest == 0.25
    assert schedule.reaching(0.5).highest == 0.5
    settings = TrainingSettings(optimizer=SGD(learning_rate=schedule))
    assert TrainingSettings.model_validate_json(settings.model_dump_json()) == settings
    assert Project().with_training(optimizer=settings.optimizer).training.optimizer.learning_rate == schedule


def test_the_highest_rate_is_that_of_the_rise() -> None:
    rising = CosineDecay(initial_learning_rate=0.1, warmup_target=0.4, warmup_steps=5)
    assert rising.reaching(0.05).model_dump(include={"initial_learning_rate", "warmup_target"}) == {
        "initial_learning_rate": 0.05,
        "warmup_target": 0.05,
    }
    steps = PiecewiseConstantDecay(boundaries=(1, 2), values=(0.4, 0.2, 0.1)).reaching(0.2)
    assert isinstance(steps, PiecewiseConstantDecay)
    np.testing.assert_allclose(steps.values, [0.2, 0.1, 0.05])
