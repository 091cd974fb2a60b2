"""Pooling over any number of axes between the batch and the channels, which come last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Sizes = tuple[int, ...]
"""A number for each axis that a window slides along."""


def max_pooling(x: jax.Array, *, pool_size: Sizes, strides: Sizes, padding: str = "valid") -> jax.Array:
    counts = [size // window for size, window in zip(x.shape[1:-1], pool_size, strict=True)]
    covered = tuple(count * window for count, window in zip(counts, pool_size, strict=True))
    if pool_size == strides and (padding == "valid" or covered == x.shape[1:-1]):
        # Windows that do not overlap: on a CPU the gradient of a reshape and a maximum is several times
        # faster than that of reduce_window.
        x = x[:, *map(slice, covered)]
        blocks = [part for pair in zip(counts, pool_size, strict=True) for part in pair]
        return x.reshape(x.shape[0], *blocks, x.shape[-1]).max(tuple(range(2, 2 + len(blocks), 2)))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, *pool_size, 1), (1, *strides, 1), padding.upper())


def average_pooling(x: jax.Array, *, pool_size: Sizes, strides: Sizes, padding: str = "valid") -> jax.Array:
    window = ((1, *pool_size, 1), (1, *strides, 1), padding.upper())
    total = lax.reduce_window(x, 0.0, lax.add, *window)
    # With padding "same" the padded zeros are left out of the mean.
    return total / lax.reduce_window(jnp.ones((1, *x.shape[1:-1], 1), x.dtype), 0.0, lax.add, *window)


def global_average_pooling(x: jax.Array, *, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    axes = tuple(range(1, x.ndim - 1))
    where = None if mask is None else mask[..., None]
    return jnp.mean(x, axes, keepdims=keepdims, where=where)


def global_max_pooling(x: jax.Array, *, keepdims: bool = False) -> jax.Array:
    return jnp.max(x, tuple(range(1, x.ndim - 1)), keepdims=keepdims)


def adaptive_average_pooling(x: jax.Array, *, output_size: Sizes) -> jax.Array:
    return adaptive_pooling(x, output_size, jnp.mean)


def adaptive_max_pooling(x: jax.Array, *, output_size: Sizes) -> jax.Array:
    return adaptive_pooling(x, output_size, jnp.max)


def adaptive_pooling(x: jax.Array, output_size: Sizes, reduce: Callable[..., Any]) -> jax.Array:
    """Axis after axis cut into so many parts, as equal as may be; parts of unequal size overlap by one."""
    for axis, count in enumerate(output_size, 1):
        size = x.shape[axis]
        ends = [(part * size // count, -(-(part + 1) * size // count)) for part in range(count)]
        parts = [reduce(lax.slice_in_dim(x, start, end, axis=axis), axis) for start, end in ends]
        x = jnp.stack(parts, axis)
    return x
