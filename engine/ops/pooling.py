"""Pooling of pictures, channels last."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def max_pooling2d(
    x: jax.Array, *, pool_size: tuple[int, int], strides: tuple[int, int], padding: str = "valid"
) -> jax.Array:
    if pool_size == strides and (
        padding == "valid" or (x.shape[1] % pool_size[0] == x.shape[2] % pool_size[1] == 0)
    ):
        # Windows that do not overlap: on a CPU the gradient of a reshape and a maximum is several times
        # faster than that of reduce_window.
        rows, columns = x.shape[1] // pool_size[0], x.shape[2] // pool_size[1]
        x = x[:, : rows * pool_size[0], : columns * pool_size[1]]
        return x.reshape(x.shape[0], rows, pool_size[0], columns, pool_size[1], x.shape[3]).max((2, 4))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, *pool_size, 1), (1, *strides, 1), padding.upper())


def average_pooling2d(
    x: jax.Array, *, pool_size: tuple[int, int], strides: tuple[int, int], padding: str = "valid"
) -> jax.Array:
    window = ((1, *pool_size, 1), (1, *strides, 1), padding.upper())
    total = lax.reduce_window(x, 0.0, lax.add, *window)
    # With padding "same" the padded zeros are left out of the mean.
    return total / lax.reduce_window(jnp.ones((1, *x.shape[1:3], 1), x.dtype), 0.0, lax.add, *window)


def global_average_pooling2d(x: jax.Array, *, keepdims: bool = False) -> jax.Array:
    return x.mean((1, 2), keepdims=keepdims)


def global_max_pooling2d(x: jax.Array, *, keepdims: bool = False) -> jax.Array:
    return x.max((1, 2), keepdims=keepdims)
