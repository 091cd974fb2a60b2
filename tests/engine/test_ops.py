"""The fast form of an operation computes what its plain form does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.ops import conv
from engine.ops.conv import (
    convolution,
    convolution_for_training,
    depthwise_convolution,
    depthwise_convolution_by_shifts,
    separable_convolution,
    separable_convolution_by_shifts,
)
from engine.ops.core import dense, dense_for_training
from engine.ops.normalization import batch_moments, batch_normalization, batch_normalization_for_training
from engine.ops.pooling import max_pooling, max_pooling_by_places
from engine.ops.sums import biased, channel_sums


def _gradients(convolve: Callable[..., jax.Array], *arrays: Any, **settings: Any) -> Any:
    def loss(*arrays: Any) -> jax.Array:
        return jnp.square(convolve(*arrays, **settings)).sum()

    return jax.value_and_grad(loss, argnums=tuple(range(len(arrays))))(*arrays)


def _arrays(*shapes: tuple[int, ...]) -> list[jax.Array]:
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes]


def _same_gradients(plain: Callable[..., Any], fast: Callable[..., Any], arrays: Any, **settings: Any) -> None:
    expected, found = (jax.tree.leaves(_gradients(f, *arrays, **settings)) for f in (plain, fast))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5 * float(jnp.abs(a).max()))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("strides", "dilation"),
    [((1, 1), (1, 1)), ((2, 1), (1, 1)), ((3, 2), (1, 1)), ((1, 1), (2, 1)), ((1, 1), (2, 3))],
)
@pytest.mark.parametrize(
    ("shape", "window"), [((9, 8, 3), (3, 3)), ((11, 7, 1), (2, 3)), ((10, 10, 4), (1, 2)), ((8, 9, 4), (1, 1))]
)
def test_convolution_for_training_has_the_gradients_of_the_plain_one(
    shape: tuple[int, ...], window: tuple[int, int], strides: Any, dilation: Any, padding: str
) -> None:
    arrays = _arrays((2, *shape), (*window, shape[2], 5), (5,))
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    _same_gradients(convolution, convolution_for_training, arrays, **settings)


@pytest.mark.parametrize("samples", [12, 10, 7, 3])
@pytest.mark.parametrize("strides", [(1, 1), (2, 1)])
def test_gradients_of_some_samples_at_a_time(strides: Any, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv, "_AT_ONCE", 500)  # five samples have more
    found = conv._samples_at_once(jnp.zeros((samples, 6, 5, 4)), conv._FEWEST)
    assert found == {12: 4, 10: 10, 7: 7, 3: 3}[samples]
    arrays = _arrays((samples, 6, 5, 3), (3, 2, 3, 4), (4,))
    _same_gradients(convolution, convolution_for_training, arrays, strides=strides, padding="same")


def test_many_parts_of_a_gradient_are_summed_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv, "_AT_ONCE", 1)  # four samples at a time: 128 parts
    x, dy, kernel = (jnp.abs(array) for array in _arrays((512, 6, 5, 3), (512, 6, 5, 4), (3, 2, 3, 4)))

    def gradient(dtype: Any) -> np.ndarray[Any, Any]:
        given, kept = x.astype(dtype), kernel.astype(dtype)
        _, back = jax.vjp(lambda k: convolution_for_training(given, k, strides=(1, 1), padding="same"), kept)
        (found,) = back(dy.astype(dtype))
        assert found.dtype == dtype
        return np.asarray(found, np.float32)

    relative = gradient(jnp.bfloat16) / gradient(jnp.float32) - 1
    assert abs(relative).max() < 2**-7  # eight bits hold a number to that; summed in eight bits it is 3 % short
    assert abs(relative.mean()) < 1e-3


@pytest.mark.parametrize("samples", [6, 5, 1])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("window", [(3, 3), (2, 4), (1, 3), (5, 2)])
def test_gradients_as_products_across_and_down(
    window: tuple[int, int], padding: str, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conv, "_CROSSED_POINTS", range(1, 100))
    monkeypatch.setattr(conv, "_AT_ONCE", 2 * 9 * 8 * 20)
    arrays = _arrays((samples, 9, 8, 16), (*window, 16, 20), (20,))
    (given,) = _arrays((samples, 9, 8, 20))
    assert conv._crosses(arrays[1], given, (1, 1), (1, 1))
    assert conv._samples_at_once(given, 1) == {6: 2, 5: 1, 1: 1}[samples]
    _same_gradients(convolution, convolution_for_training, arrays, strides=(1, 1), padding=padding)


def test_what_is_not_taken_across_and_down() -> None:
    def crosses(points: int, channels: int, filters: int, stride: int = 1, rate: int = 1) -> bool:
        kernel, dy = jnp.zeros((3, 3, channels, filters)), jnp.zeros((1, points, points, filters))
        return conv._crosses(kernel, dy, (stride, 1), (1, rate))

    assert crosses(32, 16, 32)
    assert not any([crosses(14, 16, 32), crosses(200, 16, 32), crosses(32, 3, 32), crosses(32, 64, 128)])
    assert not any([crosses(32, 16, 32, stride=2), crosses(32, 16, 32, rate=2)])
    assert not conv._crosses(jnp.zeros((3, 16, 16)), jnp.zeros((1, 1024, 16)), (1,), (1,))
    half = [jnp.zeros(shape, jnp.bfloat16) for shape in ((3, 3, 16, 16), (1, 32, 32, 16))]
    assert not conv._crosses(*half, (1, 1), (1, 1))


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(("strides", "dilation"), [((1,), None), ((2,), (1,)), ((1,), (3,))])
def test_convolution_of_sequences_for_training(strides: Any, dilation: Any, padding: str) -> None:
    arrays = _arrays((2, 11, 3), (3, 3, 5), (5,))
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    _same_gradients(convolution, convolution_for_training, arrays, **settings)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_convolution_of_volumes_for_training(padding: str) -> None:
    arrays = _arrays((2, 5, 6, 4, 3), (2, 3, 1, 3, 4), (4,))
    _same_gradients(convolution, convolution_for_training, arrays, strides=(1, 2, 1), padding=padding)


@pytest.mark.parametrize(("shape", "window"), [((7, 6, 3), (2, 2)), ((9, 9, 1), (3, 2)), ((8, 8, 2), (1, 4))])
@pytest.mark.parametrize(
    ("strides", "padding"),
    [(None, "valid"), (None, "same"), ((1, 1), "same"), ((1, 2), "valid"), ((3, 1), "same"), ((3, 3), "valid")],
)
def test_max_pooling_by_places(shape: tuple[int, ...], window: Any, strides: Any, padding: str) -> None:
    settings = {"pool_size": window, "strides": strides or window, "padding": padding}
    _same_gradients(max_pooling, max_pooling_by_places, _arrays((3, *shape)), **settings)


def test_of_equal_numbers_the_first_gets_the_gradient_as_in_keras() -> None:
    x = jnp.ones((1, 4, 4, 1))
    settings: Any = {"pool_size": (2, 2), "strides": (2, 2)}
    dx = jax.grad(lambda x: max_pooling_by_places(x, **settings).sum())(x)
    of_keras = jax.grad(lambda x: keras.ops.max_pool(x, 2, 2).sum())(x)
    np.testing.assert_array_equal(dx, of_keras)
    assert dx.sum() == 4


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (9, 2)])
@pytest.mark.parametrize("weighted", [True, False])
def test_batch_normalization_for_training(shape: tuple[int, ...], weighted: bool) -> None:
    """Mean and variance of the batch, too, have their gradients."""
    x, gamma, beta = _arrays(shape, shape[-1:], shape[-1:])

    def plain(x: Any, *own: Any) -> Any:
        mean, variance = batch_moments(x, -1)
        y = batch_normalization(x, *(own or (None, None)), mean, variance, epsilon=1e-3)
        return jnp.concatenate([y.ravel() + 0.5 * jnp.sin(y.ravel()), mean, variance])

    def fast(x: Any, *own: Any) -> Any:
        y, mean, variance = batch_normalization_for_training(x, *(own or (None, None)), epsilon=1e-3)
        return jnp.concatenate([y.ravel() + 0.5 * jnp.sin(y.ravel()), mean, variance])

    _same_gradients(plain, fast, (x, gamma, beta) if weighted else (x,))


def test_sums_of_channels_have_the_gradients_of_plain_sums() -> None:
    arrays = _arrays((4, 3, 5), (5,))
    _same_gradients(lambda y, b: (y + b) * y, lambda y, b: biased(y, b) * y, arrays)
    _same_gradients(lambda y, b: (y * y).sum((0, 1)) * b, lambda y, b: channel_sums(y * y) * b, arrays)


@pytest.mark.parametrize("units", [1, 3, 4, 5, 200])
@pytest.mark.parametrize("shape", [(6, 8), (2, 3, 8), (1, 2, 2, 8), (4, 500)])
def test_dense_for_training_has_the_gradients_of_the_plain_one(shape: tuple[int, ...], units: int) -> None:
    _same_gradients(dense, dense_for_training, _arrays(shape, (shape[-1], units), (units,)))
    _same_gradients(dense, dense_for_training, _arrays(shape, (shape[-1], units)))


def test_a_gradient_that_is_no_number_stays_none() -> None:
    x, kernel = _arrays((2, 5, 5, 3), (3, 3, 3, 4))

    def loss(kernel: Any) -> jax.Array:
        return (convolution_for_training(x, kernel, strides=(1, 1)) * jnp.nan).sum()

    assert jnp.isnan(jax.grad(loss)(kernel)).all()


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("strides", "dilation"), [((1, 1), None), ((2, 3), None), ((1, 1), (2, 3)), ((2, 2), (1, 2))]
)
@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_convolution_by_shifts(multiplier: int, strides: Any, dilation: Any, padding: str) -> None:
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    arrays = _arrays((2, 9, 8, 3), (3, 2, 3, multiplier), (3 * multiplier,))
    _same_gradients(depthwise_convolution, depthwise_convolution_by_shifts, arrays, **settings)
    arrays = _arrays((2, 9, 8, 3), (3, 2, 3, multiplier), (1, 1, 3 * multiplier, 4), (4,))
    _same_gradients(separable_convolution, separable_convolution_by_shifts, arrays, **settings)


def test_convolution_in_groups_for_training_is_the_plain_one() -> None:
    arrays = _arrays((2, 6, 6, 4), (3, 3, 2, 6), (6,))
    settings: Any = {"strides": (1, 1), "groups": 2}
    plain, fast = (_gradients(f, *arrays, **settings) for f in (convolution, convolution_for_training))
    for expected, found in zip(jax.tree.leaves(plain), jax.tree.leaves(fast), strict=True):
        np.testing.assert_array_equal(found, expected)
