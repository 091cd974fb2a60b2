"""One array of several. Arrays of a lower rank get axes of size 1 behind the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Masks = Sequence[jax.Array | None]
"""For each input a boolean array (batch, time), or None."""


def aligned(x: Sequence[jax.Array]) -> list[jax.Array]:
    """The arrays with as many axes as the one that has most."""
    rank = max(a.ndim for a in x)
    return [jnp.expand_dims(a, tuple(range(1, 1 + rank - a.ndim))) for a in x]


def add(*x: jax.Array) -> jax.Array:
    return reduce(jnp.add, aligned(x))


def subtract(*x: jax.Array) -> jax.Array:
    return reduce(jnp.subtract, aligned(x))


def average(*x: jax.Array) -> jax.Array:
    return add(*x) / len(x)


def multiply(*x: jax.Array, masks: Masks = ()) -> jax.Array:
    """Masked steps count as 1; where all inputs are masked, the product is 0."""
    arrays, masks = aligned(x), masks_of_values(x, masks)
    factors = [a if mask is None else jnp.where(mask, a, 1) for a, mask in zip(arrays, masks, strict=True)]
    product = reduce(jnp.multiply, factors)
    known = [mask for mask in masks if mask is not None]
    return jnp.where(reduce(jnp.logical_or, known), product, 0) if len(known) == len(masks) else product


def maximum(*x: jax.Array, masks: Masks = ()) -> jax.Array:
    return chosen(jnp.maximum, x, masks)


def minimum(*x: jax.Array, masks: Masks = ()) -> jax.Array:
    return chosen(jnp.minimum, x, masks)


def chosen(choose: Callable[..., Any], x: Sequence[jax.Array], masks: Masks) -> jax.Array:
    """Of masked steps the other value is taken, whatever it is."""
    arrays, masks = aligned(x), masks_of_values(x, masks)
    result, valid = arrays[0], masks[0]
    for value, mask in zip(arrays[1:], masks[1:], strict=True):
        value = value if mask is None else jnp.where(mask, value, result)
        result = result if valid is None else jnp.where(valid, result, value)
        valid = None if valid is None or mask is None else valid | mask
        result = choose(result, value)
    return result


def masks_of_values(x: Sequence[jax.Array], masks: Masks) -> list[jax.Array | None]:
    """Masks with the rank of the values; as in Keras, inputs of a lower rank than others have none."""
    rank = max(a.ndim for a in x)
    found = masks or [None] * len(x)
    return [
        None if mask is None or a.ndim < rank else jnp.expand_dims(mask, tuple(range(mask.ndim, rank)))
        for a, mask in zip(x, found, strict=True)
    ]


def concatenate(*x: jax.Array, axis: int = -1) -> jax.Array:
    return jnp.concatenate(x, axis)


def dot(x: jax.Array, y: jax.Array, axes: tuple[int, int], normalize: bool = False) -> jax.Array:
    """Sums of products along an axis of each input, the batch being axis 0."""
    along = axes[0] % x.ndim, axes[1] % y.ndim
    if normalize:
        x, y = unit_length(x, along[0]), unit_length(y, along[1])
    z = lax.dot_general(x, y, (((along[0],), (along[1],)), ((0,), (0,))))
    return z[:, None] if z.ndim == 1 else z


def unit_length(x: jax.Array, axis: int) -> jax.Array:
    """Vectors along an axis, scaled to a length of 1."""
    return x * jnp.minimum(lax.rsqrt(jnp.square(x).sum(axis, keepdims=True)), 1e7)


def either_mask(*x: jax.Array, masks: Masks) -> jax.Array | None:
    """Steps that one of the inputs has; no mask if an input has none."""
    known = [mask for mask in masks if mask is not None]
    return reduce(jnp.logical_or, known) if len(known) == len(x) else None


def concatenated_mask(*x: jax.Array, masks: Masks, axis: int) -> jax.Array:
    """The masks one behind the other as the values are; an input without one has all its steps."""
    full = [
        jnp.ones(a.shape, bool)
        if mask is None
        else jnp.broadcast_to(jnp.expand_dims(mask, tuple(range(mask.ndim, a.ndim))), a.shape)
        for a, mask in zip(x, masks, strict=True)
    ]
    return jnp.concatenate(full, axis).any(-1)
