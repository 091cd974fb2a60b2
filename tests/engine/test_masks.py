"""Masks: which layers pass them on, what layers make of them, also in programs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.formats.keras_h5 import load_model, save_model
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.cells import GRUCell, LSTMCell, StackedRNNCells
from engine.layers.conv import Conv1D
from engine.layers.conv_lstm import ConvLSTM2D
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding, Masking
from engine.layers.expression import Lambda
from engine.layers.global_pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from engine.layers.merging import Add, Concatenate, Maximum, Multiply
from engine.layers.nested import Functional
from engine.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten, Reshape
from engine.layers.wrappers import Bidirectional, TimeDistributed
from engine.op import Context
from engine.registry import LAYERS
from tests.engine.graphs import graph, ready
from tests.engine.layer_cases import COMPUTING, close, weights_of
from tests.engine.oracle import keras_predict, opened, predict
from tests.engine.test_code import executed, programs, values
from tests.engine.test_layers import unbuilt

_backend: Any = getattr(keras, "src").backend  # noqa: B009

MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)

TAKE_ONLY = {"Dot", "GlobalAveragePooling1D"}
"""Layers that support masking by Keras's word, but pass none on: their `compute_mask` gives None."""


@pytest.mark.parametrize(
    "layer", {case.type: case.layer for case in COMPUTING}.values(), ids=lambda layer: layer.type_name()
)
def test_masks_are_passed_on_where_keras_passes_them_on(layer: Layer) -> None:
    ours = layer.supports_masking or layer.mask_op() is not None
    assert ours == (unbuilt(layer).supports_masking and layer.type_name() not in TAKE_ONLY)


@pytest.mark.parametrize(
    "layer", {case.type: case.layer for case in COMPUTING}.values(), ids=lambda layer: layer.type_name()
)
def test_a_mask_is_lost_in_the_layers_of_which_keras_warns(layer: Layer) -> None:
    if not isinstance(layer, Functional):  # whose layers are asked in Keras, one by one
        assert layer.ends_masks == (not unbuilt(layer).supports_masking)


def embedded(*layers: Layer) -> Graph:
    """Words whose mask goes through layers."""
    names = [f"{layer.type_name().lower()}_{number}" for number, layer in enumerate(layers)]
    parts = [
        (name, layer, [before]) for name, layer, before in zip(names, layers, ["words", *names], strict=False)
    ]
    return graph(
        ("x", Input(shape=(6,), dtype="int32"), []),
        ("words", Embedding(input_dim=9, output_dim=4, mask_zero=True), ["x"]),
        *parts,
        ("y", Output(loss=None, metrics=()), [names[-1]]),
    )


@pytest.mark.parametrize(
    ("layers", "lost"),
    [
        ((LSTM(units=3), Dense(units=2)), None),
        ((GlobalAveragePooling1D(), Dense(units=2)), None),
        ((Dense(units=2), Dropout(), LSTM(units=3, return_sequences=True), GlobalAveragePooling1D()), None),
        ((Bidirectional(layer=LSTM(units=3, return_sequences=True)), GlobalMaxPooling1D()), 1),
        ((Conv1D(filters=3, kernel_size=2), GlobalMaxPooling1D()), 0),  # said once, where it is lost
        ((Dropout(), Flatten(), Dense(units=2)), 1),
        ((LSTM(units=3), Reshape(target_shape=(3, 1)), Flatten()), None),  # the LSTM has used it up
    ],
    ids=str,
)
def test_a_mask_that_is_lost_is_told_where_keras_tells_it(layers: tuple[Layer, ...], lost: int | None) -> None:
    made = embedded(*layers)
    known = infer(made)
    assert not known.errors
    told = [problem.node for problem in known.problems if "mask" in problem.message]
    assert told == ([] if lost is None else [made.order[2 + lost]])
    x: Any = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True)(x)
    warned: list[int] = []
    for place, layer in enumerate(layers):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            x = unbuilt(layer)(x)
        warned += [place for one in caught if "destroy the mask information" in str(one.message)]
    assert warned == ([] if lost is None else [lost])


def test_where_masks_go_is_known_without_computing() -> None:
    inner = graph(
        ("a", Input(shape=(6, 4)), []),
        ("b", LSTM(units=3, return_sequences=True, return_state=True), ["a"]),
        ("c", Output(loss=None, metrics=()), ["b"]),
    )
    made = graph(
        ("x", Input(shape=(6,), dtype="int32"), []),
        ("words", Embedding(input_dim=9, output_dim=4, mask_zero=True), ["x"]),
        ("plain", Embedding(input_dim=9, output_dim=4), ["x"]),
        ("sum", Add(), ["plain", "words"]),
        ("twice", Add(), ["words", "words"]),
        ("model", Functional(graph=inner), ["twice"]),
        ("masking", Masking(), ["plain"]),
        ("both", Concatenate(), ["model", "masking", "sum"]),
        ("last", GRU(units=2), ["both"]),
        ("y", Output(loss=None, metrics=()), ["last"]),
    )
    known = infer(made)
    (model, variables), words = ready(made), np.array([[1, 2, 3, 0, 0, 0]], np.int32)
    found, _ = model.trace(variables, model.prepare({"x": words}))
    for node in model.graph:
        computed = tuple(output for output, mask in found.masks[node.id].items() if mask is not None)
        assert known[made.by_name(node.name).id].masked == computed or isinstance(node.layer, Output), node.name
    masked = {node.name for node in made if known[node.id].masked}
    assert masked == {"words", "twice", "model", "masking", "both"}


