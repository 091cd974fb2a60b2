"""Files of Keras 3 with masks, which it writes out as operations and arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import FileFormatError
from engine.formats import models
from engine.graph import Graph
from engine.layers.nested import Functional
from tests.engine.layer_cases import close
from tests.engine.oracle import keras_predict, opened, predict

layers = keras.layers
TOKENS = np.array([[3, 1, 2, 0, 0], [1, 0, 0, 0, 0], [4, 2, 3, 1, 6]], np.int32)


def recurrent(x: Any) -> Any:
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    return layers.GRU(2)(layers.Dropout(0.2)(x))


def attending(x: Any) -> Any:
    x = layers.Add()([x, layers.MultiHeadAttention(2, 2)(x, x)])
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))


def in_parts(x: Any) -> Any:
    x = layers.TimeDistributed(layers.Dense(3))(x)
    return layers.SimpleRNN(2)(layers.Masking(-1.0)(layers.BatchNormalization()(x)))


def by_itself(x: Any) -> Any:
    """Attention over its own steps: what the padded ones see counts, too."""
    return layers.Flatten()(layers.MultiHeadAttention(2, 3)(x, x))


def added(x: Any) -> Any:
    return layers.GlobalAveragePooling1D()(x + layers.Dense(3)(x))


def attended(x: Any) -> Any:
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2)(x, x))
    return layers.GlobalAveragePooling1D()(y)


def bent(x: Any) -> Any:
    return layers.LSTM(3)(keras.ops.tanh(x))


def joined(x: Any) -> Any:
    return layers.LSTM(3)(keras.ops.concatenate([x, x, layers.Dense(2)(x), layers.Dense(1)(x), -x], -1))


def within(x: Any) -> Any:
    inner = keras.Input((5, 3))
    y = keras.ops.concatenate([inner + layers.Dense(3)(inner), keras.ops.tanh(inner)], -1)
    return layers.GlobalAveragePooling1D()(keras.Model(inner, y)(x))


def called_twice(x: Any) -> Any:
    shared = layers.LSTM(3, return_sequences=True)
    return layers.GlobalAveragePooling1D()(shared(shared(x)))


def in_pairs(x: Any) -> Any:
    """A model within gets a list of masks: none for one of its inputs."""
    bare = keras.layers.RepeatVector(5)(layers.GlobalAveragePooling1D()(x))
    first, second = keras.Input((5, 3)), keras.Input((5, 3))
    inner = keras.Model([first, second], [layers.LSTM(2)(first), layers.GRU(2)(second)])
    return layers.Concatenate()(inner([bare, x]))


OPERATIONS = (added, attended, bent, joined, within)
"""Bodies with operations on what has a mask: what comes out of them has none."""


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("body", [recurrent, in_parts, called_twice, in_pairs, attending, by_itself, *OPERATIONS])
def test_masks_that_layers_have_anyway(body: Callable[[Any], Any], suffix: str, tmp_path: Path) -> None:
    x = keras.Input((5,), dtype="int32")
    theirs = keras.Model(x, layers.Dense(2)(body(layers.Embedding(7, 3, mask_zero=True)(x))))
    theirs.save(tmp_path / f"theirs{suffix}")
    expected = keras_predict(theirs, {"x": TOKENS})
    read = models.load(tmp_path / f"theirs{suffix}")
    close(predict(read.graph, read.weights, {"x": TOKENS}), expected)
    models.save(tmp_path / f"ours{suffix}", read.graph, read.weights)
    close(keras_predict(opened(tmp_path / f"ours{suffix}"), {"x": TOKENS}), expected)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("mask_zero", "absent"), [(True, 3), (False, 0)])
def test_a_mask_of_somebodys_own_making_is_refused(
    mask_zero: bool, absent: int, suffix: str, tmp_path: Path
) -> None:
    x = keras.Input((5,), dtype="int32")
    y = layers.Embedding(7, 3, mask_zero=mask_zero)(x)
    keras.Model(x, layers.LSTM(2, name="told")(y, mask=keras.ops.not_equal(x, absent))).save(
        tmp_path / f"m{suffix}"
    )
    with pytest.raises(FileFormatError, match="layer 'told': is called with a mask of its own making"):
        models.load(tmp_path / f"m{suffix}")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_mask_for_the_wrong_one_of_two_inputs_is_refused(suffix: str, tmp_path: Path) -> None:
    x = keras.Input((5,), dtype="int32")
    y, mask = layers.Embedding(7, 3)(x), keras.ops.not_equal(x, 0)
    value = layers.Embedding(7, 3, mask_zero=True)(x)
    keras.Model(x, layers.Attention(name="told")([y, value], mask=[mask, None])).save(tmp_path / f"m{suffix}")
    with pytest.raises(FileFormatError, match="layer 'told': is called with a mask of its own making"):
        models.load(tmp_path / f"m{suffix}")


def _kinds(graph: Graph) -> list[str]:
    """The types of all layers, those of models within among them."""
    inner = [node.layer.graph for node in graph if isinstance(node.layer, Functional)]
    return [node.layer.type_name() for node in graph] + [kind for part in inner for kind in _kinds(part)]


@pytest.mark.parametrize("mask_zero", [True, False])
@pytest.mark.parametrize("pooled", [True, False])
def test_operations_are_layers_where_no_mask_can_arrive(mask_zero: bool, pooled: bool, tmp_path: Path) -> None:
    x = keras.Input((5,), dtype="int32")
    y = layers.Embedding(7, 3, mask_zero=mask_zero)(x)
    y = layers.RepeatVector(5)(layers.GlobalAveragePooling1D()(y)) if pooled else y
    keras.Model(x, within(y + layers.Dense(3)(y))).save(tmp_path / "m.keras")
    kinds = _kinds(models.load(tmp_path / "m.keras").graph)
    masked = mask_zero and not pooled
    assert kinds.count("Add") == (1 if masked else 2)  # what the first gives has no mask any more
    assert kinds.count("Lambda") == (1 if masked else 0)
    assert {"Concatenate", "Activation"} <= set(kinds)
