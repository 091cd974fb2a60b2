"""Masks: which layers pass them on, what recurrent layers make of them, and losses and metrics under them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.layer import Context, Layer
from engine.layers.cells import GRUCell, LSTMCell, StackedRNNCells
from engine.layers.conv_lstm import ConvLSTM2D
from engine.layers.core import Dense
from engine.layers.embedding import Embedding, Masking
from engine.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from engine.layers.wrappers import Bidirectional, TimeDistributed
from tests.engine.layer_cases import COMPUTING, close, weights_of
from tests.engine.test_layers import unbuilt

MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)

OTHERWISE: dict[str, str] = {
    **dict.fromkeys(
        ("Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Dot"),
        "a fault: the masks of several inputs are not merged, so what comes out has none",
    ),
    "GlobalAveragePooling1D": "takes a mask, and passes on none: Keras's compute_mask gives None",
}
"""Layers whose `supports_masking` is not that of Keras, each with the reason."""


@pytest.mark.parametrize(
    "layer", {case.type: case.layer for case in COMPUTING}.values(), ids=lambda layer: layer.type_name()
)
def test_supports_masking_as_keras_does(layer: Layer) -> None:
    same = layer.supports_masking == unbuilt(layer).supports_masking
    assert same is (layer.type_name() not in OTHERWISE)


def built(layer: Layer, x: np.ndarray[Any, Any], weights: dict[str, Any]) -> Any:
    """Keras's layer with these weights."""
    theirs = unbuilt(layer)
    theirs(x)
    variables = [variable for variable in theirs.variables if "seed" not in variable.path]
    for variable, value in zip(variables, weights.values(), strict=True):
        variable.assign(value)
    return theirs


def _mask_of(tensor: Any) -> Any:
    return getattr(keras, "src").backend.get_keras_mask(tensor)  # noqa: B009


RUNNING: list[Layer] = [
    LSTM(units=3),
    LSTM(units=3, return_sequences=True, return_state=True),
    LSTM(units=3, return_sequences=True, zero_output_for_mask=True),
    LSTM(units=3, zero_output_for_mask=True, go_backwards=True),
    GRU(units=3, return_sequences=True, go_backwards=True),
    GRU(units=3, reset_after=False, return_state=True, use_bias=False),
    SimpleRNN(units=3, return_sequences=True, activation="relu"),
    RNN(cell=StackedRNNCells(cells=(LSTMCell(units=3), GRUCell(units=2))), return_sequences=True),
    RNN(cell=StackedRNNCells(cells=(GRUCell(units=2), LSTMCell(units=3))), zero_output_for_mask=True),
    Bidirectional(layer=LSTM(units=3)),
    Bidirectional(layer=LSTM(units=3, return_sequences=True)),
    Bidirectional(layer=GRU(units=3, return_sequences=True, return_state=True), merge_mode="sum"),
    Bidirectional(layer=GRU(units=3, return_sequences=True), merge_mode=None),
    TimeDistributed(layer=Dense(units=2)),
]


@pytest.mark.parametrize("layer", RUNNING, ids=lambda layer: repr(layer)[:90])
def test_masked_steps_change_what_keras_says_they_do(layer: Layer) -> None:
    x: Any = np.random.default_rng(0).normal(size=(*MASK.shape, 4)).astype(np.float32)
    weights: Any = weights_of(layer, (5, 4))
    theirs = built(layer, x, weights)
    expected = keras.tree.flatten(theirs(x, mask=jnp.asarray(MASK)))
    found = layer.apply(weights, x, ctx=Context(masks=(jnp.asarray(MASK),)))
    outputs = list(found) if isinstance(found, tuple) else [found]
    close(outputs, expected)
    close(layer.op()(weights, x, mask=jnp.asarray(MASK)), found)
    mask = layer.compute_mask([jnp.asarray(x)], [jnp.asarray(MASK)])
    for number, tensor in enumerate(expected):
        theirs_mask = _mask_of(tensor)
        ours = mask if number in layer.masked_outputs else None
        assert (ours is None) == (theirs_mask is None)
        if ours is not None:
            np.testing.assert_array_equal(ours, theirs_mask)


def test_masked_steps_of_films_are_passed_over() -> None:
    """Keras itself cannot mask a ConvLSTM (its mask has too few axes), so this compares with a shorter film."""
    layer = ConvLSTM2D(filters=2, kernel_size=(2, 2))
    x: Any = np.random.default_rng(0).normal(size=(2, 4, 3, 3, 1)).astype(np.float32)
    weights: Any = weights_of(layer, (4, 3, 3, 1))
    mask = jnp.asarray([[True, True, False, False]] * 2)
    close(layer.apply(weights, x, ctx=Context(masks=(mask,))), layer.apply(weights, x[:, :2], ctx=Context()))


def test_a_layer_of_each_step_gets_the_mask_of_its_own_sequence() -> None:
    """Documents as sequences of sequences: a mask with an axis more than time is for the layer within."""
    inner = LSTM(units=3)
    layer = TimeDistributed(layer=inner)
    x: Any = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    mask = jnp.asarray(np.random.default_rng(1).random((2, 3, 5)) > 0.4)
    weights: Any = weights_of(layer, (3, 5, 4))
    own = {name.removeprefix("layer/"): value for name, value in weights.items()}
    found = layer.apply(weights, x, ctx=Context(masks=(mask,)))
    close(found, built(layer, x, weights)(x, mask=mask))
    close(found[:, 1], inner.apply(own, x[:, 1], ctx=Context(masks=(mask[:, 1],))))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (Embedding(input_dim=5, output_dim=2, mask_zero=True), np.array([[0, 3], [4, 0]], np.int32)),
        (Embedding(input_dim=5, output_dim=2), np.array([[0, 3], [4, 0]], np.int32)),
        (Masking(), np.array([[[0, 0], [0, 1]], [[2, 1], [0, 0]]], np.float32)),
        (Masking(mask_value=1.0), np.array([[[1, 1], [0, 1]], [[2, 1], [1, 1]]], np.float32)),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_masks_begin_where_keras_begins_them(layer: Layer, x: np.ndarray[Any, Any]) -> None:
    expected = _mask_of(unbuilt(layer)(x))
    found = layer.compute_mask([jnp.asarray(x)], [None])
    assert (found is None) == (expected is None)
    if found is not None:
        np.testing.assert_array_equal(found, expected)