def built(layer: Layer, x: np.ndarray[Any, Any], weights: dict[str, Any]) -> Any:
    """Keras's layer with these weights."""
    theirs = unbuilt(layer)
    theirs(x)
    variables = [variable for variable in theirs.variables if "seed" not in variable.path]
    for variable, value in zip(variables, weights.values(), strict=True):
        variable.assign(value)
    return theirs


def _mask_of(tensor: Any) -> Any:
    return _backend.get_keras_mask(tensor)


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


# Layers of several inputs

MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot")


def _sequences(*masked: bool) -> tuple[list[Any], list[Any]]:
    """Batches of sequences, and a mask for those that are to have one."""
    rng = np.random.default_rng(0)
    values = [jnp.asarray(rng.normal(size=(3, 4, 2)), jnp.float32) for _ in masked]
    return values, [jnp.asarray(rng.random((3, 4)) < 0.6) if wanted else None for wanted in masked]


@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True), (False, False)], ids=str)
@pytest.mark.parametrize("name", MERGING)
def test_merging_layers_treat_masks_as_keras_does(name: str, masked: tuple[bool, bool]) -> None:
    layer = LAYERS[name]()
    values, masks = _sequences(*masked)
    tensors = [jnp.array(value) for value in values]
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not None:
            _backend.set_keras_mask(tensor, mask)
    theirs = unbuilt(layer)(tensors)
    close(layer.apply({}, *values, ctx=Context(masks=tuple(masks))), theirs)
    found, expected = layer.compute_mask(values, masks), _mask_of(theirs)
    assert (found is None) == (expected is None)
    if found is not None:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_average_pooling_leaves_out_masked_steps(keepdims: bool) -> None:
    layer = GlobalAveragePooling1D(keepdims=keepdims)
    (value,), (mask,) = _sequences(True)
    mask = mask.at[:, 0].set(True)
    theirs = keras.layers.GlobalAveragePooling1D(keepdims=keepdims)(value, mask=mask)
    close(layer.apply({}, value, ctx=Context(masks=(mask,))), theirs)
    assert layer.compute_mask([value], [mask]) is None


# Programs


def _merged(kind: Layer) -> Graph:
    """Words and figures, each with a mask of its own, merged and gone through once more."""
    return graph(
        ("words", Input(shape=(6,), dtype="int32"), []),
        ("rows", Input(shape=(6, 3)), []),
        ("table", Embedding(input_dim=5, output_dim=3, mask_zero=True), ["words"]),
        ("marked", Masking(), ["rows"]),
        ("both", kind, ["table", "marked"]),
        ("run", LSTM(units=4, return_sequences=True), ["both"]),
        ("end", Bidirectional(layer=GRU(units=3)), ["run"]),
        ("answer", Dense(units=2), ["end"]),
        ("out", Output(loss="mean_squared_error"), ["answer"]),
    )


@pytest.mark.parametrize("kind", [Add(), Multiply(), Maximum(), Concatenate(), Concatenate(axis=1)], ids=repr)
def test_masks_are_merged_in_programs_too(kind: Layer, tmp_path: Path) -> None:
    made = _merged(kind)
    model, variables = ready(made)
    rng = np.random.default_rng(0)
    words, rows = rng.integers(1, 5, (5, 6)), rng.normal(size=(5, 6, 3)).astype(np.float32)
    whole = {"words": words.astype(np.int32), "rows": rows}
    inputs = {"words": whole["words"] * (rng.random((5, 6)) < 0.6), "rows": rows * (rng.random((5, 6, 1)) < 0.6)}
    path = str(tmp_path / "m.h5")
    save_model(path, made, model.to_host(variables))
    ours = [model.predict(variables, inputs)["out"]]
    for code in programs(made, path).values():
        close(values(executed(code, path), inputs), ours)
    assert np.abs(ours[0] - model.predict(variables, whole)["out"]).max() > 1e-3


@pytest.mark.parametrize(
    "text",
    [
        "x + y",
        "concatenate([x, y], axis=-1)",
        "concatenate([tanh(x), y * 2], axis=1)",
        "(x + y)[:, 1:, ::-1] * x[:, 2, None]",
    ],
)
def test_formulas_pass_no_mask_on_in_programs_and_files(text: str, tmp_path: Path) -> None:
    made = _merged(Lambda(expression=text))
    model, variables = ready(made)
    rng = np.random.default_rng(0)
    words, rows = rng.integers(0, 5, (5, 6)), rng.normal(size=(5, 6, 3)) * (rng.random((5, 6, 1)) < 0.6)
    inputs = {"words": words.astype(np.int32), "rows": rows.astype(np.float32)}
    path = str(tmp_path / "m.h5")
    save_model(path, made, model.to_host(variables))
    ours = [model.predict(variables, inputs)["out"]]
    for code in programs(made, path).values():
        close(values(executed(code, path), inputs), ours)
    close(keras_predict(opened(tmp_path / "m.h5"), inputs), ours)
    again = load_model(path)
    close(predict(again.graph, again.weights, inputs), ours)
