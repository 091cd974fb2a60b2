"""Every optimizer and schedule makes the steps that Keras's makes, and is written and read as Keras writes it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.formats.keras_optimizer import optimizer_config, read_optimizer
from engine.formats.loaded import Notes
from engine.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    OneCycle,
    Optimizer,
    RMSprop,
    ScheduleFreeAdamW,
    Warmup,
)  # fmt: skip
from engine.optimizers.schedules import (
    SCHEDULES,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Schedule,
)  # fmt: skip
from engine.project import TrainingSettings

STEPS = 12

CASES: list[Optimizer] = [
    *(cls(learning_rate=0.05) for cls in OPTIMIZERS.values()),
    Adam(learning_rate=0.05, amsgrad=True, beta_1=0.7, beta_2=0.9, epsilon=1e-3),
    AdamW(learning_rate=0.05, weight_decay=0.3, clipnorm=0.2),
    SGD(learning_rate=0.1, momentum=0.9),
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True, clipvalue=0.05),
    RMSprop(learning_rate=0.02, momentum=0.5),
    RMSprop(learning_rate=0.02, momentum=0.5, centered=True, rho=0.7),
    RMSprop(learning_rate=0.02, centered=True, global_clipnorm=0.1, epsilon=1e-4),
    Adagrad(learning_rate=0.1, initial_accumulator_value=0.0),
    Adadelta(learning_rate=5.0, rho=0.5, epsilon=1e-4),
    Adafactor(learning_rate=0.1, relative_step=False, clip_threshold=0.5, beta_2_decay=-0.5),
    Adafactor(learning_rate=ExponentialDecay(initial_learning_rate=0.1, decay_steps=3)),
    Adamax(learning_rate=0.05, beta_2=0.5, weight_decay=0.1),
    Ftrl(learning_rate=0.2, l1_regularization_strength=0.02, l2_regularization_strength=0.1, beta=0.5),
    Ftrl(learning_rate=0.2, l2_shrinkage_regularization_strength=0.1, learning_rate_power=-0.8),
    Lamb(learning_rate=0.05, weight_decay=0.1),
    Lion(learning_rate=0.01, beta_1=0.5, beta_2=0.7),
    Nadam(learning_rate=0.05, use_ema=True, ema_momentum=0.8),
    Nadam(learning_rate=0.05, gradient_accumulation_steps=3),
    SGD(learning_rate=0.1, momentum=0.5, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=4),
    Adam(learning_rate=0.05, gradient_accumulation_steps=2, use_ema=True, clipnorm=0.3, weight_decay=0.1),
    Adam(learning_rate=0.05, loss_scale_factor=64.0),
    ScheduleFreeAdamW(learning_rate=0.05, warmup_steps=5, beta_1=0.8),
    AdamW(learning_rate=PolynomialDecay(initial_learning_rate=0.1, decay_steps=7), weight_decay=0.1),
]

RATES: list[Schedule] = [
    *(cls.beginning(0.1) for cls in SCHEDULES.values() if cls not in (OneCycle, Warmup)),
    ExponentialDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5, staircase=True),
    InverseTimeDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5, staircase=True),
    PolynomialDecay(initial_learning_rate=0.1, decay_steps=7, end_learning_rate=0.02, power=2.0),
    PolynomialDecay(initial_learning_rate=0.1, decay_steps=7, power=0.5, cycle=True),
    CosineDecay(initial_learning_rate=0.1, decay_steps=9, alpha=0.1),
    CosineDecay(initial_learning_rate=0.01, decay_steps=9, warmup_target=0.1, warmup_steps=5),
    CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=4, t_mul=1.0, m_mul=0.5, alpha=0.1),
    CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=4, t_mul=1.5),
    PiecewiseConstantDecay(boundaries=(3, 6, 9), values=(0.1, 0.05, 0.02, 0.01)),
]


def _name(value: Any) -> str:
    changed = (name for name in type(value).model_fields if name in value.model_fields_set - {"learning_rate"})
    return "-".join([value.type, *changed])


_X = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
_Y = np.sin(_X[:, :3])
_FIRST = [
    np.random.default_rng(number).normal(size=shape).astype(np.float32) * 0.5
    for number, shape in enumerate([(5, 4), 4, (4, 3)])
]
_NAMES = ("kernel", "bias", "last")


@jax.jit
@jax.value_and_grad
def _loss(params: dict[str, jax.Array]) -> jax.Array:
    """How far a small dense network is off."""
    hidden = jnp.tanh(_X @ params["kernel"] + params["bias"])
    return jnp.square(hidden @ params["last"] - _Y).mean()


def _ours(optimizer: Optimizer) -> tuple[list[float], Any]:
    params: Any = dict(zip(_NAMES, map(jnp.asarray, _FIRST), strict=True))
    state, losses, update = optimizer.init(params), [], jax.jit(optimizer.update)
    for _ in range(STEPS):
        loss, gradients = _loss(params)
        losses.append(float(loss))
        scale = optimizer.loss_scale_factor or 1.0
        params, state = update(params, jax.tree.map(lambda g, scale=scale: g * scale, gradients), state)
    assert int(state.iterations) == STEPS
    return losses, optimizer.finished(params, state)


def _theirs(optimizer: Any) -> tuple[list[float], Any]:
    variables = {name: keras.Variable(first, name=name) for name, first in zip(_NAMES, _FIRST, strict=True)}
    losses: list[float] = []
    for _ in range(STEPS):
        loss, gradients = _loss({name: variable.value for name, variable in variables.items()})
        losses.append(float(loss))
        scale = optimizer.loss_scale_factor or 1.0
        optimizer.apply([gradients[name] * scale for name in _NAMES], [variables[name] for name in _NAMES])
    optimizer.finalize_variable_values(list(variables.values()))
    return losses, {name: np.asarray(variable) for name, variable in variables.items()}


def _keras(optimizer: Optimizer) -> Any:
    entry = {"module": "keras.optimizers", **optimizer_config(optimizer), "registered_name": None}
    return keras.saving.deserialize_keras_object(entry)


@pytest.mark.parametrize("optimizer", CASES, ids=_name)
def test_makes_the_steps_that_keras_makes(optimizer: Optimizer) -> None:
    losses, weights = _ours(optimizer)
    wanted, others = _theirs(_keras(optimizer))
    assert losses[-1] != losses[0]
    # 1 - 0.999, which Adam's kin divide by, keeps but four digits of 32 bits.
    np.testing.assert_allclose(losses, wanted, rtol=1e-5, atol=1e-5)
    for name, array in others.items():
        np.testing.assert_allclose(weights[name], array, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("schedule", RATES, ids=_name)
def test_follows_the_rate_that_keras_follows(schedule: Schedule) -> None:
    theirs = _keras(SGD(learning_rate=schedule))._learning_rate
    steps = np.arange(0, 30)
    ours = jax.vmap(schedule.at)(jnp.asarray(steps, jnp.float32))
    wanted = [float(theirs(int(step))) for step in steps]
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-8)
    assert SGD(learning_rate=schedule).rate(jnp.int32(4)) == pytest.approx(wanted[4], rel=1e-5)


@pytest.mark.parametrize("optimizer", [*CASES, *(SGD(learning_rate=rate) for rate in RATES)], ids=_name)
def test_is_read_as_keras_writes_it(optimizer: Optimizer) -> None:
    notes = Notes()
    written = keras.optimizers.serialize(_keras(optimizer))
    assert read_optimizer(written, notes) == optimizer
    assert notes == Notes()
    settings = TrainingSettings(optimizer=optimizer)
    assert TrainingSettings.model_validate_json(settings.model_dump_json()) == settings


def test_has_all_of_keras_but_these() -> None:
    theirs = {
        name for name, value in vars(keras.optimizers).items()
        if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer)
    }  # fmt: skip
    # Muon chooses by the paths of variables; the others are made of optimizers.
    missing = {"Optimizer", "Muon", "MultiOptimizer", "LossScaleOptimizer"}
    assert theirs - OPTIMIZERS.keys() == missing & theirs
    assert theirs >= OPTIMIZERS.keys()
    schedules = vars(keras.optimizers.schedules)
    assert {name for name, value in schedules.items() if isinstance(value, type)} - {
        "LearningRateSchedule"
    } == SCHEDULES.keys() - {"OneCycle", "Warmup"}


@pytest.mark.parametrize("cls", OPTIMIZERS.values(), ids=lambda cls: cls.__name__)
def test_has_the_arguments_and_defaults_of_keras(cls: type[Optimizer]) -> None:
    config = getattr(keras.optimizers, cls.__name__)().get_config()
    config.pop("name")
    config["learning_rate"] = pytest.approx(config["learning_rate"], rel=1e-6)
    assert cls().model_dump() == config


def test_what_is_not_known_is_noted() -> None:
    notes = Notes()
    assert read_optimizer({"class_name": "Muon", "config": {}}, notes) == Adam()
    inner = keras.optimizers.SGD(0.1, momentum=0.5)
    scaled = keras.optimizers.serialize(keras.optimizers.LossScaleOptimizer(inner))
    assert read_optimizer(scaled, notes) == SGD(learning_rate=0.1, momentum=0.5)
    rate = {"class_name": "Mine>Warm", "config": {"initial_learning_rate": 0.25}}
    found = read_optimizer({"class_name": "SGD", "config": {"learning_rate": rate, "twist": 3}}, notes)
    assert found == SGD(learning_rate=0.25)
    assert [note.partition(" ")[0] for note in notes.changed] == ["The"] * 3
    assert "Muon" in notes.changed[0]
    assert "Warm" in notes.changed[2]
    assert notes.not_understood == ["The setting twist of the optimizer SGD is not known here."]


def test_settings_that_cannot_be_are_noted_by_name() -> None:
    notes = Notes()
    assert read_optimizer({"class_name": "Adam", "config": {"beta_1": 3.0}}, notes) == Adam()
    assert "beta_1" in notes.changed[0]
    with pytest.raises(ValueError, match="only one of clipnorm"):
        SGD(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match="one value more"):
        PiecewiseConstantDecay(boundaries=(1, 2), values=(0.1, 0.2))


def test_the_decay_of_keras_2_is_a_schedule() -> None:
    notes = Notes()
    found = read_optimizer({"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.001}}, notes)
    assert found == SGD(learning_rate=InverseTimeDecay(initial_learning_rate=0.1, decay_steps=1, decay_rate=0.001))
    assert notes == Notes()
