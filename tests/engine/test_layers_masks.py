"""What layers of several inputs make of masks, as Keras does."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src import backend

from engine.layer import LAYERS, Context
from engine.layers.global_pooling import GlobalAveragePooling1D
from tests.engine.layer_cases import close
from tests.engine.test_layers import unbuilt

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
            backend.set_keras_mask(tensor, mask)
    theirs = unbuilt(layer)(tensors)
    close(layer.apply({}, *values, ctx=Context(masks=tuple(masks))), theirs)
    found, expected = layer.compute_mask(values, masks), backend.get_keras_mask(theirs)
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
