"""Activations, initializers and losses against those of Keras."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine import named
from engine.formats.keras_layers import function_class, function_entry
from engine.formats.keras_training import read_training
from engine.layers.core import Dense, Input, Output
from engine.losses import LOSSES
from engine.named import settings_of
from engine.ops.activations import ACTIVATIONS, ALIASES
from engine.ops.constraints import CONSTRAINTS
from engine.ops.initializers import INITIALIZERS, initialize
from engine.ops.regularizers import REGULARIZERS
from engine.templates import chain
from tests.engine.layer_cases import Array, close

GRID = np.concatenate([np.linspace(-8, 8, 161), [-40.0, -0.2, 0.3, 40.0]]).astype(np.float32).reshape(3, 55)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_keras(name: str) -> None:
    close(ACTIVATIONS[name](jnp.asarray(GRID)), keras.activations.get(name)(GRID), atol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_of_activation_equals_keras(name: str) -> None:
    # Off the corners, where any number between the slopes will do.
    x = GRID + np.float32(0.013)

    def slope(function: Any) -> Any:
        return jax.grad(lambda values: (function(values) * jnp.cos(values)).sum())(jnp.asarray(x))

    found = slope(ACTIVATIONS[name])
    assert np.isfinite(found).all()
    close(found, slope(keras.activations.get(name)), rtol=5e-5, atol=1e-5)


def test_every_activation_of_keras_is_here_by_name() -> None:
    theirs = {name for name in dir(keras.activations) if name[0] != "_"} - {"get", "serialize", "deserialize"}
    # These two are no settings: glu halves an axis, threshold wants to be told two numbers.
    assert {*ACTIVATIONS, *ALIASES} == theirs - {"glu", "threshold"}
    assert all(keras.activations.serialize(keras.activations.get(name)) == name for name in ACTIVATIONS)
    assert all(keras.activations.get(name).__name__ == ours for name, ours in ALIASES.items())


# Initializers


def _keras_initializer(name: str, settings: dict[str, Any] | None = None) -> Any:
    config = settings_of(INITIALIZERS[name]) if settings is None else settings
    return keras.initializers.get({"class_name": function_class(name), "config": config})


@pytest.mark.parametrize("shape", [(64, 200), (3, 3, 24, 40), (4000,)], ids=str)
@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializer_spreads_as_keras_does(name: str, shape: tuple[int, ...]) -> None:
    if name == "identity":
        pytest.skip("draws nothing, and only makes matrices")
    if name == "orthogonal" and len(shape) == 1:
        pytest.skip("a vector cannot be orthogonal, in Keras neither")
    ours = initialize(INITIALIZERS[name], 0, 0, shape)
    theirs = np.asarray(_keras_initializer(name)(shape))
    assert ours.shape == shape
    assert ours.dtype == np.float32
    # 4,000 numbers or more: means within five deviations, spreads within six percent.
    assert abs(ours.mean() - theirs.mean()) <= 5 * (theirs.std() + ours.std()) / ours.size**0.5
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.06)
    np.testing.assert_allclose(np.abs(ours).max(), np.abs(theirs).max(), rtol=0.35)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform", "lecun_uniform", "random_uniform"])
@pytest.mark.parametrize("shape", [(64, 200), (3, 3, 24, 40), (4000,)], ids=str)
def test_uniform_initializer_has_the_bound_of_keras(name: str, shape: tuple[int, ...]) -> None:
    ours, theirs = initialize(INITIALIZERS[name], 0, 0, shape), np.asarray(keras.initializers.get(name)(shape))
    np.testing.assert_allclose(np.abs(ours).max(), np.abs(theirs).max(), rtol=0.01)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 3, 2, 10)], ids=str)
def test_orthogonal_initializer_is_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = initialize(INITIALIZERS["orthogonal"], 0, 0, shape).reshape(-1, shape[-1])
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    close(product, np.eye(len(product)), atol=1e-5)


def test_initializers_differ_by_seed_and_by_number() -> None:
    drawn = [initialize(INITIALIZERS["glorot_uniform"], *place, (4, 4)) for place in ((0, 0), (0, 1), (1, 0))]
    assert (drawn[0] == initialize(INITIALIZERS["glorot_uniform"], 0, 0, (4, 4))).all()
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[0] != drawn[2]).any()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("identity", {"gain": 2.0}),
        ("constant", {"value": 0.5}),
        ("random_normal", {"mean": 1.0, "stddev": 0.3}),
        ("random_uniform", {"minval": 0.5, "maxval": 0.75}),
        ("truncated_normal", {"mean": -1.0, "stddev": 0.5}),
        ("orthogonal", {"gain": 3.0}),
        ("variance_scaling", {"scale": 3.0, "mode": "fan_out", "distribution": "uniform"}),
        ("variance_scaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    ],
)
def test_initializer_with_settings_spreads_as_keras_does(name: str, settings: dict[str, Any]) -> None:
    ours = initialize(partial(INITIALIZERS[name], **settings), 0, 0, (100, 120))
    theirs = np.asarray(_keras_initializer(name, settings)((100, 120)))
    # 12,000 numbers: five deviations of a mean.
    assert abs(ours.mean() - theirs.mean()) <= 5 * (theirs.std() + ours.std()) / ours.size**0.5 + 1e-7
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.06, atol=1e-7)


# Regularizers and constraints


@pytest.mark.parametrize(
    "text",
    [
        "l1",
        "l2",
        "l1_l2(l1=0.1, l2=0.2)",
        "l2(l2=0.3)",
        "orthogonal_regularizer",
        'orthogonal_regularizer(mode="columns")',
    ],
)
def test_regularizer_equals_keras(text: str) -> None:
    # An array of JAX, as in training: Keras norms the rows of a NumPy array where it is to norm the columns.
    weight = jnp.asarray(np.random.default_rng(0).normal(size=(6, 6)), jnp.float32)
    theirs = keras.regularizers.get(function_entry(text, "regularizer"))
    close(named.function_of(text, REGULARIZERS)(weight), theirs(weight))


@pytest.mark.parametrize(
    "text",
    ["max_norm", "max_norm(max_value=0.5, axis=[0, 1])", "non_neg", "unit_norm", "unit_norm(axis=1)",
     "min_max_norm", "min_max_norm(min_value=0.4, max_value=0.6, rate=0.5)"],
)  # fmt: skip
def test_constraint_equals_keras(text: str) -> None:
    weight = np.random.default_rng(0).normal(size=(6, 6)).astype(np.float32)
    theirs = keras.constraints.get(function_entry(text, "constraint"))
    close(named.function_of(text, CONSTRAINTS)(jnp.asarray(weight)), theirs(weight))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("no_such", "must be one of"),
        ("l2(__import__('os'))", "a name with arguments"),
        ("l2(**{})", "a name with arguments"),
        ("l2(0.1, 0.2)", "takes l2, not 2 values"),
        ("l2(l1=0.1)", "takes l2, not l1"),
        ("l2('a')", "must be like 0.01"),
        ("l2(", "a name with arguments"),
        ("os.system('x')", "a name with arguments"),
    ],
)
def test_a_text_that_is_no_function_is_refused(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cause)):
        named.parse(text, REGULARIZERS)


# Losses and metrics


def _data(loss: str, shape: tuple[int, ...] = (16, 5)) -> tuple[Array, Array]:
    """A target and what goes into the activation, of the kind that the loss takes."""
    rng = np.random.default_rng(3)
    logits = (rng.normal(size=shape) * 3).astype(np.float32)
    labels = rng.integers(0, shape[-1], shape[:-1])
    targets = {
        "labels": labels,
        "one-hot": np.eye(shape[-1], dtype=np.float32)[labels],
        "binary": rng.integers(0, 2, shape).astype(np.float32),
        "signs": rng.integers(0, 2, shape).astype(np.float32),
        "numbers": rng.normal(size=shape).astype(np.float32),
    }
    if LOSSES[loss].positive:
        return np.abs(targets["numbers"]), np.abs(logits)
    return targets[LOSSES[loss].targets], logits


@pytest.mark.parametrize("shape", [(16, 5), (6, 4, 5)], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_loss_equals_keras(name: str, shape: tuple[int, ...]) -> None:
    loss, (target, logits) = LOSSES[name], _data(name, shape)
    activation = loss.activation or "linear"
    prediction = ACTIVATIONS[activation](jnp.asarray(logits))
    theirs = keras.losses.get(name)(target, prediction)
    close(loss(jnp.asarray(target), prediction, None, "linear"), theirs, rtol=2e-5)
    close(loss(jnp.asarray(target), prediction, jnp.asarray(logits), activation), theirs, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.from_logits])
def test_loss_from_logits_equals_keras_and_stays_finite(name: str) -> None:
    loss, (target, logits) = LOSSES[name], _data(name)
    logits = logits * np.float32(100)
    prediction = ACTIVATIONS[loss.activation or ""](jnp.asarray(logits))
    theirs = keras.losses.get(name)(target, logits, from_logits=True)
    found = loss(jnp.asarray(target), prediction, jnp.asarray(logits), loss.activation or "")
    close(found, theirs, rtol=2e-5, atol=1e-4)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_known_by_each_name_that_keras_has_for_it(name: str) -> None:
    graph, _ = chain(Input(shape=(3,)), Dense(units=3), Output())
    (node,) = graph.of_type(Output)
    function = keras.losses.get(name)
    objects = [cls() for cls in vars(keras.losses).values() if isinstance(cls, type)]
    known = [keras.losses.serialize(loss) for loss in objects if getattr(loss, "fn", None) is function]
    assert known
    for entry in (name, *known):
        found = read_training(graph, {"loss": entry})
        assert isinstance(layer := found.graph[node.id].layer, Output)
        assert layer.loss == name
        assert not found.report.changed
