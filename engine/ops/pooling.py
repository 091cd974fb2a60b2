"""Pooling over any number of axes between the batch and the channels, which come last."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from itertools import product
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


def max_pooling_by_places(x: jax.Array, *, pool_size: Sizes, strides: Sizes, padding: str = "valid") -> jax.Array:
    """The same as `max_pooling`, faster on a CPU where windows have few places, its gradient up to fifteen times.

    The gradient goes to the first of the largest numbers, as that of Keras.
    """
    if math.prod(pool_size) > _MOST_PLACES:
        return max_pooling(x, pool_size=pool_size, strides=strides, padding=padding)
    pads = tuple(lax.padtype_to_pads(x.shape[1:-1], pool_size, strides, padding.upper()))
    return _largest(x, pool_size, strides, pads)


_MOST_PLACES = 9
"""Of a window whose places are gone through one by one."""

Pads = tuple[tuple[int, int], ...]


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _largest(x: Any, window: Sizes, strides: Sizes, pads: Pads) -> Any:
    """The largest of each window."""
    return reduce(jnp.maximum, _places(x, window, strides, pads))


def _places(x: Any, window: Sizes, strides: Sizes, pads: Pads) -> list[Any]:
    """The numbers at each place of all windows."""
    if any(map(any, pads)):
        x = jnp.pad(x, [(0, 0), *pads, (0, 0)], constant_values=-jnp.inf)
    axes = list(zip(x.shape[1:], window, strides, strict=False))
    steps = [[slice(at, length - size + at + 1, step) for at in range(size)] for length, size, step in axes]
    return [x[:, *place] for place in product(*steps)]


def _largest_forward(x: Any, window: Sizes, strides: Sizes, pads: Pads) -> tuple[Any, Any]:
    y: Any = _largest(x, window, strides, pads)
    *others, _ = _places(x, window, strides, pads)
    which = jnp.full(y.shape, len(others), jnp.uint8)
    for number, numbers in reversed(list(enumerate(others))):
        which = jnp.where(numbers == y, jnp.uint8(number), which)
    return y, (which, x)


def _largest_backward(window: Sizes, strides: Sizes, pads: Pads, saved: Any, dy: Any) -> tuple[Any]:
    which, x = saved
    if window == strides and not any(map(any, pads)):
        return (_spread(which, dy, window, x.shape),)
    # Windows and their gradients, with none around and between them, are slid over x: each number meets those of
    # the windows that it lies in.
    axes = list(zip(x.shape[1:], dy.shape[1:], window, strides, pads, strict=False))
    around = [(k - 1 - low, n - 1 + low - (m - 1) * step, step - 1) for n, m, k, step, (low, _) in axes]
    borders = [(0, 0, 0), *around, (0, 0, 0)]
    dy, which = (
        lax.pad(dy, jnp.zeros((), dy.dtype), borders),
        lax.pad(which, jnp.uint8(math.prod(window)), borders),
    )
    dx: Any = 0
    for number, place in enumerate(product(*map(range, window))):
        met = [slice(k - 1 - at, k - 1 - at + n) for (n, _, k, _, _), at in zip(axes, place, strict=True)]
        dx += jnp.where(which[:, *met] == number, dy[:, *met], jnp.zeros((), dy.dtype))
    return (dx,)


def _spread(which: Any, dy: Any, window: Sizes, shape: Sizes) -> Any:
    """The gradient of windows that lie side by side: that of each goes to one of its places."""
    axes = tuple(range(2, 2 * len(window) + 1, 2))
    numbers = jnp.arange(math.prod(window), dtype=jnp.uint8).reshape(window)
    numbers = jnp.expand_dims(numbers, (0, *(axis - 1 for axis in axes), 2 * len(window) + 1))
    dx = jnp.where(jnp.expand_dims(which, axes) == numbers, jnp.expand_dims(dy, axes), 0)
    sizes = [size * count for size, count in zip(window, which.shape[1:-1], strict=True)]
    left = [(0, whole - size) for whole, size in zip(shape[1:], sizes, strict=False)]
    return jnp.pad(dx.reshape(len(which), *sizes, which.shape[-1]), [(0, 0), *left, (0, 0)])


_largest.defvjp(_largest_forward, _largest_backward)


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


def adaptive_pooling(x: jax.Array, output_size: Sizes, of_part: Callable[..., Any]) -> jax.Array:
    """Axis after axis cut into so many parts, as equal as may be; parts of unequal size overlap by one."""
    for axis, count in enumerate(output_size, 1):
        size = x.shape[axis]
        ends = [(part * size // count, -(-(part + 1) * size // count)) for part in range(count)]
        parts = [of_part(lax.slice_in_dim(x, start, end, axis=axis), axis) for start, end in ends]
        x = jnp.stack(parts, axis)
    return x
