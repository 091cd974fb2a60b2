"""The same numbers in another shape or order, cut off, or repeated; channels last."""

from __future__ import annotations

import jax
import jax.numpy as jnp

Pairs = tuple[tuple[int, int], ...]
"""For each axis between the batch and the channels, a number for its start and one for its end."""


def flatten(x: jax.Array) -> jax.Array:
    return x.reshape(x.shape[0], -1)


def reshape(x: jax.Array, target_shape: tuple[int, ...]) -> jax.Array:
    return x.reshape(x.shape[0], *target_shape)


def permute(x: jax.Array, dims: tuple[int, ...]) -> jax.Array:
    return jnp.transpose(x, (0, *dims))


def repeat_vector(x: jax.Array, n: int) -> jax.Array:
    return jnp.repeat(x[:, None], n, 1)


def cropping(x: jax.Array, cropping: Pairs) -> jax.Array:
    kept = [slice(start, size - end) for size, (start, end) in zip(x.shape[1:], cropping, strict=False)]
    return x[:, *kept]


def zero_padding(x: jax.Array, padding: Pairs) -> jax.Array:
    return jnp.pad(x, ((0, 0), *padding, (0, 0)))


def upsampling(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    for axis, times in enumerate(size, 1):
        x = jnp.repeat(x, times, axis)
    return x


def upsampling_between(x: jax.Array, size: tuple[int, ...], interpolation: str) -> jax.Array:
    """Upsampling with new points computed from their neighbours, "bilinear" for example."""
    sizes = [length * times for length, times in zip(x.shape[1:], size, strict=False)]
    return jax.image.resize(x, (x.shape[0], *sizes, x.shape[-1]), interpolation, antialias=False)
