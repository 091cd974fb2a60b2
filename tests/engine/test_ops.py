"""The fast form of an operation computes what its plain form does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engine.ops.conv import conv2d, conv2d_for_training


def _gradients(convolve: Callable[..., jax.Array], x: Any, kernel: Any, bias: Any, **settings: Any) -> Any:
    def loss(x: Any, kernel: Any, bias: Any) -> jax.Array:
        return jnp.square(convolve(x, kernel, bias, **settings)).sum()

    return jax.value_and_grad(loss, argnums=(0, 1, 2))(x, kernel, bias)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("strides", "dilation"),
    [((1, 1), (1, 1)), ((2, 1), (1, 1)), ((3, 2), (1, 1)), ((1, 1), (2, 1)), ((1, 1), (2, 3))],
)
@pytest.mark.parametrize(("shape", "window"), [((9, 8, 3), (3, 3)), ((11, 7, 1), (2, 3)), ((10, 10, 4), (1, 2))])
def test_convolution_for_training_has_the_gradients_of_the_plain_one(
    shape: tuple[int, ...], window: tuple[int, int], strides: Any, dilation: Any, padding: str
) -> None:
    rng = np.random.default_rng(0)
    x, kernel, bias = (
        jnp.asarray(rng.normal(size=size), jnp.float32) for size in ((2, *shape), (*window, shape[2], 5), (5,))
    )
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    plain = _gradients(conv2d, x, kernel, bias, **settings)
    fast = _gradients(conv2d_for_training, x, kernel, bias, **settings)
    for expected, found in zip(jax.tree.leaves(plain), jax.tree.leaves(fast), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * float(jnp.abs(expected).max()))


def test_convolution_in_groups_for_training_is_the_plain_one() -> None:
    rng = np.random.default_rng(0)
    x, kernel, bias = (
        jnp.asarray(rng.normal(size=size), jnp.float32) for size in ((2, 6, 6, 4), (3, 3, 2, 6), (6,))
    )
    plain = _gradients(conv2d, x, kernel, bias, groups=2)
    fast = _gradients(conv2d_for_training, x, kernel, bias, groups=2)
    for expected, found in zip(jax.tree.leaves(plain), jax.tree.leaves(fast), strict=True):
        np.testing.assert_array_equal(found, expected)
