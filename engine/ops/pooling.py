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


def max_pooling_for_training(
    x: jax.Array, *, pool_size: Sizes, strides: Sizes, padding: str = "valid"
) -> jax.Array:
    """The same as `max_pooling`, with a gradient that is fast on a CPU where windows lie side by side.

    It goes to the first of the largest numbers, as that of Keras.
    """
    covered = tuple(size // window * window for size, window in zip(x.shape[1:-1], pool_size, strict=True))
    apart = pool_size == strides and (padding == "valid" or covered == x.shape[1:-1])
    if not apart or math.prod(pool_size) > _MOST_PLACES:
        return max_pooling(x, pool_size=pool_size, strides=strides, padding=padding)
    return _largest(x[:, *map(slice, covered)], pool_size)


_MOST_PLACES = 9
"""Of a window whose places are gone through one by one."""


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _largest(x: Any, window: Sizes) -> Any:
    """The largest of each window; they lie side by side."""
    return reduce(jnp.maximum, _places(x, window))


def _places(x: Any, window: Sizes) -> list[Any]:
    """The numbers at each place of all windows."""
    steps = [[slice(place, None, size) for place in range(size)] for size in window]
    return [x[:, *place] for place in product(*steps)]


def _largest_forward(x: Any, window: Sizes) -> tuple[Any, Any]:
    y: Any = _largest(x, window)
    *others, _ = _places(x, window)
    which = jnp.full(y.shape, len(others), jnp.uint8)
    for number, numbers in reversed(list(enumerate(others))):
        which = jnp.where(numbers == y, jnp.uint8(number), which)
    return y, which


def _largest_backward(window: Sizes, which: Any, dy: Any) -> tuple[Any]:
    axes = tuple(range(2, 2 * len(window) + 1, 2))
    numbers = jnp.arange(math.prod(window), dtype=jnp.uint8).reshape(window)
    numbers = jnp.expand_dims(numbers, (0, *(axis - 1 for axis in axes), 2 * len(window) + 1))
    spread = jnp.where(jnp.expand_dims(which, axes) == numbers, jnp.expand_dims(dy, axes), 0)
    sizes = [size * count for size, count in zip(window, which.shape[1:-1], strict=True)]
    return (spread.reshape(len(which), *sizes, which.shape[-1]),)


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
