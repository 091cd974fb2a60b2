"""Attention under masks, and the numbers that its first weights spread by, against Keras."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.layers.kernel import spread_by
from engine.named import function_of
from engine.op import Context
from engine.ops.initializers import INITIALIZERS, initialize
from engine.registry import LAYERS
from tests.engine.cases.case import Case
from tests.engine.layer_cases import close, inputs_of, weights_of
from tests.engine.test_layers import call, unbuilt


@pytest.mark.parametrize(
    "settings",
    [{}, {"use_causal_mask": True}, {"return_attention_scores": True}],
    ids=lambda settings: next(iter(settings), "plain"),
)
@pytest.mark.parametrize("kind", ["Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"])
def test_masked_steps_count_as_in_keras(kind: str, settings: dict[str, bool]) -> None:
    case = Case(kind, settings, ((4, 6), (5, 6)))
    layer, weights, arrays = case.layer, weights_of(case.layer, *case.inputs), inputs_of(case)
    arrays[0][0, 2:], arrays[1][1, 3:], arrays[1][2, 0] = 0.0, 0.0, 0.0
    entries = [keras.Input(shape) for shape in case.inputs]
    theirs = unbuilt(layer)
    outputs = call(layer, theirs, [keras.layers.Masking()(entry) for entry in entries])
    for weight, variable in zip(layer.weights(*case.inputs), theirs.trainable_variables, strict=True):
        variable.assign(weights[weight.name])
    masks = tuple(jnp.asarray((array != 0).any(-1)) for array in arrays)
    w = {name: jnp.asarray(value) for name, value in weights.items()}
    ours = layer.apply(w, *map(jnp.asarray, arrays), ctx=Context(masks=masks))
    close(jax.tree.leaves(ours), jax.tree.leaves(keras.Model(entries, outputs)(arrays)))


def test_dropout_of_scores_is_random_in_training_only() -> None:
    case = Case("MultiHeadAttention", {"dropout": 0.5}, ((4, 6), (5, 6)))
    w = {name: jnp.asarray(value) for name, value in weights_of(case.layer, *case.inputs).items()}
    inputs = [jnp.asarray(x) for x in inputs_of(case)]
    one, two = (
        case.layer.apply(w, *inputs, ctx=Context(training=True, key=jax.random.key(seed))) for seed in (0, 1)
    )
    assert (one != two).any()
    assert (one != case.layer.apply(w, *inputs, ctx=Context())).any()


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "lecun_uniform", "random_normal"])
def test_first_kernels_of_heads_spread_as_those_of_keras(name: str) -> None:
    case = Case("MultiHeadAttention", {"num_heads": 8, "key_dim": 40, "kernel_initializer": name}, ((4, 96),) * 2)
    theirs = unbuilt(case.layer)
    call(case.layer, theirs, [keras.KerasTensor((None, 4, 96))] * 2)
    weights = case.layer.weights(*case.inputs)
    for weight, variable in zip(weights, theirs.trainable_variables, strict=True):
        ours, value = initialize(weight.draw, 0, 0, weight.shape), np.asarray(variable.value)
        np.testing.assert_allclose(ours.std(), value.std(), rtol=0.05, atol=1e-7)


def test_spread_by_leaves_initializers_alone_that_do_not_look_at_the_fans() -> None:
    assert spread_by("random_normal(stddev=0.1)", (6, 2, 3), (6, 6)) == "random_normal(stddev=0.1)"
    assert function_of(spread_by("he_normal", (6, 2, 3), (6, 6)), INITIALIZERS)


def test_layers_of_attention_have_ports_with_names() -> None:
    assert LAYERS["MultiHeadAttention"].input_names == ("query", "value", "key")
